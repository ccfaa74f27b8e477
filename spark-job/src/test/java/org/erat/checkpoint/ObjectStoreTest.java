package org.erat.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.erat.data.storage.Storage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A store without atomic rename: a driver that dies while it writes a checkpoint leaves an earlier, whole one for the next driver. */
class ObjectStoreTest {
    @TempDir
    Path folder;

    @Test
    void aCheckpointCutAnywhereIsThereWholeOrNotAtAll() throws Exception {
        boolean before = false;
        boolean after = false;
        boolean alive = false;
        for (int changes = 0; !alive; changes++) {
            Path run = folder.resolve("run-" + changes);
            checkpoints(run, Integer.MAX_VALUE).save(checkpoint(2));
            alive = survives(run, changes, checkpoint(4));

            Optional<Checkpoint> found = checkpoints(run, Integer.MAX_VALUE).latestValid();

            int round = found.orElseThrow().round();
            assertThat(found.get().params())
                    .as("after %d changes", changes)
                    .containsExactly(checkpoint(round).params());
            assertThat(found.get().optimizer())
                    .containsExactly(checkpoint(round).optimizer());
            before |= round == 2;
            after |= round == 4;
        }
        assertThat(before && after).isTrue();
    }

    @Test
    void aCheckpointThatIsWrittenAgainLeavesTheOneBeforeWhereItIsCut() throws Exception {
        boolean alive = false;
        for (int changes = 0; !alive; changes++) {
            Path run = folder.resolve("again-" + changes);
            Checkpoints healthy = checkpoints(run, Integer.MAX_VALUE);
            healthy.save(checkpoint(2));
            healthy.save(checkpoint(4));
            alive = survives(run, changes, checkpoint(4));

            Checkpoint found = checkpoints(run, Integer.MAX_VALUE).latestValid().orElseThrow();

            assertThat(found.params()).containsExactly(checkpoint(found.round()).params());
            assertThat(found.round()).isIn(2, 4);
        }
    }

    /** Whether a driver that dies after so many changes is done before. */
    private static boolean survives(Path run, int changes, Checkpoint checkpoint) throws Exception {
        Checkpoints dying = checkpoints(run, changes);
        try {
            dying.save(checkpoint);
            return true;
        } catch (ResumableException e) {
            assertThat(e).hasMessageContaining("cannot be written");
            return false;
        }
    }

    private static Checkpoints checkpoints(Path run, int changes) throws Exception {
        Configuration hadoop = CopyingFileSystem.dyingAfter(changes);
        org.apache.hadoop.fs.Path path = new org.apache.hadoop.fs.Path("copying://" + run);
        return new Checkpoints(Storage.of(path, hadoop), path, line -> {});
    }

    private static Checkpoint checkpoint(int round) {
        return new Checkpoint(
                round, 10L * round, new float[] {round, 0.5f}, new float[] {-round}, null, null, Map.of());
    }
}
