package org.erat.data.tokenized;

import java.io.EOFException;
import java.util.Iterator;
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

    private void refuseDamage(Exception e) {
        Throwable cause = ExceptionUtils.getRootCause(e);
        String reason = String.valueOf(cause.getMessage());
        boolean damaged = cause instanceof ChecksumException
                || cause instanceof EOFException
                || cause.getClass().getName().startsWith("org.apache.parquet.")
                || reason.contains("is not a Parquet file");
        if (damaged) {
            throw new BadInputException(
                    String.format(
                            "%s has a damaged file (%s): prepare the data again",
                            place, reason.lines().findFirst().orElse("")),
                    e);
        }
    }
}
