package org.erat.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.EnumSet;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.Target;
import org.erat.config.TrainingSettings.Decay;
import org.erat.config.TrainingSettings.Optimizer;
import org.erat.model.TinyBaseModel;
import org.erat.schedule.Window;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
class AdamWTest {
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
            INDArray sum = ((ComputationGraph) graph).getFlattenedGradients();
            mean = sum.castTo(DataType.DOUBLE)
                    .div(graph.batchSize())
                    .dup()
                    .data()
                    .asDouble();
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

    private static TinyEncoders encoders(Optimizer optimizer, DataType type) {
        TinyEncoders tiny = new TinyEncoders(model);
        tiny.targets = EnumSet.of(Target.QUERY, Target.INTERMEDIATE);
        tiny.optimizer = optimizer;
        tiny.dataType = type;
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
    @CsvSource({"FLOAT, false", "DOUBLE, false", "DOUBLE, true"})
    void rowLazyMovesTheWindowAndNothingElse(DataType type, boolean freezeA) {
        TinyEncoders tiny = encoders(Optimizer.ADAMW_ROW_LAZY, type);
        tiny.freezeA = freezeA;
        ComputationGraph graph = tiny.trainedGraph(1);
        AdapterLayout layout = tiny.spec().layout();
        int adapters = (int) layout.length();
        Reference reference = new Reference(values(graph.params()));
        GradientCapture gradient = new GradientCapture();
        graph.setListeners(gradient);
        int inactiveRows = 0;
        for (int step = 0; step < STEPS; step++) {
            double[] before = values(graph.params());
            INDArray state = graph.getUpdater().getStateViewArray();
            double[] stateBefore = values(state);

            graph.fit(tiny.batch(step, 5, 3, 4));

            double[] after = values(graph.params());
            double[] stateAfter = values(state);
            for (AdapterLayout.Slot slot : layout.slots()) {
                Window window = tiny.spec().rankSchedule().window(step, slot.block(), 0);
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
            compare(after, reference.parameters, type, step);
        }
        assertThat(inactiveRows).as("rows outside of their window").isPositive();
    }

    @ParameterizedTest
    @CsvSource({"FLOAT", "DOUBLE"})
    void denseMovesAllRows(DataType type) {
        TinyEncoders tiny = encoders(Optimizer.ADAMW_DENSE, type);
        ComputationGraph graph = tiny.trainedGraph(1);
        int adapters = (int) tiny.spec().layout().length();
        Reference reference = new Reference(values(graph.params()));
        GradientCapture gradient = new GradientCapture();
        graph.setListeners(gradient);
        for (int step = 0; step < STEPS; step++) {
            graph.fit(tiny.batch(step, 5, 3, 4));
            for (int i = 0; i < adapters; i++) {
                reference.step(i, gradient.mean[i], rate(step), DECAY);
            }
            stepHead(reference, gradient.mean, tiny, step);
            compare(values(graph.params()), reference.parameters, type, step);
        }
    }

    /** Weights of the head decay, biases do not; DL4J lays out W before b, layer by layer. */
    private static void stepHead(Reference reference, double[] gradient, TinyEncoders tiny, int step) {
        int i = (int) tiny.spec().layout().length();
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
        TinyEncoders tiny = encoders(optimizer, DataType.DOUBLE);
        tiny.weightDecay = 0;
        tiny.warmupShare = 0;
        tiny.decay = Decay.CONSTANT;
        ComputationGraph graph = tiny.trainedGraph(1);
        for (int step = 0; step < 5; step++) {
            graph.fit(tiny.batch(step, 5, 3, 4));
        }
        graph.getUpdater().getStateViewArray().assign(0);
        double[] before = values(graph.params());
        GradientCapture gradient = new GradientCapture();
        graph.setListeners(gradient);

        graph.fit(tiny.batch(9, 5, 3, 4));

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
        TinyEncoders decaying = encoders(optimizer, DataType.DOUBLE);
        TinyEncoders free = encoders(optimizer, DataType.DOUBLE);
        free.weightDecay = 0;
        ComputationGraph graph = decaying.trainedGraph(1);
        graph.fit(decaying.batch(1, 5, 3, 4));

        ComputationGraph without = free.trainedGraph(1);
        without.fit(free.batch(1, 5, 3, 4));

        assertThat(graph.score()).isEqualTo(without.score());
    }

    /** The updater must find its values where its array begins, whatever lies before it. */
    @Test
    void worksOnAViewOfALargerArray() {
        INDArray all = Nd4j.createFromArray(9.0, 9.0, 9.0, 0.5, -0.25);
        INDArray view = all.get(NDArrayIndex.interval(3, 5));
        DenseAdamW rule = new DenseAdamW(new WarmupDecay(RATE, 0, 10, Decay.CONSTANT), BETA1, BETA2, EPSILON);
        INDArray state = Nd4j.zeros(DataType.DOUBLE, 8).get(NDArrayIndex.interval(3, 3 + rule.stateSize(2)));

        rule.instantiate(state, false).applyUpdater(view, 0, 0);

        assertThat(all.data().asDouble()).usingComparatorWithPrecision(1e-8).containsExactly(9, 9, 9, RATE, -RATE);
    }

    private static void compare(double[] actual, double[] expected, DataType type, int step) {
        assertThat(actual).hasSameSizeAs(expected);
        double tolerance = (type == DataType.FLOAT ? 1e-5 * RATE + 6e-8 : 1e-13) * (step + 1);
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
