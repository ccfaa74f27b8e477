package org.erat.checkpoint;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import java.util.function.IntToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.Path;
import org.erat.data.storage.Storage;

/**
 * The checkpoints of a run, each in a folder {@code round-NNNNNN}. A process that is killed at any moment leaves the
 * existing checkpoints as they were.
 */
public final class Checkpoints {
    private static final Pattern NAME = Pattern.compile("round-(\\d{6})");

    private final Storage storage;
    private final CheckpointFormat format;
    private final Path folder;
    private final Consumer<String> log;

    Checkpoints(Storage storage, Path folder, Consumer<String> log) {
        this.storage = storage;
        this.format = new CheckpointFormat(storage);
        this.folder = folder;
        this.log = log;
    }

    /**
     * Writes a checkpoint. One of the same round is replaced.
     *
     * @throws ResumableException if it cannot be written. The existing checkpoints are intact.
     */
    public void save(Checkpoint checkpoint) {
        Path target = path(checkpoint.round());
        try {
            storage.writeFolderAtomically(target, temporary -> format.write(temporary, checkpoint));
        } catch (IOException e) {
            throw new ResumableException(
                    "Checkpoint " + target + " cannot be written: " + e.getMessage()
                            + ". Make room or give write permission there and submit the same command again: it continues"
                            + " from the checkpoint before.",
                    e);
        }
    }

    /**
     * The newest checkpoint whose every byte is as it was written; empty if there is none. A newer one that is damaged is
     * skipped, with a line in the log.
     */
    public Optional<Checkpoint> latestValid() {
        return latestValid(round -> true);
    }

    /** The newest valid checkpoint among the rounds that pass. */
    Optional<Checkpoint> latestValid(IntPredicate passes) {
        List<Integer> rounds =
                new ArrayList<>(rounds().stream().filter(passes::test).toList());
        Collections.reverse(rounds);
        for (int round : rounds) {
            try {
                Checkpoint checkpoint = format.read(path(round));
                if (checkpoint.round() != round) {
                    throw new CheckpointFormat.Damaged("state.json is of round " + checkpoint.round());
                }
                return Optional.of(checkpoint);
            } catch (CheckpointFormat.Damaged | IllegalArgumentException e) {
                log.accept("Checkpoint " + path(round) + " cannot be used (" + e.getMessage()
                        + "); going back to the one before it");
            }
        }
        if (!rounds.isEmpty()) {
            log.accept("No checkpoint in " + folder + " can be used; starting from the first round");
        }
        return Optional.empty();
    }

    /** Rounds that have a checkpoint, valid or not, in ascending order. */
    List<Integer> rounds() {
        try {
            List<Integer> rounds = new ArrayList<>();
            for (Path path : storage.list(folder)) {
                Matcher matcher = NAME.matcher(path.getName());
                if (matcher.matches()) {
                    rounds.add(Integer.valueOf(matcher.group(1)));
                }
            }
            Collections.sort(rounds);
            return rounds;
        } catch (IOException e) {
            throw new ResumableException(
                    "Checkpoints in " + folder + " cannot be listed: " + e.getMessage()
                            + ". Give read permission there and submit the same command again.",
                    e);
        }
    }

    /**
     * Removes all but the newest and the best checkpoints.
     *
     * @param last number of newest checkpoints to keep, 1 or more
     * @param best number of checkpoints with the lowest loss to keep, 0 or more; the newest may be among them
     * @param loss loss of a round, NaN if it is not known
     */
    public void prune(int last, int best, IntToDoubleFunction loss) {
        if (last < 1 || best < 0) {
            throw new IllegalArgumentException("keep " + last + " newest and " + best + " best");
        }
        List<Integer> rounds = rounds();
        List<Integer> lowest = rounds.stream()
                .filter(round -> Double.isFinite(loss.applyAsDouble(round)))
                .sorted(Comparator.comparingDouble(loss::applyAsDouble))
                .limit(best)
                .toList();
        for (int round : rounds.subList(0, Math.max(0, rounds.size() - last))) {
            if (!lowest.contains(round)) {
                remove(round);
            }
        }
    }

    /** Removes the checkpoints of later rounds. */
    void removeAfter(int round) {
        rounds().stream().filter(later -> later > round).forEach(this::remove);
    }

    private void remove(int round) {
        try {
            storage.delete(path(round));
        } catch (IOException e) {
            // An old checkpoint only takes up space, which is no reason to stop a run.
            log.accept("Checkpoint " + path(round) + " cannot be removed: " + e.getMessage());
        }
    }

    private Path path(int round) {
        return new Path(folder, String.format(Locale.ROOT, "round-%06d", round));
    }
}
