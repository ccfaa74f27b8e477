package org.erat.checkpoint;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.Path;
import org.erat.data.UsageException;
import org.erat.data.storage.Storage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The right to work on a run, which one driver has at a time. Leases are numbered: a driver takes the run by creating the
 * file of the next number, which of several drivers one alone can do, and has it for as long as its file is of the
 * highest number. So a driver that was stalled while another took over finds that out before it writes again.
 *
 * <p>Whether a holder is alive shows in its file, which it changes every few seconds; whoever wants the run watches the
 * file, and so needs no clock in common. Where the holder's process can be seen to have ended, nobody waits.
 *
 * <p>On HDFS and local disks creating a file is atomic. On object stores two drivers that start in the same moment may
 * both create it; the one that wrote last has the run, and the other stops before its first checkpoint.
 */
final class Lease implements AutoCloseable {
    static final Duration BEAT = Duration.ofSeconds(5);

    /** A holder that is not heard of for this long has ended. */
    static final Duration EXPIRY = Duration.ofSeconds(30);

    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final String FOLDER = "lease";
    private static final Pattern NAME = Pattern.compile("\\d{6}");
    private static final Logger LOG = LoggerFactory.getLogger(Lease.class);

    private final Storage storage;
    private final Path run;
    private final Path file;
    private final LeaseTimer.Beats beats;
    private LeaseHolder self;
    private boolean ended;

    private Lease(Storage storage, Path run, int number, LeaseHolder self, LeaseTimer timer) {
        this.storage = storage;
        this.run = run;
        this.file = file(run, number);
        this.self = self;
        this.beats = timer.every(BEAT, this::beat);
    }

    private record Entry(int number, byte[] content) {
        LeaseHolder holder() {
            return LeaseHolder.parse(content);
        }

        boolean isAs(Optional<Entry> other) {
            return other.filter(entry -> entry.number == number && java.util.Arrays.equals(entry.content, content))
                    .isPresent();
        }
    }

    /**
     * Takes the run.
     *
     * @throws UsageException where a driver that is alive has it
     */
    static Lease acquire(Storage storage, Path run, String application, LeaseTimer timer, Consumer<String> log)
            throws IOException {
        while (true) {
            storage.createFolder(new Path(run, FOLDER));
            Optional<Entry> newest = newest(storage, run);
            newest.filter(entry -> !entry.holder().released())
                    .ifPresent(entry -> requireEnded(storage, run, entry, timer, log));
            int number = newest.map(Entry::number).orElse(0) + 1;
            LeaseHolder self = LeaseHolder.thisProcess(application);
            if (storage.createNew(file(run, number), self.toBytes())) {
                for (Path path : files(storage, run)) {
                    if (number(path) < number) {
                        storage.delete(path);
                    }
                }
                return new Lease(storage, run, number, self, timer);
            }
        }
    }

    private static void requireEnded(Storage storage, Path run, Entry held, LeaseTimer timer, Consumer<String> log) {
        if (held.holder().hasDied()) {
            return;
        }
        log.accept(run + " is held by " + held.holder() + "; waiting up to " + EXPIRY.toSeconds()
                + " s for a sign of life from it");
        for (Duration waited = Duration.ZERO; waited.compareTo(EXPIRY) < 0; waited = waited.plus(LOOK)) {
            timer.pause(LOOK);
            Optional<Entry> now = read(storage, run);
            if (held.isAs(now)) {
                continue;
            }
            if (now.filter(entry -> !entry.holder().released()).isEmpty()) {
                return;
            }
            throw new UsageException("Another driver is at work on run directory " + run + ": "
                    + now.get().holder() + ". Wait until it has ended, or end it; nothing was changed.");
        }
        log.accept("no sign of life from " + held.holder() + ": taking over");
    }

    /**
     * Makes sure that nobody has taken over.
     *
     * @throws ResumableException where somebody has, or it cannot be found out
     */
    synchronized void require() {
        if (ended) {
            throw new ResumableException("This driver has given up run directory " + run + ": it is ending.", null);
        }
        Optional<Entry> newest = read(storage, run);
        if (!isMine(newest)) {
            throw new ResumableException(
                    "Run directory " + run + " was taken over by "
                            + newest.map(entry -> entry.holder().toString()).orElse("a driver that has finished it")
                            + ", because for " + EXPIRY.toSeconds()
                            + " s there was no sign of life from this one, which writes nothing more.",
                    null);
        }
    }

    private boolean isMine(Optional<Entry> newest) {
        return newest.filter(entry -> entry.holder().id().equals(self.id())).isPresent();
    }

    /** Shows that this driver is alive. */
    private synchronized void beat() {
        try {
            if (!ended && isMine(newest(storage, run))) {
                self = self.beating();
                write(self);
            }
        } catch (IOException e) {
            LOG.warn("The lease {} cannot be renewed now: {}", file, e.getMessage());
        }
    }

    /** Removes all leases of a run that nobody will work on again. */
    synchronized void remove() throws IOException {
        ended = true;
        beats.close();
        storage.delete(new Path(run, FOLDER));
    }

    /** Gives the run up. */
    @Override
    public synchronized void close() {
        if (ended) {
            return;
        }
        ended = true;
        beats.close();
        try {
            if (isMine(newest(storage, run))) {
                write(self.releasing());
            }
        } catch (IOException e) {
            LOG.warn("The lease {} cannot be given up ({}); the next driver will wait for it", file, e.getMessage());
        }
    }

    private void write(LeaseHolder holder) throws IOException {
        // In place: where a rename cannot replace a file the lease would be gone for a moment. One that is seen half
        // written is another sign of life.
        storage.write(file, out -> out.write(holder.toBytes()));
    }

    private static Optional<Entry> read(Storage storage, Path run) {
        try {
            return newest(storage, run);
        } catch (IOException e) {
            throw new ResumableException(
                    "The lease in " + run + " cannot be read: " + e.getMessage()
                            + ". Submit the same command again when its file system is up.",
                    e);
        }
    }

    private static Optional<Entry> newest(Storage storage, Path run) throws IOException {
        while (true) {
            List<Path> files = files(storage, run);
            if (files.isEmpty()) {
                return Optional.empty();
            }
            Path newest = files.get(files.size() - 1);
            try {
                return Optional.of(new Entry(number(newest), storage.read(newest)));
            } catch (FileNotFoundException e) {
                // The next holder removes it: look again.
            }
        }
    }

    /** In ascending order. */
    private static List<Path> files(Storage storage, Path run) throws IOException {
        return storage.list(new Path(run, FOLDER)).stream()
                .filter(path -> NAME.matcher(path.getName()).matches())
                .toList();
    }

    private static int number(Path file) {
        return Integer.parseInt(file.getName());
    }

    private static Path file(Path run, int number) {
        return new Path(new Path(run, FOLDER), String.format(Locale.ROOT, "%06d", number));
    }
}
