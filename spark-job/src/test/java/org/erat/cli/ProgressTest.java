package org.erat.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ProgressTest {
    private final ByteArrayOutputStream screen = new ByteArrayOutputStream();
    private long seconds;
    private final Progress progress =
            new Progress(new PrintStream(screen, true, UTF_8), line -> line, () -> TimeUnit.SECONDS.toNanos(seconds));

    @Test
    void roundsTellRatesSinceTheLineBeforeAndTimeLeftFromAllOfThem() {
        Progress.Rounds rounds = progress.rounds(2, 12);
        seconds = 10;
        rounds.completed(3, 0.69314, 1000, 25_000, "");
        seconds = 11;
        rounds.completed(4, 0.6, 1000, 25_000, "");
        seconds = 15;
        rounds.completed(5, 0.5, 1000, 25_000, "");

        assertThat(lines())
                .containsExactly(
                        "[0:10] round 3/12  loss 0.6931  100 examples/s  2,500 tokens/s  1:30 left",
                        // Rounds 4 and 5 in 5 s; 15 s for 3 rounds, so 35 s for 7.
                        "[0:15] round 5/12  loss 0.5000  400 examples/s  10,000 tokens/s  0:35 left");
    }

    @Test
    void aRoundThatWasMeasuredIsAlwaysReported() {
        Progress.Rounds rounds = progress.rounds(0, 12);
        seconds = 10;
        rounds.completed(1, 0.69314, 1000, 25_000, "");
        seconds = 11;
        rounds.completed(2, 0.6, 1000, 25_000, "accuracy 0.8123 (best 0.8210, round 1)");
        assertThat(lines()[1])
                .startsWith("[0:11] round 2/12  loss 0.6000  accuracy 0.8123 (best 0.8210, round 1)  1,000 examples/s");
    }

    @Test
    void theLastRoundIsAlwaysReported() {
        Progress.Rounds rounds = progress.rounds(0, 2);
        seconds = 1;
        rounds.completed(1, 1, 10, 10, "");
        rounds.completed(2, 1, 10, 10, "");
        assertThat(lines()).hasSize(2);
    }

    @Test
    void aStepSaysWhatCameOfIt() {
        try (Progress.Step step = progress.step("Tokenizing")) {
            seconds = 75;
            step.done("117,791 examples");
        }
        assertThat(lines()).containsExactly("[0:00] Tokenizing ...", "[1:15] Tokenizing: 117,791 examples (1:15)");
    }

    @Test
    void aStepThatFailsSaysThatItStopped() {
        try (Progress.Step step = progress.step("Tokenizing")) {
            seconds = 5;
            assertThat(step).isNotNull();
        }
        assertThat(lines()).contains("[0:05] Tokenizing: stopped after 0:05");
    }

    @Test
    void longTimesHaveHours() {
        assertThat(Progress.clock(TimeUnit.SECONDS.toNanos(3 * 3600 + 62))).isEqualTo("3:01:02");
    }

    private String[] lines() {
        return screen.toString(UTF_8).lines().toArray(String[]::new);
    }
}
