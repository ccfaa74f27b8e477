package org.erat.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.Window;
import org.erat.compute.AdamW;
import org.erat.compute.Backends;
import org.erat.compute.Kernels;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.Precision;
import org.erat.config.TrainingSettings.Decay;
import org.erat.config.TrainingSettings.Optimizer;
import org.erat.data.architecture.Projection;
import org.erat.learner.LearnerSpec;
import org.erat.learner.LearningRate;
import org.erat.learner.ParameterLayout;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The updaters against AdamW as arXiv 1711.05101, algorithm 2, has it, written again here in double precision.
 *
 * <p>Tolerance: moments and parameters are kept in the type under test, so each step errs by a few of its roundings:
 * 1e-5 of the learning rate plus one rounding of a parameter near 1 in single precision, 1e-13 in double.
 */
class AdamWUpdaterTest {
    private static final int STEPS = 7;
    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.999;
    private static final double EPSILON = 1e-8;
    private static final double RATE = 0.05;
    private static final double DECAY = 0.1;

    @TempDir
    private static Path folder;

    private static TinyBaseModel model;

    @BeforeAll
    static void writeModel() {
        model = TinyBaseModel.write(folder, TinyBaseModel.bert(2));
    }

    /** The mean gradient of a mini-batch, as it is before the updater. */
    private static final class GradientCapture extends BaseTrainingListener {
        private double[] mean;

        @Override
        public void onGradientCalculation(Model graph) {
            mean = values(((ComputationGraph) graph).getFlattenedGradients());
        }
    }

    /** Parameters, moments and step counts of the independent implementation. */
    private static final class Reference {
        final double[] parameters;
        final double[] first;
        final double[] second;
        final int[] steps;

        Reference(double[] parameters) {
            this.parameters = parameters.clone();
            this.first = new double[parameters.length];
            this.second = new double[parameters.length];
            this.steps = new int[parameters.length];
        }

        void step(int i, double gradient, double rate, double decay) {
            steps[i]++;
            first[i] = BETA1 * first[i] + (1 - BETA1) * gradient;
            second[i] = BETA2 * second[i] + (1 - BETA2) * gradient * gradient;
            double unbiasedFirst = first[i] / (1 - Math.pow(BETA1, steps[i]));
            double unbiasedSecond = second[i] / (1 - Math.pow(BETA2, steps[i]));
            parameters[i] -= rate * (unbiasedFirst / (Math.sqrt(unbiasedSecond) + EPSILON) + decay * parameters[i]);
        }
    }

    private static TinyLearners learners(Optimizer optimizer, Precision precision) {
        TinyLearners tiny = new TinyLearners(model).on(DeviceChoice.CPU, precision);
        tiny.projections = EnumSet.of(Projection.QUERY, Projection.INTERMEDIATE);
        tiny.optimizer = optimizer;
        tiny.learningRate = RATE;
        tiny.weightDecay = DECAY;
        tiny.warmupShare = 0.1;
        tiny.totalSteps = 20;
        tiny.decay = Decay.LINEAR;
        return tiny;
    }

    /** Linear warm-up over 2 of 20 steps, then linear decay to 0. */
    private static double rate(int step) {
        return step < 2 ? RATE * (step + 1) / 2.0 : RATE * (20 - step) / 18.0;
    }

    @ParameterizedTest
    @CsvSource({"F32, false", "F64, false", "F64, true"})
    void rowLazyMovesTheWindowAndNothingElse(Precision precision, boolean freezeA) {
        TinyLearners tiny = learners(Optimizer.ADAMW_ROW_LAZY, precision);
        tiny.freezeA = freezeA;
        ComputationGraph graph = tiny.trainedGraph(1);
        AdapterLayout layout = tiny.spec().adapterLayout();
        int adapters = (int) layout.length();
        Reference reference = new Reference(values(graph.params()));
        GradientCapture gradient = new GradientCapture();
        graph.setListeners(gradient);
        int inactiveRows = 0;
        for (int step = 0; step < STEPS; step++) {
            double[] before = values(graph.params());
            INDArray state = graph.getUpdater().getStateViewArray();
            double[] stateBefore = values(state);

            graph.fit(tiny.data(step, 5, 3, 4));

            double[] after = values(graph.params());
            double[] stateAfter = values(state);
            for (AdapterLayout.Slot slot : layout.slots()) {
                Window window = tiny.rankSchedule().window(step, slot.block(), 0);
                for (int row = 0; row < tiny.rank; row++) {
                    boolean active = window.start() <= row && row < window.end();
                    inactiveRows += active ? 0 : 1;
                    for (boolean isA : new boolean[] {true, false}) {
                        int from = (int) (isA ? slot.rowOfA(row) : slot.rowOfB(row));
                        int to = from + (isA ? slot.in() : slot.out());
                        for (int i = from; i < to; i++) {
                            if (active && !(isA && freezeA)) {
                                reference.step(i, gradient.mean[i], rate(step), DECAY);
                            } else {
                                assertThat(after[i]).isEqualTo(before[i]);
                                assertThat(stateAfter[i]).isEqualTo(stateBefore[i]);
                                assertThat(stateAfter[adapters + i]).isEqualTo(stateBefore[adapters + i]);
                            }
                        }
                    }
                }
            }
            stepHead(reference, gradient.mean, tiny, step);
            compare(after, reference.parameters, precision, step);
        }
        assertThat(inactiveRows).as("rows outside of their window").isPositive();
    }

    @ParameterizedTest
    @EnumSource(
            value = Precision.class,
            names = {"F32", "F64"})
    void denseMovesAllRows(Precision precision) {
        TinyLearners tiny = learners(Optimizer.ADAMW_DENSE, precision);
        ComputationGraph graph = tiny.trainedGraph(1);
        int adapters = (int) tiny.spec().adapterLayout().length();
        Reference reference = new Reference(values(graph.params()));
        GradientCapture gradient = new GradientCapture();
        graph.setListeners(gradient);
        for (int step = 0; step < STEPS; step++) {
            graph.fit(tiny.data(step, 5, 3, 4));
            for (int i = 0; i < adapters; i++) {
                reference.step(i, gradient.mean[i], rate(step), DECAY);
            }
            stepHead(reference, gradient.mean, tiny, step);
            compare(values(graph.params()), reference.parameters, precision, step);
        }
    }

    /** Weights of the head decay, biases do not; each weight lies before its bias. */
    private static void stepHead(Reference reference, double[] gradient, TinyLearners tiny, int step) {
        int i = (int) tiny.spec().adapterLayout().length();
        int[] sizes = {8 * 8, 8, 8 * tiny.outputs, tiny.outputs};
        for (int array = 0; array < sizes.length; array++) {
            for (int end = i + sizes[array]; i < end; i++) {
                reference.step(i, gradient[i], rate(step), array % 2 == 0 ? DECAY : 0);
            }
        }
        assertThat(i).isEqualTo(gradient.length);
    }

    /** Where moments start anew in the middle of a run, the first step is again as long as the learning rate. */
    @ParameterizedTest
    @ValueSource(strings = {"ADAMW_ROW_LAZY", "ADAMW_DENSE"})
    void momentsThatStartAnewAreCorrectedForTheirOwnAge(Optimizer optimizer) {
        TinyLearners tiny = learners(optimizer, Precision.F64);
        tiny.weightDecay = 0;
        tiny.warmupShare = 0;
        tiny.decay = Decay.CONSTANT;
        ComputationGraph graph = tiny.trainedGraph(1);
        for (int step = 0; step < 5; step++) {
            graph.fit(tiny.data(step, 5, 3, 4));
        }
        graph.getUpdater().getStateViewArray().assign(0);
        double[] before = values(graph.params());
        GradientCapture gradient = new GradientCapture();
        graph.setListeners(gradient);

        graph.fit(tiny.data(9, 5, 3, 4));

        double[] after = values(graph.params());
        for (int i = 0; i < after.length; i++) {
            double g = gradient.mean[i];
            double expected = g == 0 ? 0 : RATE * g / (Math.abs(g) + EPSILON);
            assertThat(Math.abs(before[i] - after[i] - expected)).isLessThan(1e-12);
        }
    }

    /** Decoupled decay is a rule of the step; the loss that is reported is the loss of the data. */
    @ParameterizedTest
    @ValueSource(strings = {"ADAMW_ROW_LAZY", "ADAMW_DENSE"})
    void weightDecayIsNoPartOfTheLoss(Optimizer optimizer) {
        TinyLearners decaying = learners(optimizer, Precision.F64);
        TinyLearners free = learners(optimizer, Precision.F64);
        free.weightDecay = 0;
        ComputationGraph graph = decaying.trainedGraph(1);
        graph.fit(decaying.data(1, 5, 3, 4));

        ComputationGraph without = free.trainedGraph(1);
        without.fit(free.data(1, 5, 3, 4));

        assertThat(graph.score()).isEqualTo(without.score());
    }

    /** A layer of two parameters whose step updates them both, for the first time. */
    private record TwoParameters(LearnerSpec spec, Kernels kernels, INDArray params) implements UpdatedLayer {
        @Override
        public List<AdamW.Segment> segments(ParameterLayout.Counts counts) {
            return List.of(new AdamW.Segment(0, 2, 0, 2, counts.raise(0), 0));
        }
    }

    /** The updater must find its values where its arrays begin, whatever lies before them. */
    @ParameterizedTest
    @EnumSource(
            value = Precision.class,
            names = {"F32", "F64"})
    void worksOnViewsOfLargerArrays(Precision precision) {
        TinyLearners tiny = learners(Optimizer.ADAMW_DENSE, precision);
        DataType type = precision == Precision.F64 ? DataType.DOUBLE : DataType.FLOAT;
        INDArray all = Nd4j.createFromArray(9.0, 9.0, 9.0, 0.5, -0.25).castTo(type);
        INDArray view = all.get(NDArrayIndex.interval(3, 5));
        INDArray state = Nd4j.zeros(type, 8);
        AdamWUpdaterConf conf = new AdamWUpdaterConf(new LearningRate(RATE, 0, 10, Decay.CONSTANT), "two", 1);
        try (Kernels kernels = Backends.choose(tiny.compute()).open(1)) {
            conf.of(new TwoParameters(tiny.spec(), kernels, Nd4j.zeros(type, 2)))
                    .instantiate(state.get(NDArrayIndex.interval(3, 8)), false)
                    .applyUpdater(view, 0, 0);
        }

        assertThat(values(all)).usingComparatorWithPrecision(1e-8).containsExactly(9, 9, 9, RATE, -RATE);
        assertThat(values(state)[7]).as("count of steps").isEqualTo(1);
        assertThat(values(state)).startsWith(0, 0, 0);
    }

    private static void compare(double[] actual, double[] expected, Precision precision, int step) {
        assertThat(actual).hasSameSizeAs(expected);
        double tolerance = (precision == Precision.F32 ? 1e-5 * RATE + 6e-8 : 1e-13) * (step + 1);
        for (int i = 0; i < actual.length; i++) {
            assertThat(Math.abs(actual[i] - expected[i]))
                    .as("step %d, parameter %d: %s where %s is expected", step, i, actual[i], expected[i])
                    .isLessThan(tolerance);
        }
    }

    private static double[] values(INDArray array) {
        return array.castTo(DataType.DOUBLE).dup().data().asDouble();
    }
}
