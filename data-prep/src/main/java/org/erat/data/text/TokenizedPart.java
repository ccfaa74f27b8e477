package org.erat.data.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.util.PairList;
import com.fasterxml.jackson.databind.MappingIterator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.util.LongAccumulator;
import org.apache.spark.util.TaskCompletionListener;

/** Tokenizes one staged file on an executor, a few hundred rows at a time; gives rows of the tokenized schema. */
final class TokenizedPart implements Iterator<Row> {
    private static final int ROWS_PER_CALL = 256;

    private final HuggingFaceTokenizer tokenizer;
    private final MappingIterator<StagedText.Row> staged;
    private final LabelEncoding labels;
    private final LongAccumulator truncated;
    private final Deque<Row> ready = new ArrayDeque<>();

    TokenizedPart(
            String part,
            Configuration hadoop,
            byte[] tokenizerFile,
            int maxLength,
            LabelEncoding labels,
            LongAccumulator truncated)
            throws IOException {
        this.tokenizer = TokenizerFile.open(tokenizerFile, maxLength);
        this.staged = StagedText.read(hadoop, part);
        this.labels = labels;
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
        Encoding[] encodings = encode(rows);
        for (int i = 0; i < encodings.length; i++) {
            StagedText.Row row = rows.get(i);
            if (encodings[i].exceedMaxLength()) {
                truncated.add(1);
            }
            ready.add(RowFactory.create(
                    row.id(),
                    ints(encodings[i].getIds()),
                    ints(encodings[i].getTypeIds()),
                    labels.encode(row.label())));
        }
    }

    private Encoding[] encode(List<StagedText.Row> rows) {
        if (rows.get(0).pair() == null) {
            return tokenizer.batchEncode(rows.stream().map(StagedText.Row::text).toList());
        }
        PairList<String, String> pairs = new PairList<>(rows.size());
        rows.forEach(row -> pairs.add(row.text(), row.pair()));
        return tokenizer.batchEncode(pairs);
    }

    private static int[] ints(long[] values) {
        return Arrays.stream(values).mapToInt(Math::toIntExact).toArray();
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
