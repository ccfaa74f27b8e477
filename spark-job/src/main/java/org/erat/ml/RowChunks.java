package org.erat.ml;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.UnaryOperator;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;
import org.apache.spark.util.TaskCompletionListener;

/** Rows of a partition, some of them worked on together; no more are held at a time. */
final class RowChunks implements Iterator<Row> {
    private final Iterator<Row> rows;
    private final int together;
    private final UnaryOperator<List<Row>> work;
    private final Deque<Row> ready = new ArrayDeque<>();

    /**
     * @param together most rows of one call
     * @param work gives as many rows as it gets, in order
     * @param resource what it uses; closed when the task ends
     */
    RowChunks(Iterator<Row> rows, int together, UnaryOperator<List<Row>> work, Runnable resource) {
        this.rows = rows;
        this.together = together;
        this.work = work;
        TaskContext.get().addTaskCompletionListener((TaskCompletionListener) context -> resource.run());
    }

    @Override
    public boolean hasNext() {
        if (ready.isEmpty() && rows.hasNext()) {
            List<Row> chunk = new ArrayList<>(together);
            while (chunk.size() < together && rows.hasNext()) {
                chunk.add(rows.next());
            }
            ready.addAll(work.apply(chunk));
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
}
