package org.erat.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.SparkSession;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.adapter.AdapterLayout;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.Method;
import org.erat.config.Precision;
import org.erat.config.ScheduleConfig.Granularity;
import org.erat.config.TrainingSettings.Averaging;
import org.erat.config.TrainingSettings.Optimizer;
import org.erat.config.TrainingSettings.OptimizerState;
import org.erat.config.TrainingSettings.Transfer;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;
import org.erat.data.tokenized.TaskType;
import org.erat.learner.ParameterLayout;
import org.erat.learner.TestDevice;
import org.erat.model.TinyBaseModel;
import org.erat.training.TestSpark;
import org.erat.training.round.RoundReport;
import org.erat.training.round.RoundSettings;
import org.erat.training.round.TrainingState;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What rounds of local steps and their average must hold, in Spark's own scheduler. */
@SuppressWarnings("try") // A device is in use as long as its block, which need not name it.
class RoundTrainingMasterTest {
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
        TinyLearners tiny = new TinyLearners(model).on(DeviceChoice.ND4J, Precision.F32);
        tiny.clipNorm = 1;
        tiny.totalSteps = 6;
        return new TinyRun(tiny);
    }

    /** On a device too, where values cross at the ends of rounds: here they do so once. */
    @ParameterizedTest
    @CsvSource({
        "ND4J, ADAMW_ROW_LAZY",
        "CPU, ADAMW_DENSE",
        "CPU, SGD",
        "EMULATED_CUDA, ADAMW_ROW_LAZY",
        "EMULATED_CUDA, ADAMW_DENSE",
        "EMULATED_CUDA, SGD",
        "GPU, ADAMW_ROW_LAZY"
    })
    void averagingOverOneShardIsPlainLocalTrainingBitForBit(TestDevice device, Optimizer optimizer) {
        TinyRun run = run();
        run.shards = 1;
        run.tiny.optimizer = optimizer;
        try (TestDevice.InUse unused = device.use(run.tiny, Precision.F32)) {
            assertThat(run.train(session).last().parameters()).containsExactly(trainedInOneProcess(run));
        }
    }

    /** Windows of single examples, and all nested ranks at once, go the same way. */
    @ParameterizedTest
    @EnumSource(Method.class)
    void everyMethodTrainsByRoundsAsItDoesInOneProcess(Method method) {
        TinyRun run = run();
        run.shards = 1;
        run.tiny.method = method;
        run.tiny.granularity = Granularity.EXAMPLE;

        assertThat(run.train(session).last().parameters()).containsExactly(trainedInOneProcess(run));
    }

    private static float[] trainedInOneProcess(TinyRun run) {
        ComputationGraph graph = run.tiny.graph();
        LearnerGraph.setShard(graph, 0);
        try (LocalSteps steps = LocalSteps.of(graph)) {
            for (int epoch = 0; epoch < run.epochs; epoch++) {
                run.batches(0, epoch).forEach(steps::step);
            }
            steps.finish();
        }
        float[] parameters = HostArrays.read(graph.params());
        LearnerGraph.release(graph);
        return parameters;
    }

    /**
     * Texts of shards differ in length. A language model's loss is a mean over target tokens, of which longer texts have
     * more: the average of shards is the step of one process on all of them only if shards weigh by target tokens.
     */
    @ParameterizedTest
    @EnumSource(
            value = TaskType.class,
            names = {"CLASSIFICATION", "LANGUAGE_MODELING"})
    void shardsWithSharedWindowsAndSingleStepsAreOneProcessOnTheUnionBatch(TaskType task, @TempDir Path own) {
        TinyRun run = run();
        run.tiny = new TinyLearners(TinyBaseModel.writeMasked(own, TinyBaseModel.bert(2)))
                .on(DeviceChoice.ND4J, Precision.F32);
        run.tiny.totalSteps = 6;
        run.tiny.task = task;
        run.longerByShard = 4;
        run.tiny.optimizer = Optimizer.SGD;
        run.tiny.sharedWindows = true;
        run.tiny.learningRate = 0.1;
        run.tiny.clipNorm = 0;
        run.shards = 3;
        run.localSteps = 1;
        run.epochs = 1;
        ComputationGraph union = run.tiny.graph();
        List<Double> losses = new ArrayList<>();
        for (int step = 0; step < run.rounds().stepsPerEpoch(); step++) {
            union.fit(BatchArrays.of(unionBatch(run, step)));
            losses.add(union.score());
        }

        TinyRun.Outcome outcome = run.train(session);

        // Sums of the same float terms in another order, over three steps of values below 1.
        assertThat(outcome.last().parameters()).containsExactly(HostArrays.read(union.params()), within(1e-6f));
        for (int step = 0; step < losses.size(); step++) {
            assertThat(outcome.reports().get(step).loss()).isCloseTo(losses.get(step), within(1e-5));
        }
    }

    private static Batch unionBatch(TinyRun run, int step) {
        List<Batch> parts = IntStream.range(0, run.shards)
                .mapToObj(k -> run.batches(k, 0).get(step))
                .toList();
        int size = parts.stream().mapToInt(Batch::size).sum();
        int tokens = parts.stream().mapToInt(Batch::tokens).max().orElseThrow();
        int[] ids = new int[size * tokens];
        int[] lengths = new int[size];
        int[] classes = new int[size];
        int[] next = new int[ids.length];
        Arrays.fill(next, Targets.NONE);
        int at = 0;
        for (Batch part : parts) {
            for (int b = 0; b < part.size(); b++) {
                lengths[at] = part.lengths()[b];
                System.arraycopy(part.tokenIds(), b * part.tokens(), ids, at * tokens, lengths[at]);
                if (part.targets() instanceof Targets.TokenClasses ofTokens) {
                    System.arraycopy(ofTokens.classes(), b * part.tokens(), next, at * tokens, lengths[at]);
                } else {
                    classes[at] = ((Targets.Classes) part.targets()).classes()[b];
                }
                at++;
            }
        }
        Targets targets = run.tiny.task == TaskType.LANGUAGE_MODELING
                ? new Targets.TokenClasses(next)
                : new Targets.Classes(classes);
        return new Batch(ids, new int[ids.length], lengths, new long[size], targets);
    }

    @ParameterizedTest
    @EnumSource(Transfer.class)
    void rowsThatNobodyTrainedComeBackUnchanged(Transfer transfer) {
        TinyRun run = run();
        run.transfer = transfer;
        run.epochs = 3;
        ParameterLayout layout = run.tiny.spec().layout();
        float[] parameters = HostArrays.read(run.tiny.graph().params());
        float[] optimizer = new float[layout.stateLength()];
        int untouched = 0;
        for (TrainingState state : run.train(session).states()) {
            boolean[] mayMove = rowsOfRound(run, layout, state.round() - 1);
            for (int i = 0; i < layout.adapters().length(); i++) {
                if (!mayMove[i]) {
                    assertThat(state.parameters()[i]).isEqualTo(parameters[i]);
                    if (transfer == Transfer.F32) {
                        assertThat(state.optimizer()[i]).isEqualTo(optimizer[i]);
                    }
                    untouched++;
                }
            }
            parameters = state.parameters();
            optimizer = state.optimizer();
        }
        assertThat(untouched).as("rows outside of every window of a round").isPositive();
    }

    /** Values whose row is in a window of some worker in a round: recomputed from the schedule alone. */
    private static boolean[] rowsOfRound(TinyRun run, ParameterLayout layout, int round) {
        boolean[] moves = new boolean[layout.parameters()];
        RoundSettings rounds = run.rounds();
        int inEpoch = round % rounds.roundsPerEpoch() * rounds.localSteps();
        int first = round / rounds.roundsPerEpoch() * rounds.stepsPerEpoch() + inEpoch;
        int steps = Math.min(rounds.localSteps(), rounds.stepsPerEpoch() - inEpoch);
        for (int step = first; step < first + steps; step++) {
            for (int worker = 0; worker < run.shards; worker++) {
                for (int block = 0; block < layout.adapters().blocks(); block++) {
                    var window = run.tiny.rankSchedule().window(step, block, worker);
                    for (int row = window.start(); row < window.end(); row++) {
                        mark(layout, block, row, moves);
                    }
                }
            }
        }
        return moves;
    }

    private static void mark(ParameterLayout layout, int block, int row, boolean[] moves) {
        for (AdapterLayout.Slot slot : layout.adapters().slots()) {
            if (slot.block() == block) {
                layout.rowParameters(slot, row, (from, to) -> Arrays.fill(moves, from, to, true));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"F32, AVERAGE", "F32, FACTORED", "BF16, AVERAGE", "BF16, RESET", "INT8, AVERAGE", "INT8, FACTORED"})
    void goingOnFromARoundGivesTheSameBits(Transfer transfer, OptimizerState optimizerState) {
        TinyRun run = run();
        run.transfer = transfer;
        run.optimizerState = optimizerState;
        run.outerLearningRate = 0.7;
        run.outerMomentum = 0.9;
        TinyRun.Outcome whole = run.train(session);
        for (int round = 1; round < whole.states().size(); round++) {
            TinyRun.Outcome rest = run.train(session, whole.states().get(round - 1));

            assertThat(rest.last().parameters()).containsExactly(whole.last().parameters());
            assertThat(rest.last().optimizer()).containsExactly(whole.last().optimizer());
        }
    }

    @ParameterizedTest
    @CsvSource({"ADAMW_ROW_LAZY, AVERAGE", "ADAMW_ROW_LAZY, RESET", "ADAMW_DENSE, AVERAGE", "SGD, AVERAGE"})
    void averagingOfProductsGoesOnToTheSameBitsAndCutsLessThanRowsDrift(
            Optimizer optimizer, OptimizerState optimizerState) {
        TinyRun run = run();
        run.tiny.optimizer = optimizer;
        run.optimizerState = optimizerState;
        RoundReport ofRows = run.train(session).reports().get(0);
        run.averaging = Averaging.PRODUCT;
        TinyRun.Outcome whole = run.train(session);

        // Rounds begin alike, and the cut is the closest product of rank R to the same mean.
        assertThat(whole.reports().get(0).drift()).isLessThanOrEqualTo(ofRows.drift());
        assertThat(whole.reports())
                .allSatisfy(report -> assertThat(report.loss()).isFinite());
        for (int round = 1; round < whole.states().size(); round++) {
            TinyRun.Outcome rest = run.train(session, whole.states().get(round - 1));

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
        float[] before = HostArrays.read(run.tiny.graph().params());
        run.tiny.spec().adapterLayout().slots().forEach(slot -> {
            for (int i = (int) slot.rowOfA(0); i < slot.rowOfB(0); i++) {
                assertThat(frozen.last().parameters()[i]).isEqualTo(before[i]);
            }
        });
    }

    @Test
    void optimizerStateCanStartAnewInEveryRound() {
        TinyRun run = run();
        run.optimizerState = OptimizerState.RESET;

        TinyRun.Outcome outcome = run.train(session);

        assertThat(outcome.last().optimizer()).isEmpty();
        assertThat(outcome.reports().get(0).bytesDown())
                .isLessThan(run().train(session).reports().get(0).bytesDown());
    }

    /** Rounding moves where shards begin, by 1/127 of a row's largest value at most, and by a share of what they learned. */
    @ParameterizedTest
    @CsvSource({"BF16, AVERAGE, 0.55", "INT8, AVERAGE, 0.5", "INT8, FACTORED, 0.4"})
    void roundedTransfersLearnTheSameOverFewerBytes(
            Transfer transfer, OptimizerState optimizerState, double shareOfBytes) {
        TinyRun run = run();
        run.tiny.rank = 4;
        TinyRun.Outcome exact = run.train(session);
        float[] before = HostArrays.read(run.tiny.graph().params());
        run.transfer = transfer;
        run.optimizerState = optimizerState;
        TinyRun.Outcome rounded = run.train(session);

        double difference = 0;
        double learned = 0;
        for (int i = 0; i < before.length; i++) {
            difference += Math.pow(
                    (double) rounded.last().parameters()[i] - exact.last().parameters()[i], 2);
            learned += Math.pow((double) exact.last().parameters()[i] - before[i], 2);
        }
        // Of AdamW's first steps, whose size is the learning rate whatever the gradient.
        assertThat(Math.sqrt(difference / learned)).isLessThan(0.2);
        for (int round = 0; round < exact.reports().size(); round++) {
            assertThat((double) rounded.reports().get(round).bytesDown())
                    .isLessThan(shareOfBytes * exact.reports().get(round).bytesDown());
            assertThat(rounded.reports().get(round).bytesUp())
                    .isLessThan(exact.reports().get(round).bytesUp());
        }
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
                    .isGreaterThan(4L * run.tiny.spec().layout().parameters());
            assertThat(report.bytesUp()).isPositive();
            assertThat(report.meanWidth()).isBetween(1.0, 4.0);
        });
    }
}
