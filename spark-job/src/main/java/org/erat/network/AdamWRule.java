package org.erat.network;

import java.util.Objects;
import org.bytedeco.javacpp.indexer.DoubleIndexer;
import org.bytedeco.javacpp.indexer.FloatIndexer;
import org.bytedeco.javacpp.indexer.Indexer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * The rule of AdamW (Loshchilov and Hutter, arXiv 1711.05101, algorithm 2) and its settings. Deeplearning4j's own Adam
 * adds epsilon before the bias correction, which for small gradients makes the first steps shorter, and takes the step
 * from the iteration, which is wrong where moments start anew in the middle of a run; so the rule is written here.
 */
abstract class AdamWRule implements IUpdater {
    private double learningRate;
    private ISchedule learningRateSchedule;
    private double beta1;
    private double beta2;
    private double epsilon;

    /** For deserialization. */
    AdamWRule() {}

    /**
     * @param schedule learning rate by iteration
     * @param beta1 decay of the first moments, in [0,1)
     * @param beta2 decay of the second moments, in [0,1)
     * @param epsilon added to the root of the second moments, above 0
     */
    AdamWRule(ISchedule schedule, double beta1, double beta2, double epsilon) {
        this.learningRate = schedule.valueAt(0, 0);
        this.learningRateSchedule = schedule;
        this.beta1 = beta1;
        this.beta2 = beta2;
        this.epsilon = epsilon;
    }

    /**
     * Values of a gradient, of parameters or of a state: a contiguous array, or view of an array, of floats or doubles.
     * They are passed in runs, over which the loops of the rule are vectorized.
     */
    interface Values {
        /** Copies {@code length} values from {@code from} on to the start of {@code into}. */
        void get(long from, double[] into, int length);

        /** Sets {@code length} values from {@code from} on. */
        void put(long from, double[] values, int length);

        default double get(long i) {
            double[] value = new double[1];
            get(i, value, 1);
            return value[0];
        }

        default void put(long i, double value) {
            put(i, new double[] {value}, 1);
        }

        /** Access to an array; runs are of {@link #RUN} values at most. */
        static Values of(INDArray array) {
            Indexer indexer = array.data().indexer();
            if (indexer instanceof FloatIndexer floats) {
                float[] run = new float[RUN];
                return new Values() {
                    @Override
                    public void get(long from, double[] into, int length) {
                        floats.get(from, run, 0, length);
                        for (int i = 0; i < length; i++) {
                            into[i] = run[i];
                        }
                    }

                    @Override
                    public void put(long from, double[] values, int length) {
                        for (int i = 0; i < length; i++) {
                            run[i] = (float) values[i];
                        }
                        floats.put(from, run, 0, length);
                    }
                };
            }
            DoubleIndexer doubles = (DoubleIndexer) indexer;
            return new Values() {
                @Override
                public void get(long from, double[] into, int length) {
                    doubles.get(from, into, 0, length);
                }

                @Override
                public void put(long from, double[] values, int length) {
                    doubles.put(from, values, 0, length);
                }
            };
        }
    }

    /** Most values of one run: three of them fit into a core's first cache. */
    static final int RUN = 1024;

    /**
     * Moves the moments of a range and replaces its gradient by the direction m̂ / (√v̂ + ε).
     *
     * @param gradient values [from, from + length) are the range
     * @param state the first moment of value i is at i, the second one at {@code second} + i
     * @param step steps of this range, this one included, from 1
     */
    void direct(Values gradient, Values state, long from, long length, long second, double step) {
        double firstCorrection = 1 - Math.pow(beta1, step);
        double secondCorrection = 1 - Math.pow(beta2, step);
        int most = (int) Math.min(RUN, length);
        double[] g = new double[most];
        double[] m = new double[most];
        double[] v = new double[most];
        for (long at = from; at < from + length; at += RUN) {
            int run = (int) Math.min(RUN, from + length - at);
            gradient.get(at, g, run);
            state.get(at, m, run);
            state.get(second + at, v, run);
            for (int i = 0; i < run; i++) {
                m[i] = beta1 * m[i] + (1 - beta1) * g[i];
                v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
                g[i] = m[i] / firstCorrection / (Math.sqrt(v[i] / secondCorrection) + epsilon);
            }
            state.put(at, m, run);
            state.put(second + at, v, run);
            gradient.put(at, g, run);
        }
    }

    @Override
    public double getLearningRate(int iteration, int epoch) {
        return learningRateSchedule == null ? learningRate : learningRateSchedule.valueAt(iteration, epoch);
    }

    @Override
    public boolean hasLearningRate() {
        return true;
    }

    @Override
    public void setLrAndSchedule(double lr, ISchedule schedule) {
        this.learningRate = lr;
        this.learningRateSchedule = schedule;
    }

    @Override
    public AdamWRule clone() {
        try {
            return (AdamWRule) super.clone();
        } catch (CloneNotSupportedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof AdamWRule that
                && getClass() == that.getClass()
                && learningRate == that.learningRate
                && Objects.equals(learningRateSchedule, that.learningRateSchedule)
                && beta1 == that.beta1
                && beta2 == that.beta2
                && epsilon == that.epsilon;
    }

    @Override
    public int hashCode() {
        return Objects.hash(getClass(), learningRate, learningRateSchedule, beta1, beta2, epsilon);
    }
}
