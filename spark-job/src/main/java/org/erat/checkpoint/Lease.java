package org.erat.checkpoint;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.Path;
import org.erat.data.UsageException;
import org.erat.data.storage.Storage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The right to work on a run, which one driver has at a time. Leases are numbered. A driver takes the run by creating the
 * file of the next number, in which only one of several drivers succeeds. It has the run as long as its file has the
 * highest number. So a driver that hung while another took over finds that out before it writes again.
 *
 * <p>A holder that is alive changes its file every few seconds. A driver that wants the run watches the file, so the two
 * need no common clock. It does not wait if it can tell that the holder's process has ended.
 *
 * <p>On HDFS and local disks creating a file is atomic. On object stores two drivers that start at the same moment may
 * both create it. The one that wrote last has the run, and the other stops before it records a round.
 */
final class Lease implements AutoCloseable {
    static final Duration BEAT = Duration.ofSeconds(5);

    /** A holder whose file does not change for this long counts as ended. */
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
     * Takes the run, after up to {@link #EXPIRY} of waiting for its last holder.
     *
     * @throws UsageException if a driver that is alive has it
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
     * Checks that no other driver has taken over.
     *
     * @throws ResumableException if one has, or if the lease cannot be read
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

    /**
     * The runs that a driver is at work on. Where a holder is on another machine, this watches the leases of all runs for
     * a little longer than {@link #BEAT}.
     */
    static Set<Path> held(Storage storage, Collection<Path> runs, LeaseTimer timer) throws IOException {
        Set<Path> held = new HashSet<>();
        Map<Path, Entry> elsewhere = new HashMap<>();
        for (Path run : runs) {
            newest(storage, run).filter(entry -> !entry.holder().released()).ifPresent(entry -> {
                Optional<Boolean> alive = entry.holder().alive();
                if (alive.isEmpty()) {
                    elsewhere.put(run, entry);
                } else if (alive.get()) {
                    held.add(run);
                }
            });
        }
        if (!elsewhere.isEmpty()) {
            timer.pause(BEAT.plus(LOOK));
        }
        for (Map.Entry<Path, Entry> seen : elsewhere.entrySet()) {
            Optional<Entry> now = newest(storage, seen.getKey());
            if (now.filter(entry -> !entry.holder().released()).isPresent()
                    && !seen.getValue().isAs(now)) {
                held.add(seen.getKey());
            }
        }
        return held;
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

    /** Removes all leases of a run that is finished. */
    synchronized void remove() throws IOException {
        ended = true;
        beats.close();
        storage.delete(new Path(run, FOLDER));
    }

    /** Releases the run, unless another driver has taken over. */
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
            LOG.warn(
                    "The lease {} cannot be released ({}). The next driver will wait until it expires",
                    file,
                    e.getMessage());
        }
    }

    private void write(LeaseHolder holder) throws IOException {
        // In place: if a rename cannot replace a file, the lease would be gone for a moment. A reader that sees it half
        // written takes that as a sign of life too.
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
                // The next holder has just removed it: look again.
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
