package org.erat.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.SparkSession;
import org.erat.config.JobConfig;
import org.erat.training.TestSpark;
import org.erat.training.round.RoundReport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs that are measured while they train, and leave the adapter of their best round. */
class ValidatedRunTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** One checkpoint at a time, and none of the best round itself unless it is the newest. */
    private static final String[] MEASURED = {
        "evaluation.every-rounds=1",
        "evaluation.ranks=[2, 4]",
        "training.learning-rate=0.1",
        "training.decay=constant",
        "checkpoint.keep-last=1",
        "checkpoint.keep-best=0"
    };

    @TempDir
    private static Path folder;

    private static SparkSession session;
    private static TinyProject project;
    private static Path whole;
    private static List<String> said;

    @TempDir
    private Path own;

    @BeforeAll
    static void trainWithoutInterruption() {
        session = TestSpark.open("local[2]");
        project = TinyProject.prepare(session, folder);
        whole = folder.resolve("whole");
        Watching watching = Watching.toTheEnd();
        submit(project.job(MEASURED), whole, watching);
        said = watching.lines;
    }

    @AfterAll
    static void stop() {
        session.stop();
    }

    private static void submit(JobConfig job, Path run, RunListener listener) {
        new TrainingRun(session, job, listener).run(run.toString(), false);
    }

    private static JobConfig job(String... more) {
        List<String> all = new ArrayList<>(List.of(MEASURED));
        all.addAll(List.of(more));
        return project.job(all.toArray(String[]::new));
    }

    /** What was measured, by round. */
    private static Map<Integer, JsonNode> measured(Path run) {
        Map<Integer, JsonNode> byRound = new TreeMap<>();
        try {
            for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
                JsonNode round = JSON.readTree(line);
                if (round.has("validation")) {
                    byRound.put(round.path("round").asInt(), round.path("validation"));
                }
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return byRound;
    }

    private static int bestOf(Map<Integer, JsonNode> measured) {
        int best = 0;
        for (Map.Entry<Integer, JsonNode> round : measured.entrySet()) {
            if (best == 0
                    || round.getValue().path("mean").asDouble()
                            > measured.get(best).path("mean").asDouble()) {
                best = round.getKey();
            }
            assertThat(round.getValue().path("best_round").asInt()).isEqualTo(best);
        }
        return best;
    }

    /** The mean over ranks 2 and 4 of the better of the two orders, from the evaluation at the end. */
    private static double meanAtTheEnd(Path run) throws IOException {
        JsonNode evaluation = JSON.readTree(run.resolve("evaluation.json").toFile());
        double sum = 0;
        for (int rank : new int[] {2, 4}) {
            sum += Math.max(
                    evaluation.path("prefix").path(rank - 1).path("accuracy").asDouble(),
                    evaluation.path("canonical").path(rank - 1).path("accuracy").asDouble());
        }
        return sum / 2;
    }

    @Test
    void itLeavesTheAdapterOfTheBestRoundAndSaysSo() throws IOException {
        Map<Integer, JsonNode> rounds = measured(whole);
        assertThat(rounds).hasSize(TinyProject.ROUNDS);
        int best = bestOf(rounds);
        assertThat(best).as("else the test shows nothing").isLessThan(TinyProject.ROUNDS);
        assertThat(said)
                .anyMatch(line -> line.startsWith("the adapter is that of round " + best + ", the best by accuracy"));
        // A mean of the same two shares.
        assertThat(meanAtTheEnd(whole)).isEqualTo(rounds.get(best).path("mean").asDouble(), within(1e-12));
        assertThat(whole.resolve("report.html"))
                .content()
                .contains("Validation accuracy", "The adapter is that of round " + best + ", the best one.");
    }

    /** The best round's parameters are those that the round had: a run that ends there has them. */
    @Test
    void theAdapterIsTheOneThatTrainingHadInThatRound() {
        int best = bestOf(measured(whole));
        assertThatThrownBy(() -> submit(job("checkpoint.every-rounds=1"), own, Watching.untilRound(best)))
                .isInstanceOf(Watching.Killed.class);
        assertThat(TinyProject.bytesOf(own.resolve("checkpoints/round-00000" + best))
                        .get("params.f32"))
                .isEqualTo(TinyProject.bytesOf(whole.resolve("checkpoints/round-00000" + TinyProject.ROUNDS))
                        .get("best.f32"));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 4, 5})
    void interruptedItChoosesTheSameRoundToTheSameBits(int round) {
        assertThatThrownBy(() -> submit(job(), own, Watching.untilRound(round))).isInstanceOf(Watching.Killed.class);

        submit(job(), own, Watching.toTheEnd());

        assertThat(measured(own)).isEqualTo(measured(whole));
        assertSameResults(own, whole);
    }

    @Test
    void itIsMeasuredAfterEverySoManyRoundsAndAfterTheLast() {
        Map<Integer, RoundQuality> told = new TreeMap<>();
        List<Integer> untold = new ArrayList<>();
        RunListener listener = new RunListener() {
            @Override
            public void say(String line) {}

            @Override
            public void roundsBegin(int done, int total) {}

            @Override
            public void roundDone(RoundReport report) {
                untold.add(report.round() + 1);
            }

            @Override
            public void roundDone(RoundReport report, RoundQuality quality) {
                told.put(report.round() + 1, quality);
            }
        };
        submit(job("evaluation.every-rounds=4"), own, listener);

        assertThat(told.keySet()).containsExactly(4, TinyProject.ROUNDS);
        assertThat(untold).containsExactly(1, 2, 3, 5);
        // The rounds are those of the run that is measured more often.
        assertThat(measured(own).get(4).path("ranks"))
                .isEqualTo(measured(whole).get(4).path("ranks"));
        assertThat(told.get(4).toText()).matches("accuracy 0\\.\\d{4} \\(best 0\\.\\d{4}, round 4\\)");
    }

    /** No accuracy gains more than 1, so the second evaluation without a gain is that of round 3. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 100})
    void itEndsEarlyAndInterruptedAtTheSameRound(int interrupted) throws IOException {
        JobConfig job = job("training.early-stopping.patience=2", "training.early-stopping.least-gain=1");
        if (interrupted < 100) {
            assertThatThrownBy(() -> submit(job, own, Watching.untilRound(interrupted)))
                    .isInstanceOf(Watching.Killed.class);
        }
        Watching rest = Watching.toTheEnd();

        submit(job, own, rest);

        assertThat(rest.lines).contains("training ends early: no gain of accuracy in 2 evaluations");
        Map<Integer, JsonNode> rounds = measured(own);
        assertThat(rounds.keySet()).containsExactly(1, 2, 3);
        for (int round = 1; round <= 3; round++) {
            assertThat(rounds.get(round)).isEqualTo(measured(whole).get(round));
        }
        assertThat(meanAtTheEnd(own))
                .isEqualTo(rounds.get(bestOf(rounds)).path("mean").asDouble(), within(1e-12));
        assertThat(own.resolve("_SUCCESS")).exists();
        assertThat(own.resolve("checkpoints/round-000003")).exists();
    }

    @Test
    void aLanguageModelsMetricWouldBeBetterTheLower() {
        RoundQuality quality = new RoundQuality(
                org.erat.evaluation.Metric.named("perplexity", "test"), Map.of(1, 20.0, 4, 10.0), 3, 12.5);
        assertThat(quality.toText()).isEqualTo("perplexity 15.0000 (best 12.5000, round 3)");
    }

    private static void assertSameResults(Path run, Path other) {
        assertThat(TinyProject.bytesOf(run.resolve("adapter")))
                .containsExactlyInAnyOrderEntriesOf(TinyProject.bytesOf(other.resolve("adapter")));
        assertThat(TinyProject.bytesOf(run).get("evaluation.json"))
                .isEqualTo(TinyProject.bytesOf(other).get("evaluation.json"));
    }
}
