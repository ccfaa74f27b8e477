package org.erat.ml;

import java.io.Serializable;
import java.util.List;
import org.apache.spark.sql.Row;

/** Makes the values of the added columns, in tasks. */
interface RowScorer extends Serializable {
    /** Rows of one call. */
    int together();

    /** Loads what it works with. */
    Opened open();

    /** In use. Confined to one thread. */
    interface Opened extends AutoCloseable {
        /** For each row the values that {@link PredictionSchema} names, in its order. */
        List<Object[]> score(List<Row> rows);

        @Override
        void close();
    }
}
