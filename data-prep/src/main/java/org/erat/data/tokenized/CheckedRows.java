package org.erat.data.tokenized;

import java.io.EOFException;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.commons.lang3.exception.ExceptionUtils;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.spark.sql.Row;
import org.erat.data.BadInputException;

/**
 * Rows of Parquet files. A damaged file is reported as bad input and not as a failure of the task that reads it.
 *
 * @param rows as Spark reads them
 * @param place folder of the files
 */
record CheckedRows(Iterator<Row> rows, String place) implements Iterator<Row> {
    private static final List<String> READERS = List.of(
            "org.apache.parquet.",
            "org.apache.spark.sql.execution.datasources.parquet.",
            "org.apache.spark.sql.execution.vectorized.",
            "org.xerial.snappy.",
            "com.github.luben.zstd.",
            "shaded.parquet.");

    @Override
    public boolean hasNext() {
        try {
            return rows.hasNext();
        } catch (Exception e) {
            refuseDamage(e);
            throw e;
        }
    }

    @Override
    public Row next() {
        return rows.next();
    }

    /**
     * Whether a reader of Parquet or a codec threw it, of whatever type: bytes that are not what they should be end in array
     * indices and sizes too. What the network or a disk has to say comes from other classes.
     */
    private static boolean stoppedAReader(Throwable cause) {
        return Stream.of(cause.getStackTrace())
                .filter(frame -> !frame.getClassName().startsWith("java."))
                .limit(1)
                .anyMatch(frame -> READERS.stream().anyMatch(frame.getClassName()::startsWith));
    }

    private void refuseDamage(Exception e) {
        Throwable cause = ExceptionUtils.getRootCause(e);
        String reason = String.valueOf(cause.getMessage());
        boolean damaged = cause instanceof ChecksumException
                || cause instanceof EOFException
                || cause.getClass().getName().startsWith("org.apache.parquet.")
                || reason.contains("is not a Parquet file")
                || stoppedAReader(cause);
        if (damaged) {
            throw new BadInputException(
                    String.format(
                            "%s has a damaged file (%s): prepare the data again",
                            place,
                            reason.lines().findFirst().orElse(cause.getClass().getSimpleName())),
                    e);
        }
    }
}
