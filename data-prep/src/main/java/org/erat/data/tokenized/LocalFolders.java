package org.erat.data.tokenized;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskFailureListener;

/** Where Spark keeps shuffled and cached data on an executor. */
final class LocalFolders {
    private static final String FULL = "No space left on device";

    private LocalFolders() {}

    /** Where the running task fails because a disk is full, its error names the folders: Spark's own has no path. */
    static void nameWhereFull() {
        TaskFailureListener naming = (task, error) -> {
            if (isFull(error)) {
                // What a listener throws becomes a part of the error that the driver sees.
                throw new UncheckedIOException(new IOException(FULL + " in a local folder of executor "
                        + SparkEnv.get().executorId() + ": "
                        + Arrays.toString(
                                SparkEnv.get().blockManager().diskBlockManager().localDirs())));
            }
        };
        TaskContext.get().addTaskFailureListener(naming);
    }

    private static boolean isFull(Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (String.valueOf(cause.getMessage()).contains(FULL)) {
                return true;
            }
        }
        return false;
    }
}
