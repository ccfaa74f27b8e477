package org.erat.compute.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.nio.FloatBuffer;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.erat.compute.Losses;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.compute.memory.StridedTensor;
import org.erat.data.safetensors.Dtype;

/** Losses and their gradients. Of a cross entropy all but one element of each row is computed by oneDNN. */
final class OneDnnLosses implements Losses {
    private static final int NO_COLUMN = -1;

    private final Execution execution;

    OneDnnLosses(Execution execution) {
        this.execution = execution;
    }

    private record LogSoftmaxKey(Layout logits, Layout result) {}

    private record EltwiseKey(Layout x, int algorithm, float alpha, float beta) {}

    /**
     * The gradient is weight·(softmax − (1−ε) in the column of the class − ε/C). That of the class is formed of all other
     * classes': 1 less a softmax near 1 would lose its digits.
     */
    @Override
    public StridedTensor crossEntropy(Tensor logits, int[] classes, double smoothing, double weight, Tensor losses) {
        Shapes.checkCrossEntropy(logits, classes, smoothing, losses);
        StridedTensor given = Execution.single("crossEntropy", "logits", logits);
        StridedTensor ofRows = Execution.single("crossEntropy", "losses", losses);
        StridedTensor gradient = execution.allocate(Dtype.F32, given.rows(), given.columns());
        LogSoftmaxKey logSoftmax = new LogSoftmaxKey(Layout.of(given), Layout.of(gradient));
        execution.run(
                execution.primitive(logSoftmax, () -> createLogSoftmax(logSoftmax)),
                given.address(),
                gradient.address());
        FloatBuffer values = HostBlock.of(gradient).floats();
        float[] loss = new float[classes.length];
        for (int row = 0; row < loss.length; row++) {
            int first = HostBlock.index(gradient, row);
            loss[row] = -values.get(first + classes[row]);
            if (smoothing > 0) {
                double mean = sum(values, first, given.columns(), NO_COLUMN) / given.columns();
                loss[row] = (float) ((1 - smoothing) * loss[row] - smoothing * mean);
            }
        }
        HostBlock.putRow(ofRows, 0, loss);
        inPlace(gradient, dnnl_eltwise_exp, 0, 0);
        double ofEach = smoothing / given.columns();
        float[] others = new float[classes.length];
        for (int row = 0; row < others.length; row++) {
            double ofOthers = sum(values, HostBlock.index(gradient, row), given.columns(), classes[row]);
            others[row] = (float) (weight * (ofOthers - smoothing + ofEach));
        }
        inPlace(gradient, dnnl_eltwise_linear, (float) weight, (float) (-weight * ofEach));
        for (int row = 0; row < others.length; row++) {
            values.put(HostBlock.index(gradient, row) + classes[row], -others[row]);
        }
        return gradient;
    }

    private static double sum(FloatBuffer values, int from, long columns, int without) {
        double sum = 0;
        for (int column = 0; column < columns; column++) {
            if (column != without) {
                sum += values.get(from + column);
            }
        }
        return sum;
    }

    private static Primitive createLogSoftmax(LogSoftmaxKey key) {
        dnnl_memory_desc x = key.logits().descriptor();
        dnnl_memory_desc y = key.result().descriptor();
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
    public StridedTensor squaredError(Tensor outputs, float[] targets, double weight, Tensor losses) {
        Shapes.checkSquaredError(outputs, targets, losses);
        StridedTensor given = Execution.single("squaredError", "outputs", outputs);
        StridedTensor ofRows = Execution.single("squaredError", "losses", losses);
        StridedTensor gradient = execution.allocate(Dtype.F32, given.rows(), 1);
        FloatBuffer from = HostBlock.of(given).floats();
        float[] loss = new float[targets.length];
        float[] slope = new float[targets.length];
        for (int row = 0; row < targets.length; row++) {
            double error = (double) from.get(HostBlock.index(given, row)) - targets[row];
            loss[row] = (float) (error * error);
            slope[row] = (float) (2 * weight * error);
        }
        HostBlock.putRow(ofRows, 0, loss);
        HostBlock.of(gradient).floats().put(0, slope);
        return gradient;
    }
}
