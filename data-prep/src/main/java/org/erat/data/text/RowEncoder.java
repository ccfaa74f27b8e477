package org.erat.data.text;

import java.util.List;
import org.apache.spark.sql.Row;

/** Turns staged rows into rows of the tokenized schema, on an executor. */
interface RowEncoder extends AutoCloseable {
    /** The tokenized rows, in the same order; rows may be left out. */
    List<Row> encode(List<StagedText.Row> rows);

    @Override
    void close();
}
