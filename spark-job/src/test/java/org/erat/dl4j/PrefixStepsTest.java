package org.erat.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.Precision;
import org.erat.config.ScheduleConfig.Granularity;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;
import org.erat.data.tokenized.TaskType;
import org.erat.learner.LearnerProbe;
import org.erat.learner.LearnerSpec;
import org.erat.learner.TestDevice;
import org.erat.model.ModelRuntime;
import org.erat.model.TinyBaseModel;
import org.erat.prefix.PassInputs;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Steps of an encoder as a prefix language model, with Deeplearning4j and without. */
@SuppressWarnings("try") // A device is in use as long as its block, which need not name it.
class PrefixStepsTest {
    private static final int STEPS = 4;
    private static final int SOURCE = 3;

    @TempDir
    private Path folder;

    private TinyLearners tiny;

    @BeforeEach
    void start() {
        tiny = new TinyLearners(TinyBaseModel.writeMasked(folder, TinyBaseModel.bert(2)));
        tiny.projections = TinyBaseModel.PROJECTIONS;
        tiny.task = TaskType.LANGUAGE_MODELING;
        tiny.pseudoMask = true;
    }

    /** Sources of three tokens, and targets. */
    private Batch batch(int step) {
        return withSources(tiny.batch(step, 6, 4, 9));
    }

    private static Batch withSources(Batch batch) {
        int[] next = ((Targets.TokenClasses) batch.targets()).classes();
        for (int b = 0; b < batch.size(); b++) {
            Arrays.fill(next, b * batch.tokens(), b * batch.tokens() + SOURCE - 1, Targets.NONE);
        }
        return batch;
    }

    @ParameterizedTest
    @CsvSource({"F32, STEP, true", "BF16, EXAMPLE, true", "F64, STEP, true", "F32, STEP, false", "F64, EXAMPLE, false"})
    void aLearnerMakesTheStepsOfFitBitByBit(Precision precision, Granularity granularity, boolean pseudoMask) {
        tiny.on(DeviceChoice.CPU, precision);
        tiny.pseudoMask = pseudoMask;
        tiny.dropout = 0.1;
        tiny.granularity = granularity;
        ComputationGraph expected = tiny.trainedGraph(1);
        ComputationGraph actual = tiny.trainedGraph(1);
        LearnerGraph.setShard(expected, 3);
        LearnerGraph.setShard(actual, 3);
        try (LocalSteps byFit = new LocalSteps.FitSteps(expected);
                LocalSteps byLearner = new LearnerSteps(actual)) {
            for (int step = 0; step < STEPS; step++) {
                double loss = byFit.step(batch(step));
                assertThat(byLearner.step(batch(step))).isEqualTo(precision == Precision.F64 ? loss : (float) loss);
            }
            byLearner.finish();
        }
        assertThat(actual.params().toDoubleVector())
                .containsExactly(expected.params().toDoubleVector());
        assertThat(LearnerGraph.transformer(actual).adapted().activity().take().weights())
                .isDeepEqualTo(LearnerGraph.transformer(expected)
                        .adapted()
                        .activity()
                        .take()
                        .weights());
        LearnerGraph.release(expected);
        LearnerGraph.release(actual);
    }

    /** As for other language models: f32 to 1e-4, bf16 to 2 % of losses near 4. */
    @ParameterizedTest
    @CsvSource({
        "CPU, F32, 1e-4",
        "CPU, BF16, 0.08",
        "EMULATED_CUDA, F32, 1e-4",
        "EMULATED_CUDA, BF16, 0.08",
        "GPU, F32, 1e-4",
        "GPU, BF16, 0.08"
    })
    void everyImplementationMakesThem(TestDevice device, Precision precision, double tolerance) {
        tiny.epsilon = 0.01;
        double[] expected = losses(STEPS, this::batch);
        try (TestDevice.InUse use = device.use(tiny, precision)) {
            assertThat(losses(STEPS, this::batch)).containsExactly(expected, within(tolerance));
        }
    }

    private double[] losses(int steps, IntFunction<Batch> batches) {
        ComputationGraph graph = tiny.trainedGraph(1);
        try (LocalSteps local = new LearnerSteps(graph)) {
            return IntStream.range(0, steps)
                    .mapToDouble(step -> local.step(batches.apply(step)))
                    .toArray();
        } finally {
            LearnerGraph.release(graph);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theLossOfExamplesThatAreSeenAgainFalls(boolean pseudoMask) {
        tiny.pseudoMask = pseudoMask;
        tiny.historyNoise = 0.1;
        tiny.learningRate = 0.02;
        tiny.totalSteps = 60;
        double[] losses = losses(60, step -> batch(1));
        double first = Arrays.stream(losses, 0, 5).average().orElseThrow();
        double last = Arrays.stream(losses, 55, 60).average().orElseThrow();
        assertThat(last).isLessThan(0.95 * first);
    }

    private Batch formed(LearnerSpec spec, Batch plain, boolean training) {
        try (ModelRuntime runtime =
                ModelRuntime.acquire(spec.modelUri(), spec.modelSha256(), spec.architecture(), spec.compute())) {
            PassInputs inputs = PassInputs.of(spec.head(), runtime);
            return training ? inputs.training(plain, spec.noise(2, 1)) : inputs.evaluation(plain);
        }
    }

    /** Along a direction of length 1 a central difference with h = 1e-5 errs by 1e-9 at most. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theGradientOfAllAdaptersIsThatOfTheMeanOverTargetTokens(boolean pseudoMask) {
        tiny.pseudoMask = pseudoMask;
        tiny.labelSmoothing = 0.1;
        double[] adapters = tiny.adapters(2);
        Batch formed = formed(tiny.spec(), batch(1), true);
        try (LearnerProbe probe = new LearnerProbe(tiny.spec(), adapters, formed, 0)) {
            double[] gradient = probe.loss().gradient();
            double[] center = probe.parameters().clone();
            double[] sides = new double[2];
            double expected = 0;
            double h = 1e-5;
            double norm = Math.sqrt(IntStream.range(0, center.length)
                    .mapToDouble(i -> Math.sin(i) * Math.sin(i))
                    .sum());
            for (int side = 0; side < 2; side++) {
                for (int i = 0; i < center.length; i++) {
                    probe.parameters()[i] = center[i] + (side == 0 ? h : -h) * Math.sin(i) / norm;
                    expected += side == 0 ? Math.sin(i) / norm * gradient[i] : 0;
                }
                sides[side] = probe.loss().value();
            }
            assertThat((sides[0] - sides[1]) / (2 * h)).isCloseTo(expected, within(1e-7));
        }
    }

    /**
     * The states that predict the tokens of a target, before and after a change of one token: those of the tokens up to it
     * do not know of it, and all later ones do.
     */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aPredictionKnowsOfTheTokensBeforeIt(boolean pseudoMask) {
        tiny.pseudoMask = pseudoMask;
        double[][] before = states(formed(tiny.spec(), withSources(tiny.batch(1, 9)), false));
        assertThat(before).hasDimensions(9 - SOURCE, 8);
        for (int token = 0; token < 9; token++) {
            Batch plain = withSources(tiny.batch(1, 9));
            plain.tokenIds()[token] = 5 + (plain.tokenIds()[token] - 4) % 40;
            double[][] after = states(formed(tiny.spec(), plain, false));
            for (int i = 0; i < after.length; i++) {
                assertThat(Arrays.equals(after[i], before[i]))
                        .as("prediction of token %d after token %d has changed", SOURCE + i, token)
                        .isEqualTo(SOURCE + i <= token);
            }
        }
    }

    /** Another token in the place of one pseudo token. */
    @Test
    void aPseudoTokenKnowsOfNoOther() {
        double[][] before = states(formed(tiny.spec(), withSources(tiny.batch(1, 9)), false));
        for (int pseudo = 0; pseudo < before.length; pseudo++) {
            Batch formed = formed(tiny.spec(), withSources(tiny.batch(1, 9)), false);
            formed.tokenIds()[9 + pseudo] = 17;
            double[][] after = states(formed);
            for (int i = 0; i < after.length; i++) {
                assertThat(Arrays.equals(after[i], before[i])).isEqualTo(i != pseudo);
            }
        }
    }

    /** [M][H] */
    private double[][] states(Batch formed) {
        try (LearnerProbe probe = new LearnerProbe(tiny.spec(), tiny.adapters(2), formed, 0)) {
            double[] all = probe.states()[0];
            int width = all.length / formed.targets().count();
            return IntStream.range(0, formed.targets().count())
                    .mapToObj(i -> Arrays.copyOfRange(all, i * width, (i + 1) * width))
                    .toArray(double[][]::new);
        }
    }
}
