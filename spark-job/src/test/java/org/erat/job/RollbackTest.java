package org.erat.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.erat.config.JobConfig;
import org.erat.training.TestSpark;
import org.erat.training.round.DivergedException;
import org.erat.training.round.RoundReport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A run whose learning rate is too high, with and without leave to go back and halve it. */
class RollbackTest {
    /** Weight decay at this rate multiplies values by −4 at every step; at half and at a quarter of it too they grow. */
    private static final String[] TOO_FAST = {
        "training.learning-rate=10",
        "training.weight-decay=1",
        "training.decay=constant",
        "training.warmup-share=0",
        "training.epochs=8",
        "training.clip-norm=0",
        "adapter.alpha=65536",
        "checkpoint.every-rounds=5",
        // What is compared here is the adapter.
        "evaluation.prefixes=false"
    };

    @TempDir
    private static Path folder;

    private static SparkSession session;
    private static TinyProject project;
    private static Watching undisturbed;

    @TempDir
    private Path own;

    @BeforeAll
    static void trainWithRollbacks() {
        session = TestSpark.open("local[2]");
        project = TinyProject.prepare(session, folder);
        undisturbed = Watching.toTheEnd();
        submit(job("training.rollbacks=10"), folder.resolve("whole"), undisturbed);
    }

    @AfterAll
    static void stop() {
        session.stop();
    }

    private static JobConfig job(String more) {
        String[] overrides = Arrays.copyOf(TOO_FAST, TOO_FAST.length + 1);
        overrides[TOO_FAST.length] = more;
        return project.job(overrides);
    }

    private static void submit(JobConfig job, Path run, RunListener listener) {
        new TrainingRun(session, job, listener).run(run.toString(), false);
    }

    private static List<String> goingBack(Watching run) {
        return run.lines.stream().filter(line -> line.contains("Going back")).toList();
    }

    @Test
    void itGoesBackToACheckpointWithHalfTheLearningRateUntilItFinishes() {
        List<String> lines = goingBack(undisturbed);
        assertThat(lines).isNotEmpty();
        double rate = 10;
        for (int i = 0; i < lines.size(); i++) {
            rate /= 2;
            assertThat(lines.get(i))
                    .contains("training diverged, and round ")
                    .containsPattern("Going back to (round \\d*[05]|the start) and on with learning rate "
                            + String.valueOf(rate).replace(".", "\\.") + " \\(" + (i + 1) + " of 10 times\\)");
        }
        assertThat(folder.resolve("whole/_SUCCESS")).exists();
        assertThat(folder.resolve("whole/metrics.jsonl"))
                .content()
                .contains("\"rollbacks\":" + lines.size())
                .contains("\"learning_rate\":" + rate);
    }

    @Test
    void theSameRunAgainGivesTheSameBits() {
        Watching again = Watching.toTheEnd();
        submit(job("training.rollbacks=10"), own.resolve("run"), again);
        assertThat(goingBack(again)).isEqualTo(goingBack(undisturbed));
        assertSameAdapter();
    }

    /** Before it first goes back, and at several places after that. */
    @ParameterizedTest
    @ValueSource(ints = {3, 12, 17, 23})
    void interruptedAnywhereItEndsWithTheSameBits(int rounds) {
        int[] seen = {0};
        RunListener killing = new RunListener() {
            @Override
            public void say(String line) {}

            @Override
            public void roundsBegin(int done, int total) {}

            @Override
            public void roundDone(RoundReport report) {
                if (++seen[0] == rounds) {
                    throw new Watching.Killed();
                }
            }
        };
        assertThatThrownBy(() -> submit(job("training.rollbacks=10"), own.resolve("run"), killing))
                .isInstanceOf(Watching.Killed.class);

        submit(job("training.rollbacks=10"), own.resolve("run"), Watching.toTheEnd());

        assertSameAdapter();
    }

    @Test
    void withoutLeaveItEndsWithFourAndSoItDoesWhenItIsSubmittedAgain() {
        for (int submission = 0; submission < 2; submission++) {
            assertThatThrownBy(() -> submit(job("training.rollbacks=0"), own.resolve("run"), Watching.toTheEnd()))
                    .isInstanceOfSatisfying(DivergedException.class, e -> assertThat(e.exitCode())
                            .isEqualTo(4))
                    .hasMessageContaining("training.rollbacks");
        }
        assertThat(own.resolve("run/_SUCCESS")).doesNotExist();
        assertThat(own.resolve("run/failure.txt")).content().contains("diverged", "training.rollbacks");
        assertThat(own.resolve("run/adapter")).doesNotExist();
    }

    @Test
    void whenItHasGoneBackAsOftenAsItMayItEndsWithFour() {
        Watching watching = Watching.toTheEnd();
        assertThatThrownBy(() -> submit(job("training.rollbacks=1"), own.resolve("run"), watching))
                .isInstanceOf(DivergedException.class);
        assertThat(goingBack(watching)).hasSize(1);
    }

    private void assertSameAdapter() {
        assertThat(TinyProject.bytesOf(own.resolve("run/adapter")))
                .containsExactlyInAnyOrderEntriesOf(TinyProject.bytesOf(folder.resolve("whole/adapter")));
    }
}
