package org.erat.data.text;

import java.io.Closeable;
import java.io.IOException;
import java.util.Optional;
import org.apache.spark.sql.types.StructType;

/** The rows of one file, read one after the other. */
interface TextRows extends Closeable {
    /**
     * The next row, or null after the last.
     *
     * @throws org.erat.data.BadInputException if the row is not what the task says
     */
    TextRow read() throws IOException;

    /** Where the row last read is, for messages: file and line. */
    String place();

    /** What was left out, in words. */
    default String skippedAs() {
        return "rows that have too few columns";
    }

    /** Types of the columns that are kept, where the file says them; else empty. */
    default Optional<StructType> keptTypes() {
        return Optional.empty();
    }

    /** Number of rows that were left out so far. */
    default long skipped() {
        return 0;
    }
}
