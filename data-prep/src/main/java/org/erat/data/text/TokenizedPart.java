package org.erat.data.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.util.PairList;
import com.fasterxml.jackson.databind.MappingIterator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.IntStream;
import org.apache.commons.lang3.StringUtils;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.util.LongAccumulator;
import org.apache.spark.util.TaskCompletionListener;
import org.erat.data.BadInputException;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.Targets;

/** Tokenizes one staged file on an executor, a few hundred rows at a time; gives rows of the tokenized schema. */
final class TokenizedPart implements Iterator<Row> {
    private static final int ROWS_PER_CALL = 256;

    private final HuggingFaceTokenizer tokenizer;
    private final MappingIterator<StagedText.Row> staged;
    private final boolean byteLevel;
    private final LabelEncoding labels;
    private final Split split;
    private final LongAccumulator truncated;
    private final Deque<Row> ready = new ArrayDeque<>();

    /**
     * @param staged rows of the file; closed here
     * @param tokenizer closed here
     * @param byteLevel whether the tokenizer splits bytes and not characters
     * @param split that the file is of, for messages
     * @param truncated counts the examples that are cut; of a token classification, the words that are cut away
     */
    TokenizedPart(
            MappingIterator<StagedText.Row> staged,
            HuggingFaceTokenizer tokenizer,
            boolean byteLevel,
            LabelEncoding labels,
            Split split,
            LongAccumulator truncated) {
        this.tokenizer = tokenizer;
        this.staged = staged;
        this.byteLevel = byteLevel;
        this.labels = labels;
        this.split = split;
        this.truncated = truncated;
        TaskContext.get().addTaskCompletionListener((TaskCompletionListener) context -> close());
    }

    @Override
    public boolean hasNext() {
        if (ready.isEmpty() && staged.hasNext()) {
            tokenizeSome();
        }
        return !ready.isEmpty();
    }

    @Override
    public Row next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        return ready.remove();
    }

    private void tokenizeSome() {
        List<StagedText.Row> rows = new ArrayList<>(ROWS_PER_CALL);
        while (rows.size() < ROWS_PER_CALL && staged.hasNext()) {
            rows.add(staged.next());
        }
        if (labels.type().hasWords()) {
            rows.forEach(row -> ready.add(words(row)));
            return;
        }
        Encoding[] encodings = encode(rows);
        for (int i = 0; i < encodings.length; i++) {
            StagedText.Row row = rows.get(i);
            if (encodings[i].exceedMaxLength()) {
                truncated.add(1);
            }
            ready.add(RowFactory.create(
                    row.id(),
                    WordEncoding.ints(encodings[i].getIds()),
                    WordEncoding.ints(encodings[i].getTypeIds()),
                    labels.encode(row.labels())));
        }
    }

    private Row words(StagedText.Row row) {
        WordEncoding encoding = WordEncoding.of(tokenizer, byteLevel, row.texts());
        int[] classes = row.labels().isEmpty()
                ? encoding.withoutClasses()
                : encoding.tokenClasses(labels.classes(row.labels()));
        if (!row.labels().isEmpty() && IntStream.of(classes).allMatch(label -> label == Targets.NONE)) {
            throw new BadInputException(String.format(
                    "Row %,d of the %s examples: none of its %d words (%s) has a token that a label could belong to. The"
                            + " tokenizer drops them, or --max-length leaves no room for them. Leave the row out, or raise"
                            + " --max-length",
                    row.id() + 1,
                    split,
                    row.texts().size(),
                    StringUtils.abbreviate(String.join(" ", row.texts()), 40)));
        }
        truncated.add(encoding.cutAway());
        return RowFactory.create(
                row.id(),
                encoding.tokenIds(),
                encoding.typeIds(),
                classes,
                encoding.wordStarts(),
                row.texts().toArray(String[]::new));
    }

    private Encoding[] encode(List<StagedText.Row> rows) {
        if (rows.get(0).texts().size() == 1) {
            return tokenizer.batchEncode(
                    rows.stream().map(row -> row.texts().get(0)).toList());
        }
        PairList<String, String> pairs = new PairList<>(rows.size());
        rows.forEach(row -> pairs.add(row.texts().get(0), row.texts().get(1)));
        return tokenizer.batchEncode(pairs);
    }

    private void close() {
        tokenizer.close();
        try {
            staged.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
