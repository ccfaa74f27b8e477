package org.erat.inference;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.util.LongAccumulator;
import org.erat.data.EratException;

/** Waits for a Spark job and says every few seconds how many examples it has done. */
public final class ExampleProgress {
    private static final int SECONDS_BETWEEN_LINES = 2;

    private final String what;
    private final LongAccumulator done;
    private final long examples;
    private final Consumer<String> progress;

    public ExampleProgress(String what, LongAccumulator done, long examples, Consumer<String> progress) {
        this.what = what;
        this.done = done;
        this.examples = examples;
        this.progress = progress;
    }

    /** The result of the job; what stopped a task is thrown as it was. */
    public <T> T await(JavaFutureAction<T> job) {
        long said = 0;
        while (true) {
            try {
                return job.get(SECONDS_BETWEEN_LINES, TimeUnit.SECONDS);
            } catch (TimeoutException e) {
                long now = done.value();
                if (now > said && now < examples) {
                    progress.accept(String.format("%s: %,d of %,d examples", what, now, examples));
                    said = now;
                }
            } catch (InterruptedException e) {
                job.cancel(true);
                Thread.currentThread().interrupt();
                throw new IllegalStateException(what + " was interrupted", e);
            } catch (ExecutionException e) {
                throw explained(e);
            }
        }
    }

    private RuntimeException explained(ExecutionException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof EratException known) {
                return known;
            }
        }
        return new IllegalStateException(what + " failed: " + e.getCause(), e);
    }
}
