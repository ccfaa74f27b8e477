package org.erat.compute.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.nio.FloatBuffer;
import java.util.Arrays;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.erat.compute.Losses;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.compute.memory.StridedTensor;

/** Losses and their gradients. Of a cross entropy all but one element of each row is computed by oneDNN. */
final class OneDnnLosses implements Losses {
    private static final int NO_COLUMN = -1;

    /** Rows that are summed at a time: each sum waits for its own last addition only. */
    private static final int TOGETHER = 4;

    /** Values of a row that are copied to the heap at a time. */
    private static final int RUN = 1024;

    private final Execution execution;

    OneDnnLosses(Execution execution) {
        this.execution = execution;
    }

    private record LogSoftmaxKey(Layout logits) {}

    private record EltwiseKey(Layout x, int algorithm, float alpha, float beta) {}

    /**
     * The gradient is weight·(softmax − (1−ε) in the column of the class − ε/C). That of the class is formed of all other
     * classes': 1 less a softmax near 1 would lose its digits.
     */
    @Override
    public void crossEntropy(Tensor logits, int[] classes, double smoothing, double weight, Tensor losses) {
        Shapes.checkCrossEntropy(logits, classes, smoothing, losses);
        StridedTensor gradient = Execution.single("crossEntropy", "logits", logits);
        StridedTensor ofRows = Execution.single("crossEntropy", "losses", losses);
        LogSoftmaxKey logSoftmax = new LogSoftmaxKey(Layout.of(gradient));
        execution.run(
                execution.primitive(logSoftmax, () -> createLogSoftmax(logSoftmax)),
                gradient.address(),
                gradient.address());
        HostBlock.putRow(ofRows, 0, losses(gradient, classes, smoothing));
        inPlace(gradient, dnnl_eltwise_exp, 0, 0);
        double ofEach = smoothing / gradient.columns();
        double[] others = sums(gradient, classes);
        inPlace(gradient, dnnl_eltwise_linear, (float) weight, (float) (-weight * ofEach));
        for (int row = 0; row < others.length; row++) {
            float ofOthers = (float) (weight * (others[row] - smoothing + ofEach));
            HostBlock.of(gradient).floats().put(HostBlock.index(gradient, row) + classes[row], -ofOthers);
        }
    }

    private static float[] losses(StridedTensor logProbabilities, int[] classes, double smoothing) {
        float[] losses = new float[classes.length];
        for (int row = 0; row < losses.length; row++) {
            losses[row] =
                    -HostBlock.of(logProbabilities).floats().get(HostBlock.index(logProbabilities, row) + classes[row]);
        }
        if (smoothing > 0) {
            int[] none = new int[classes.length];
            Arrays.fill(none, NO_COLUMN);
            double[] sums = sums(logProbabilities, none);
            for (int row = 0; row < losses.length; row++) {
                double mean = sums[row] / logProbabilities.columns();
                losses[row] = (float) ((1 - smoothing) * losses[row] - smoothing * mean);
            }
        }
        return losses;
    }

    /**
     * The sums of all rows, formed from the first column to the last in double precision.
     *
     * @param without [M] the column of each row that is left out
     */
    private static double[] sums(StridedTensor x, int... without) {
        double[] sums = new double[without.length];
        float[][] runs = new float[TOGETHER][RUN];
        double[] four = new double[TOGETHER];
        for (int first = 0; first < without.length; first += TOGETHER) {
            int rows = Math.min(TOGETHER, without.length - first);
            Arrays.fill(four, 0);
            for (int from = 0; from < x.columns(); from += RUN) {
                int length = (int) Math.min(RUN, x.columns() - from);
                for (int row = 0; row < rows; row++) {
                    HostBlock.of(x).floats().get(HostBlock.index(x, first + row) + from, runs[row], 0, length);
                    int left = without[first + row] - from;
                    if (left >= 0 && left < length) {
                        runs[row][left] = 0;
                    }
                }
                add(runs[0], runs[1], runs[2], runs[3], length, four);
            }
            System.arraycopy(four, 0, sums, first, rows);
        }
        return sums;
    }

    private static void add(float[] a, float[] b, float[] c, float[] d, int length, double[] sums) {
        double ofA = sums[0];
        double ofB = sums[1];
        double ofC = sums[2];
        double ofD = sums[3];
        for (int i = 0; i < length; i++) {
            ofA += a[i];
            ofB += b[i];
            ofC += c[i];
            ofD += d[i];
        }
        sums[0] = ofA;
        sums[1] = ofB;
        sums[2] = ofC;
        sums[3] = ofD;
    }

    private static Primitive createLogSoftmax(LogSoftmaxKey key) {
        dnnl_memory_desc x = key.logits().descriptor();
        dnnl_memory_desc y = key.logits().descriptor();
        dnnl_primitive_attr attributes = OneDnn.attributes(null);
        dnnl_primitive_desc description = new dnnl_primitive_desc();
        int status = dnnl_softmax_forward_primitive_desc_create(
                description, OneDnn.ENGINE, dnnl_forward_inference, dnnl_softmax_log, x, y, 1, attributes);
        dnnl_primitive_attr_destroy(attributes);
        return new Primitive.Builder("log softmax " + key)
                .operand(DNNL_ARG_SRC, x)
                .operand(DNNL_ARG_DST, y)
                .build(description, status);
    }

    private void inPlace(StridedTensor x, int algorithm, float alpha, float beta) {
        EltwiseKey key = new EltwiseKey(Layout.of(x), algorithm, alpha, beta);
        execution.run(execution.primitive(key, () -> createEltwise(key)), x.address(), x.address());
    }

    private static Primitive createEltwise(EltwiseKey key) {
        dnnl_memory_desc x = key.x().descriptor();
        dnnl_memory_desc y = key.x().descriptor();
        dnnl_primitive_attr attributes = OneDnn.attributes(null);
        dnnl_primitive_desc description = new dnnl_primitive_desc();
        int status = dnnl_eltwise_forward_primitive_desc_create(
                description,
                OneDnn.ENGINE,
                dnnl_forward_inference,
                key.algorithm(),
                x,
                y,
                key.alpha(),
                key.beta(),
                attributes);
        dnnl_primitive_attr_destroy(attributes);
        return new Primitive.Builder("gradient of a cross entropy " + key)
                .operand(DNNL_ARG_SRC, x)
                .operand(DNNL_ARG_DST, y)
                .build(description, status);
    }

    @Override
    public void binaryCrossEntropy(Tensor logits, float[] targets, double weight, Tensor losses) {
        Shapes.checkBinaryCrossEntropy(logits, targets, losses);
        StridedTensor given = Execution.single("binaryCrossEntropy", "logits", logits);
        StridedTensor ofRows = Execution.single("binaryCrossEntropy", "losses", losses);
        int columns = (int) given.columns();
        float[] row = new float[columns];
        float[] loss = new float[(int) given.rows()];
        for (int i = 0; i < loss.length; i++) {
            HostBlock.getRow(given, i, row);
            double sum = 0;
            for (int c = 0; c < columns; c++) {
                double x = row[c];
                double y = targets[i * columns + c];
                // Of the negative exponent only, which cannot overflow.
                double small = Math.exp(-Math.abs(x));
                sum += Math.max(x, 0) - x * y + Math.log1p(small);
                double probability = (x >= 0 ? 1 : small) / (1 + small);
                row[c] = (float) (weight / columns * (probability - y));
            }
            loss[i] = (float) (sum / columns);
            HostBlock.putRow(given, i, row);
        }
        HostBlock.putRow(ofRows, 0, loss);
    }

    @Override
    public void squaredError(Tensor outputs, float[] targets, double weight, Tensor losses) {
        Shapes.checkSquaredError(outputs, targets, losses);
        StridedTensor given = Execution.single("squaredError", "outputs", outputs);
        StridedTensor ofRows = Execution.single("squaredError", "losses", losses);
        FloatBuffer values = HostBlock.of(given).floats();
        float[] loss = new float[targets.length];
        for (int row = 0; row < targets.length; row++) {
            int at = HostBlock.index(given, row);
            double error = (double) values.get(at) - targets[row];
            loss[row] = (float) (error * error);
            values.put(at, (float) (2 * weight * error));
        }
        HostBlock.putRow(ofRows, 0, loss);
    }
}
