package org.erat.data.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.util.LongAccumulator;
import org.erat.data.BadInputException;
import org.erat.data.tokenized.Targets;

/**
 * Tokenizes prompts and completions, each part on its own: so the boundary between them is exact, and a model is trained
 * on the tokens that it gets when it generates.
 *
 * @param tokenizer does not cut
 * @param truncated counts the examples that are cut
 * @param leftOut counts the examples that are left out, since nothing to predict is left of them
 */
record PromptEncoder(
        HuggingFaceTokenizer tokenizer, Settings settings, LongAccumulator truncated, LongAccumulator leftOut)
        implements RowEncoder {
    /**
     * What decides the tokens.
     *
     * @param layout special tokens around the parts; null where the parts have them, as those of a chat template
     * @param lossOnAll whether all tokens but the first are predicted
     * @param skipsUnusable whether an example with nothing to predict is left out, and not refused
     */
    record Settings(PromptLayout layout, boolean lossOnAll, boolean skipsUnusable, int maxLength)
            implements Serializable {}

    /** Tokens of an example as they are put together. */
    private static final class Tokens {
        private int[] ids = new int[64];
        private boolean[] predicted = new boolean[64];
        private int size;

        void add(int[] more, boolean areTargets) {
            int capacity = Math.max(size + more.length, ids.length);
            if (capacity > ids.length) {
                ids = Arrays.copyOf(ids, 2 * capacity);
                predicted = Arrays.copyOf(predicted, 2 * capacity);
            }
            System.arraycopy(more, 0, ids, size, more.length);
            Arrays.fill(predicted, size, size + more.length, areTargets);
            size += more.length;
        }
    }

    @Override
    public List<Row> encode(List<StagedText.Row> rows) {
        List<String> texts = rows.stream().flatMap(row -> row.texts().stream()).toList();
        Encoding[] encodings = tokenizer.batchEncode(texts, false, false);
        List<Row> encoded = new ArrayList<>(rows.size());
        int at = 0;
        for (StagedText.Row row : rows) {
            int end = at + row.texts().size();
            Row tokenized = encode(row, Arrays.copyOfRange(encodings, at, end));
            if (tokenized != null) {
                encoded.add(tokenized);
            }
            at = end;
        }
        return encoded;
    }

    /** Null for a row that is left out. */
    private Row encode(StagedText.Row row, Encoding... parts) {
        PromptLayout layout = settings.layout;
        Tokens tokens = new Tokens();
        int completion = -1;
        if (layout != null) {
            tokens.add(layout.before(), false);
        }
        for (int part = 0; part < parts.length; part++) {
            int[] ids = WordEncoding.ints(parts[part].getIds());
            boolean said = part % 2 == 1;
            if (said && completion < 0) {
                completion = tokens.size;
            }
            tokens.add(ids, said);
            if (layout != null && part == 0 && !row.texts().get(0).isEmpty()) {
                tokens.add(layout.between(), false);
            }
        }
        boolean labelled = parts.length > 1;
        if (labelled && layout != null) {
            tokens.add(layout.after(), true);
        }
        int length = Math.min(tokens.size, settings.maxLength);
        // The first token of all is never predicted.
        if (labelled ? Math.max(completion, 1) >= length : tokens.size > settings.maxLength) {
            return unusable(row, labelled ? completion : tokens.size);
        }
        if (tokens.size > length) {
            truncated.add(1);
        }
        boolean all = settings.lossOnAll && labelled;
        int[] labels = new int[length];
        for (int t = 0; t < length; t++) {
            boolean predicted = t + 1 < length && (all || tokens.predicted[t + 1]);
            labels[t] = predicted ? tokens.ids[t + 1] : Targets.NONE;
        }
        return RowFactory.create(
                row.id(),
                Arrays.copyOf(tokens.ids, length),
                types(length, completion),
                labels,
                row.labels().isEmpty() ? null : row.labels().get(0),
                row.labels().size() < 2 ? null : row.labels().get(1));
    }

    private int[] types(int length, int completion) {
        int type = settings.layout == null ? 0 : settings.layout.completionType();
        return IntStream.range(0, length)
                .map(t -> completion >= 0 && t >= completion ? type : 0)
                .toArray();
    }

    private Row unusable(StagedText.Row row, int prompt) {
        if (!settings.skipsUnusable) {
            throw new BadInputException(String.format(
                    "%s: the prompt has %d tokens with its special tokens, and --max-length %d leaves nothing to predict."
                            + " Raise --max-length, shorten the prompt, or give --skip-unusable",
                    row.place(), prompt, settings.maxLength));
        }
        leftOut.add(1);
        return null;
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
