package org.erat.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.compute.CudaDevice;
import org.erat.config.TrainingSettings.Optimizer;
import org.erat.data.tokenized.LengthBuckets;
import org.erat.data.tokenized.PackedExamples;
import org.erat.data.tokenized.PaddedBatch;
import org.erat.model.TinyBaseModel;
import org.erat.network.BatchArrays;
import org.erat.network.EncoderGraph;
import org.erat.network.LocalSteps;
import org.erat.network.TinyEncoders;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** What rounds of local steps and their average must hold, in Spark's own scheduler. */
class EratTrainingMasterTest {
    @TempDir
    private static Path folder;

    private static SparkSession session;
    private static TinyBaseModel model;

    @BeforeAll
    static void start() {
        session = TestSpark.open("local[2]");
        model = TinyBaseModel.write(folder, TinyBaseModel.bert(2));
    }

    @AfterAll
    static void stop() {
        session.stop();
    }

    private static TinyRun run() {
        TinyEncoders tiny = new TinyEncoders(model);
        tiny.dataType = DataType.FLOAT;
        tiny.totalSteps = 6;
        return new TinyRun(tiny);
    }

    /** On a device too, where values cross at the ends of rounds: here they do so once. */
    @ParameterizedTest
    @CsvSource({
        "nd4j, ADAMW_ROW_LAZY",
        "nd4j, ADAMW_DENSE",
        "nd4j, SGD",
        "emulated-cuda, ADAMW_ROW_LAZY",
        "emulated-cuda, ADAMW_DENSE",
        "emulated-cuda, SGD",
        "gpu-0, ADAMW_ROW_LAZY"
    })
    void averagingOverOneShardIsPlainLocalTrainingBitForBit(String device, Optimizer optimizer) {
        CudaDevice.provideFor(device);
        TinyRun run = run();
        run.shards = 1;
        run.tiny.device = device;
        run.tiny.optimizer = optimizer;

        float[] averaged = run.train(session).last().parameters();

        ComputationGraph graph = run.tiny.graph();
        EncoderGraph.encoder(graph).setWorker(0);
        PackedExamples shard = run.shard(0);
        try (LocalSteps steps = LocalSteps.of(graph, run.clipNorm)) {
            for (int epoch = 0; epoch < run.epochs; epoch++) {
                for (int[] indices : LengthBuckets.batches(shard, run.batchSize, run.tiny.seed, epoch, 0)) {
                    steps.step(BatchArrays.of(PaddedBatch.of(shard, indices, 0), run.tiny.outputs, false));
                }
            }
            steps.finish();
        }
        assertThat(averaged).containsExactly(graph.params().toFloatVector());
    }

    @Test
    void shardsWithSharedWindowsAndSingleStepsAreOneProcessOnTheUnionBatch() {
        TinyRun run = run();
        run.tiny.optimizer = Optimizer.SGD;
        run.tiny.sharedWindows = true;
        run.tiny.learningRate = 0.1;
        run.shards = 3;
        run.localSteps = 1;
        run.epochs = 1;
        run.clipNorm = 0;
        ComputationGraph union = run.tiny.graph();
        List<int[][]> orders = new java.util.ArrayList<>();
        for (int k = 0; k < run.shards; k++) {
            orders.add(LengthBuckets.batches(run.shard(k), run.batchSize, run.tiny.seed, 0, k));
        }
        for (int step = 0; step < orders.get(0).length; step++) {
            union.fit(unionBatch(run, orders, step));
        }

        float[] averaged = run.train(session).last().parameters();

        float[] expected = union.params().toFloatVector();
        for (int i = 0; i < expected.length; i++) {
            // Sums of the same float terms in another order, over three steps of values below 1.
            assertThat(averaged[i]).isCloseTo(expected[i], org.assertj.core.data.Offset.offset(1e-6f));
        }
    }

    private static MultiDataSet unionBatch(TinyRun run, List<int[][]> orders, int step) {
        List<PackedExamples> parts = new java.util.ArrayList<>();
        int size = 0;
        int tokens = 0;
        for (int k = 0; k < run.shards; k++) {
            parts.add(run.shard(k));
            size += orders.get(k)[step].length;
            for (int i : orders.get(k)[step]) {
                tokens = Math.max(tokens, run.shard(k).length(i));
            }
        }
        int[] ids = new int[size * tokens];
        int[] lengths = new int[size];
        float[] labels = new float[size];
        int at = 0;
        for (int k = 0; k < run.shards; k++) {
            for (int i : orders.get(k)[step]) {
                lengths[at] = parts.get(k).length(i);
                for (int t = 0; t < lengths[at]; t++) {
                    ids[at * tokens + t] = parts.get(k).token(i, t);
                }
                labels[at++] = parts.get(k).label(i);
            }
        }
        return BatchArrays.of(
                new PaddedBatch(ids, new int[ids.length], lengths, labels, new long[size]), run.tiny.outputs, false);
    }

    @Test
    void rowsThatNobodyTrainedComeBackUnchangedWithTheirOptimizerState() {
        TinyRun run = run();
        run.epochs = 3;
        ComputationGraph initial = run.tiny.graph();
        GraphLayout layout = GraphLayout.of(initial);
        float[] parameters = initial.params().toFloatVector();
        float[] optimizer = new float[layout.stateLength()];
        int untouched = 0;
        for (TrainingState state : run.train(session).states()) {
            boolean[] mayMove = rowsOfRound(run, layout, state.round() - 1);
            for (int i = 0; i < layout.adapters().length(); i++) {
                if (!mayMove[i]) {
                    assertThat(state.parameters()[i]).isEqualTo(parameters[i]);
                    assertThat(state.optimizer()[i]).isEqualTo(optimizer[i]);
                    untouched++;
                }
            }
            parameters = state.parameters();
            optimizer = state.optimizer();
        }
        assertThat(untouched).as("rows outside of every window of a round").isPositive();
    }

    /** Values whose row is in a window of some worker in a round: recomputed from the schedule alone. */
    private static boolean[] rowsOfRound(TinyRun run, GraphLayout layout, int round) {
        boolean[] moves = new boolean[layout.parameters()];
        RoundSettings rounds = run.rounds();
        int inEpoch = round % rounds.roundsPerEpoch() * rounds.localSteps();
        int first = round / rounds.roundsPerEpoch() * rounds.stepsPerEpoch() + inEpoch;
        int steps = Math.min(rounds.localSteps(), rounds.stepsPerEpoch() - inEpoch);
        for (int step = first; step < first + steps; step++) {
            for (int worker = 0; worker < run.shards; worker++) {
                for (int block = 0; block < layout.adapters().blocks(); block++) {
                    var window = run.tiny.spec().rankSchedule().window(step, block, worker);
                    for (int row = window.start(); row < window.end(); row++) {
                        layout.rowParameters(block, row, (from, to) -> java.util.Arrays.fill(moves, from, to, true));
                    }
                }
            }
        }
        return moves;
    }

    @Test
    void goingOnFromARoundGivesTheSameBits() {
        TinyRun run = run();
        run.outerLearningRate = 0.7;
        run.outerMomentum = 0.9;
        TinyRun.Outcome whole = run.train(session);
        for (int round = 1; round < whole.states().size(); round++) {
            TinyRun.Outcome rest = run.train(session, whole.states().get(round - 1), Integer.MAX_VALUE);

            assertThat(rest.last().parameters()).containsExactly(whole.last().parameters());
            assertThat(rest.last().optimizer()).containsExactly(whole.last().optimizer());
        }
    }

    @Test
    void frozenAHasNoDriftAndKeepsItsValues() {
        TinyRun run = run();
        TinyRun.Outcome moving = run.train(session);
        run.tiny.freezeA = true;
        TinyRun.Outcome frozen = run.train(session);

        assertThat(moving.reports())
                .anySatisfy(report -> assertThat(report.drift()).isGreaterThan(1e-4));
        // Averages are rounded to floats: ε/2 = 6e-8 of each value.
        assertThat(frozen.reports())
                .allSatisfy(report -> assertThat(report.drift()).isLessThan(1e-6));
        ComputationGraph initial = run.tiny.graph();
        float[] before = initial.params().toFloatVector();
        run.tiny.spec().layout().slots().forEach(slot -> {
            for (int i = (int) slot.rowOfA(0); i < slot.rowOfB(0); i++) {
                assertThat(frozen.last().parameters()[i]).isEqualTo(before[i]);
            }
        });
    }

    @Test
    void optimizerStateCanStartAnewInEveryRound() {
        TinyRun run = run();
        run.keepsOptimizer = false;

        TinyRun.Outcome outcome = run.train(session);

        assertThat(outcome.last().optimizer()).isEmpty();
        assertThat(outcome.reports().get(0).bytesDown())
                .isLessThan(run().train(session).reports().get(0).bytesDown());
    }

    @Test
    void everyExampleIsSeenOnceInEachEpochAndBytesAreCounted() {
        TinyRun run = run();
        TinyRun.Outcome outcome = run.train(session);

        assertThat(outcome.reports()).hasSize(run.rounds().rounds());
        assertThat(outcome.reports().stream().mapToLong(RoundReport::examples).sum())
                .isEqualTo((long) run.epochs * run.shards * run.examplesOfShard);
        assertThat(outcome.reports()).allSatisfy(report -> {
            assertThat(report.bytesDown())
                    .isGreaterThan(4L * run.tiny.spec().layout().length());
            assertThat(report.bytesUp()).isPositive();
            assertThat(report.meanWidth()).isBetween(1.0, 4.0);
        });
    }

    @Test
    void skippingPassesOverBatchesOfAnyIterator() {
        Iterator<Integer> plain = List.of(1, 2, 3).iterator();
        SkippingIterator.skip(plain, 2);
        assertThat(plain.next()).isEqualTo(3);
        SkippingIterator.skip(plain, 5);
        assertThat(plain.hasNext()).isFalse();
    }
}
