package org.erat.checkpoint;

import java.io.IOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import javax.annotation.Nullable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.data.BadInputException;
import org.erat.data.EratException;
import org.erat.data.UsageException;
import org.erat.data.storage.Storage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The folder of a run, which identifies it. A command that is submitted again with the same folder does nothing if the
 * run has finished, and continues it if it has not. A command with another configuration is refused.
 */
public final class RunDirectory implements AutoCloseable {
    /** How far the run has come. */
    public enum State {
        /** Nothing was there before. */
        NEW,
        /** A run was started and did not finish. */
        RESUMABLE,
        /** {@code _SUCCESS} is there. */
        FINISHED
    }

    private static final Logger LOG = LoggerFactory.getLogger(RunDirectory.class);
    /** Name of the file with the resolved configuration. */
    public static final String CONFIG = "config.conf";

    /** Name of the file that {@link Provenance} describes. */
    public static final String PROVENANCE = "provenance.json";

    private static final String METRICS = "metrics.jsonl";
    private static final String CHECKPOINTS = "checkpoints";
    private static final String SUCCESS = "_SUCCESS";
    /** Folders of runs are not nested deeper, and a link may lead back to a folder above it. */
    private static final int DEEPEST = 8;

    private static final String FAILURE = "failure.txt";

    private final Storage storage;
    private final Path path;
    private final State state;
    private final String config;
    private final Checkpoints checkpoints;
    private final MetricsLog metrics;

    @Nullable
    private final Lease lease;

    private RunDirectory(
            Storage storage, Path path, State state, String config, @Nullable Lease lease, Consumer<String> log) {
        this.storage = storage;
        this.path = path;
        this.state = state;
        this.config = config;
        this.checkpoints = new Checkpoints(storage, new Path(path, CHECKPOINTS), log);
        this.metrics = new MetricsLog(storage, new Path(path, METRICS));
        this.lease = lease;
    }

    /**
     * Opens a run for training, and creates its folder if there is none. No other driver can open a run that is not
     * finished until this one closes it.
     *
     * @param uri folder on any Hadoop file system; without a scheme on the default one
     * @param resolvedConfig the whole configuration of the run with every default, as HOCON
     * @param fingerprint one line that changes when the data or the base weights do
     * @param mustExist whether to refuse to start a new run
     * @param application names this driver to others, such as the id of the Spark application
     * @param log takes a line for each damaged checkpoint, and while this waits for another driver
     * @throws UsageException if the folder has a run of another configuration or something else, cannot be written to, or
     *     another driver is at work on it
     * @throws ResumableException if its file system cannot be reached
     */
    public static RunDirectory open(
            String uri,
            Configuration hadoop,
            String resolvedConfig,
            String fingerprint,
            boolean mustExist,
            String application,
            Consumer<String> log) {
        return open(uri, hadoop, resolvedConfig, fingerprint, mustExist, application, new SystemLeaseTimer(), log);
    }

    static RunDirectory open(
            String uri,
            Configuration hadoop,
            String resolvedConfig,
            String fingerprint,
            boolean mustExist,
            String application,
            LeaseTimer timer,
            Consumer<String> log) {
        RunIdentity identity = new RunIdentity(resolvedConfig, fingerprint);
        Path path = Storage.path(uri);
        try {
            Storage storage = Storage.of(path, hadoop);
            path = storage.qualify(path);
            State state = storage.exists(new Path(path, CONFIG))
                    ? stateOfMatching(storage, path, identity)
                    : create(storage, path, identity, mustExist);
            if (state == State.FINISHED) {
                return new RunDirectory(storage, path, state, resolvedConfig, null, log);
            }
            Lease lease = Lease.acquire(storage, path, application, timer, log);
            boolean usable = false;
            try {
                // While this waited, another driver may have finished the run.
                if (stateAt(storage, path) == State.FINISHED) {
                    state = State.FINISHED;
                    lease.remove();
                }
                if (state == State.RESUMABLE) {
                    storage.requireWritable(path);
                    storage.removeTemporaries(path);
                    storage.removeTemporaries(new Path(path, CHECKPOINTS));
                    storage.delete(new Path(path, FAILURE));
                }
                usable = true;
                return new RunDirectory(storage, path, state, resolvedConfig, lease, log);
            } finally {
                if (!usable) {
                    lease.close();
                }
            }
        } catch (IOException e) {
            throw unusable(path, e);
        }
    }

    /**
     * Checks whether {@link #open} would succeed, apart from another driver at work. Nothing is changed.
     *
     * @return the state that it would find
     * @throws UsageException if it would fail
     */
    public static State check(
            String uri, Configuration hadoop, String resolvedConfig, String fingerprint, boolean mustExist) {
        Path path = Storage.path(uri);
        try {
            Storage storage = Storage.of(path, hadoop);
            path = storage.qualify(path);
            if (storage.exists(new Path(path, CONFIG))) {
                State state = stateOfMatching(storage, path, new RunIdentity(resolvedConfig, fingerprint));
                if (state == State.RESUMABLE) {
                    storage.requireWritable(path);
                }
                return state;
            }
            requireNew(storage, path, mustExist);
            Path there = path;
            while (!storage.exists(there)) {
                there = there.getParent();
            }
            storage.requireWritable(there);
            return State.NEW;
        } catch (IOException e) {
            throw unusable(path, e);
        }
    }

    /**
     * Opens an existing run to read its results.
     *
     * @throws UsageException if there is no run
     */
    public static RunDirectory read(String uri, Configuration hadoop, Consumer<String> log) {
        Path path = Storage.path(uri);
        try {
            Storage storage = Storage.of(path, hadoop);
            path = storage.qualify(path);
            if (!storage.exists(new Path(path, CONFIG))) {
                throw new UsageException("There is no run in " + path + " (it has no " + CONFIG
                        + "). Name the --run-dir that a train command was given.");
            }
            RunIdentity identity = identityAt(storage, path);
            return new RunDirectory(storage, path, stateAt(storage, path), identity.config(), null, log);
        } catch (IOException e) {
            throw unusable(path, e);
        }
    }

    /**
     * The runs in or below a folder, finished or not, by path.
     *
     * @throws UsageException if the folder cannot be read
     */
    public static List<Path> below(String uri, Configuration hadoop) {
        Path path = Storage.path(uri);
        try {
            Storage storage = Storage.of(path, hadoop);
            path = storage.qualify(path);
            if (!storage.exists(path) || storage.isFile(path)) {
                throw new UsageException(path + " is no folder. Name a folder with run directories below it.");
            }
            List<Path> runs = new ArrayList<>();
            addBelow(storage, path, 0, runs);
            return runs;
        } catch (IOException e) {
            throw unusable(path, e);
        }
    }

    private static void addBelow(Storage storage, Path folder, int depth, List<Path> runs) throws IOException {
        if (storage.exists(new Path(folder, CONFIG)) && storage.exists(new Path(folder, CHECKPOINTS))) {
            runs.add(folder);
            return;
        }
        if (depth == DEEPEST) {
            return;
        }
        List<Path> children = storage.list(folder).stream().sorted().toList();
        for (Path child : children) {
            if (!storage.isFile(child)) {
                addBelow(storage, child, depth + 1, runs);
            }
        }
    }

    /**
     * Which of some runs of one file system a driver is at work on. It takes some seconds where one may be on another
     * machine.
     */
    public static Set<Path> held(List<Path> runs, Configuration hadoop) {
        if (runs.isEmpty()) {
            return Set.of();
        }
        try {
            return Lease.held(Storage.of(runs.get(0), hadoop), runs, new SystemLeaseTimer());
        } catch (IOException e) {
            throw unusable(runs.get(0), e);
        }
    }

    /** Whether {@code path} is a file or folder of a run, such as its adapter. */
    public static boolean isPartOfRun(Path path, Configuration hadoop) {
        try {
            Storage storage = Storage.of(path, hadoop);
            Path folder = storage.qualify(path).getParent();
            return folder != null && storage.exists(new Path(folder, CONFIG));
        } catch (IOException e) {
            throw unusable(path, e);
        }
    }

    public State state() {
        return state;
    }

    /** Full path of the folder, with its scheme. */
    public Path path() {
        return path;
    }

    /** Full path of a file or folder of the run, such as {@code adapter}. */
    public Path path(String name) {
        return new Path(path, name);
    }

    /** Text of the resolved configuration of the run. */
    public String config() {
        return config;
    }

    public Checkpoints checkpoints() {
        return checkpoints;
    }

    public MetricsLog metrics() {
        return metrics;
    }

    /** The checkpoint to continue from, if there is one. Removes the metrics of later rounds, which are trained again. */
    public Optional<Checkpoint> resume() {
        Optional<Checkpoint> latest = checkpoints.latestValid();
        metrics.truncateAfter(latest.map(Checkpoint::round).orElse(0));
        return latest;
    }

    /**
     * Goes back to the newest valid checkpoint whose round passes, or to the start. Removes the checkpoints and metrics of
     * later rounds.
     *
     * @param passes whether the run may go back to a round
     * @return the checkpoint; empty for the start
     */
    public Optional<Checkpoint> goBack(IntPredicate passes) {
        Optional<Checkpoint> target = checkpoints.latestValid(passes);
        int round = target.map(Checkpoint::round).orElse(0);
        checkpoints.removeAfter(round);
        metrics.truncateAfter(round);
        return target;
    }

    /**
     * Checks that this driver still has the run. To be called before it writes.
     *
     * @throws ResumableException if another driver has taken over
     */
    public void requireLease() {
        if (lease != null) {
            lease.require();
        }
    }

    /**
     * Writes or replaces a file of the run. A reader sees the old content or the new.
     *
     * @throws ResumableException if it cannot be written
     */
    public void write(String name, String content) {
        try {
            byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
            storage.writeAtomically(path(name), out -> out.write(bytes));
        } catch (IOException e) {
            throw new ResumableException(
                    path(name) + " cannot be written: " + e.getMessage()
                            + ". Make room or give write permission there and submit the same command again.",
                    e);
        }
    }

    /**
     * Text of a file of the run, if there is one.
     *
     * @throws BadInputException if it cannot be read
     */
    public Optional<String> read(String name) {
        try {
            return storage.exists(path(name))
                    ? Optional.of(new String(storage.read(path(name)), StandardCharsets.UTF_8))
                    : Optional.empty();
        } catch (IOException e) {
            throw new BadInputException(path(name) + " cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * SHA-256 of an input of the run.
     *
     * @param name as in {@link Provenance#sha256}
     * @return empty where the run's {@code provenance.json} does not have it
     */
    public Optional<String> sha256(String name) {
        return read(PROVENANCE).flatMap(json -> Provenance.sha256(json, name));
    }

    /** Writes {@code provenance.json}. A run that continues keeps the time at which it was first submitted. */
    public void write(Provenance provenance) {
        write(PROVENANCE, startedAsBefore(provenance).toJson());
    }

    private Provenance startedAsBefore(Provenance provenance) {
        try {
            Path file = path(PROVENANCE);
            return storage.exists(file)
                    ? Provenance.startOf(storage.read(file))
                            .map(provenance::startedAt)
                            .orElse(provenance)
                    : provenance;
        } catch (IOException e) {
            throw new ResumableException(
                    path(PROVENANCE) + " cannot be read: " + e.getMessage()
                            + ". Give permission there and submit the same command again.",
                    e);
        }
    }

    /** Records why the run stopped, until it is submitted again. */
    public void fail(String message) {
        requireLease();
        write(FAILURE, message + "\n");
    }

    /** Why the run stopped, if it failed when it was submitted last. */
    public Optional<String> failure() {
        return read(FAILURE).map(String::strip);
    }

    /** The text of {@code provenance.json}, if there is one. */
    public Optional<String> provenance() {
        return read(PROVENANCE);
    }

    /** Marks the run as finished. Nothing is written after it. */
    public void finish() {
        requireLease();
        write(SUCCESS, "");
        if (lease != null) {
            try {
                lease.remove();
            } catch (IOException e) {
                LOG.warn("The lease of {} cannot be removed, and has no meaning any more: {}", path, e.getMessage());
            }
        }
    }

    /** Releases the run for other drivers. */
    @Override
    public void close() {
        if (lease != null) {
            lease.close();
        }
    }

    private static State create(Storage storage, Path path, RunIdentity identity, boolean mustExist)
            throws IOException {
        requireNew(storage, path, mustExist);
        storage.createFolder(path);
        byte[] config = identity.toText().getBytes(StandardCharsets.UTF_8);
        storage.writeAtomically(new Path(path, CONFIG), out -> out.write(config));
        storage.createFolder(new Path(path, CHECKPOINTS));
        return State.NEW;
    }

    private static void requireNew(Storage storage, Path path, boolean mustExist) throws IOException {
        List<Path> others = storage.list(path);
        if (!others.isEmpty()) {
            throw new UsageException(path + " is not a run directory: it has no " + CONFIG + " but "
                    + others.get(0).getName() + ". Name a new or empty folder as --run-dir.");
        }
        if (mustExist) {
            throw new UsageException("There is nothing to resume in " + path
                    + ". Check --run-dir, or leave out --resume to start there.");
        }
    }

    private static State stateOfMatching(Storage storage, Path path, RunIdentity identity) throws IOException {
        List<String> differences = identityAt(storage, path).differences(identity);
        if (!differences.isEmpty()) {
            throw new UsageException("Run directory " + path + " belongs to a run of another configuration: "
                    + String.join(", ", differences)
                    + ". Choose another --run-dir, or go back to what that run was started with.");
        }
        return stateAt(storage, path);
    }

    private static State stateAt(Storage storage, Path path) throws IOException {
        return storage.exists(new Path(path, SUCCESS)) ? State.FINISHED : State.RESUMABLE;
    }

    private static RunIdentity identityAt(Storage storage, Path path) throws IOException {
        return RunIdentity.parse(new String(storage.read(new Path(path, CONFIG)), StandardCharsets.UTF_8));
    }

    /** A network that is down may come back. A folder without permission needs its owner. */
    private static EratException unusable(Path path, IOException e) {
        if (e instanceof SocketException || e instanceof SocketTimeoutException) {
            return new ResumableException(
                    "Run directory " + path + " cannot be reached: " + e.getMessage()
                            + ". Submit the same command again when its file system is up.",
                    e);
        }
        return new UsageException(
                "Run directory " + path + " cannot be used: " + e.getMessage()
                        + ". Give read and write permission there, or choose another --run-dir.",
                e);
    }
}
