package org.erat.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Function;

/**
 * SHA-256 of files that may be large and are asked for more than once: in local mode driver and tasks are one JVM, and
 * both verify the base weights. A JVM reads a file once as long as the file stays the same, and keeps the digests of the
 * {@link #MOST_KNOWN} files that were asked for last. Thread-safe: a thread that asks while another one reads waits for
 * that result.
 */
public final class FileDigests {
    private static final int MOST_KNOWN = 16;

    /** A file that was changed within this time may change again without a new time: clocks of file systems are coarse. */
    private static final Duration SETTLED = Duration.ofSeconds(2);

    private static final Map<State, FutureTask<String>> KNOWN = new LinkedHashMap<>(16, 0.75f, true);

    private FileDigests() {}

    /**
     * A file as it is now.
     *
     * @param identity device and inode
     * @param changed when the system last wrote to the file or its attributes; no program can set this time
     */
    private record State(Path path, Object identity, long size, FileTime changed) {
        static State of(Path file) throws IOException {
            Map<String, Object> attributes = Files.readAttributes(file, "unix:dev,ino,size,ctime");
            return new State(
                    file.toAbsolutePath(),
                    attributes.get("dev") + " " + attributes.get("ino"),
                    (long) attributes.get("size"),
                    (FileTime) attributes.get("ctime"));
        }

        boolean isSettled(Instant now) {
            return changed.toInstant().plus(SETTLED).isBefore(now);
        }
    }

    /**
     * The digest of a file.
     *
     * @throws BadInputException if the file cannot be read
     */
    public static String of(Path file) {
        return of(file, Instant.now(), Sha256::of);
    }

    /** @param digest reads the file */
    static String of(Path file, Instant now, Function<Path, String> digest) {
        State state;
        try {
            state = State.of(file);
        } catch (IOException e) {
            throw new BadInputException(file + ": cannot be read: " + e + ". Check the path and its permissions.", e);
        }
        if (!state.isSettled(now)) {
            return digest.apply(file);
        }
        FutureTask<String> reading;
        synchronized (KNOWN) {
            reading = KNOWN.computeIfAbsent(state, unknown -> new FutureTask<>(() -> digest.apply(file)));
            for (Iterator<State> eldest = KNOWN.keySet().iterator(); KNOWN.size() > MOST_KNOWN; ) {
                eldest.next();
                eldest.remove();
            }
        }
        // Returns at once where another thread has begun.
        reading.run();
        try {
            return reading.get();
        } catch (ExecutionException e) {
            synchronized (KNOWN) {
                KNOWN.remove(state, reading);
            }
            // The thread that read may have been interrupted, which is no fault of the file.
            return digest.apply(file);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while " + state.path() + " was read", e);
        }
    }
}
