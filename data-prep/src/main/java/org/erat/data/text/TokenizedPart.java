package org.erat.data.text;

import com.fasterxml.jackson.databind.MappingIterator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;
import org.apache.spark.util.TaskCompletionListener;

/** Tokenizes one staged file on an executor, a few hundred rows at a time; gives rows of the tokenized schema. */
final class TokenizedPart implements Iterator<Row> {
    private static final int ROWS_PER_CALL = 256;

    private final MappingIterator<StagedText.Row> staged;
    private final RowEncoder encoder;
    private final Deque<Row> ready = new ArrayDeque<>();

    /**
     * @param staged rows of the file; closed here
     * @param encoder closed here
     */
    TokenizedPart(MappingIterator<StagedText.Row> staged, RowEncoder encoder) {
        this.staged = staged;
        this.encoder = encoder;
        TaskContext.get().addTaskCompletionListener((TaskCompletionListener) context -> close());
    }

    @Override
    public boolean hasNext() {
        while (ready.isEmpty() && staged.hasNext()) {
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
        ready.addAll(encoder.encode(rows));
    }

    private void close() {
        encoder.close();
        try {
            staged.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
