package org.erat.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;

/**
 * Plain lines on the screen, each with the time since the command began, so that they read as well in the log file of a
 * scheduler. Safe to use from several threads.
 */
final class Progress {
    private static final Duration HEARTBEAT = Duration.ofSeconds(15);
    private static final Duration BETWEEN_ROUNDS = Duration.ofSeconds(2);

    private final PrintStream out;
    private final UnaryOperator<String> redaction;
    private final LongSupplier nanos;
    private final long start;

    /** @param redaction takes secrets out of a line */
    Progress(PrintStream out, UnaryOperator<String> redaction) {
        this(out, redaction, System::nanoTime);
    }

    Progress(PrintStream out, UnaryOperator<String> redaction, LongSupplier nanos) {
        this.out = out;
        this.redaction = redaction;
        this.nanos = nanos;
        this.start = nanos.getAsLong();
    }

    /** Prints a line. */
    void say(String line) {
        out.println("[" + clock(nanos.getAsLong() - start) + "] " + redaction.apply(line));
    }

    /** Announces work that may take long, and says that it goes on until the step is closed. */
    Step step(String what) {
        return new Step(what);
    }

    /**
     * Lines about rounds, at most one every two seconds.
     *
     * @param done rounds that are complete before the first one to be reported
     * @param total rounds of the whole run
     */
    Rounds rounds(int done, int total) {
        return new Rounds(done, total);
    }

    /** Work in progress. */
    final class Step implements AutoCloseable {
        private final String what;
        private final long began = nanos.getAsLong();
        private final ScheduledExecutorService heartbeat = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "progress");
            thread.setDaemon(true);
            return thread;
        });
        private boolean done;

        private Step(String what) {
            this.what = what;
            say(what + " ...");
            long period = HEARTBEAT.toSeconds();
            var unused = heartbeat.scheduleAtFixedRate(this::beat, period, period, TimeUnit.SECONDS);
        }

        /** Says that the step has succeeded; one that is closed without has failed, and the failure is printed. */
        public void done(String result) {
            done = true;
            say(what + ": " + result + " (" + clock(nanos.getAsLong() - began) + ")");
        }

        @Override
        public void close() {
            heartbeat.shutdownNow();
            if (!done) {
                say(what + ": stopped after " + clock(nanos.getAsLong() - began));
            }
        }

        private void beat() {
            say(what + " ... " + clock(nanos.getAsLong() - began));
        }
    }

    /** Rounds in progress. */
    final class Rounds {
        private final int total;
        private final int doneBefore;
        private final long began = nanos.getAsLong();
        private long printed = began;
        private boolean first = true;
        private long examples;
        private long tokens;

        private Rounds(int done, int total) {
            this.doneBefore = done;
            this.total = total;
        }

        /**
         * Reports a complete round.
         *
         * @param round its number, from 1
         * @param loss mean loss of its examples
         * @param examples examples that it trained on
         * @param tokens tokens in them, padding not counted
         * @param quality what was measured after it, which is always printed; empty where nothing was
         */
        public synchronized void completed(int round, double loss, long examples, long tokens, String quality) {
            this.examples += examples;
            this.tokens += tokens;
            long now = nanos.getAsLong();
            if (!first && quality.isEmpty() && round < total && now - printed < BETWEEN_ROUNDS.toNanos()) {
                return;
            }
            double seconds = Math.max(1e-9, (now - printed) / 1e9);
            long left = (now - began) / Math.max(1, round - doneBefore) * (total - round);
            say(String.format(
                    Locale.ROOT,
                    "round %d/%d  loss %.4f%s  %,.0f examples/s  %,.0f tokens/s  %s left",
                    round,
                    total,
                    loss,
                    quality.isEmpty() ? "" : "  " + quality,
                    this.examples / seconds,
                    this.tokens / seconds,
                    clock(left)));
            first = false;
            printed = now;
            this.examples = 0;
            this.tokens = 0;
        }
    }

    /** Minutes and seconds, with hours where there are some. */
    static String clock(long nanos) {
        long seconds = TimeUnit.NANOSECONDS.toSeconds(nanos);
        return seconds < 3600
                ? String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60)
                : String.format(Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
}
