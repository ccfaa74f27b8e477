package org.erat.compute.nd4j;

import java.nio.FloatBuffer;
import java.util.List;
import org.erat.compute.Backend;
import org.erat.compute.FrozenLinear;
import org.erat.compute.FrozenValues;
import org.erat.compute.Kernels;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Reference implementation over ND4J arrays, in single or, for numerical checks, double precision. The number of threads
 * of a product is ND4J's own, whatever {@link #open} is asked for.
 */
public final class Nd4jBackend implements Backend {
    private final DataType type;

    /** @param type FLOAT or DOUBLE; frozen values are converted */
    public Nd4jBackend(DataType type) {
        Shapes.require(
                type == DataType.FLOAT || type == DataType.DOUBLE, "nd4j: type %s is neither FLOAT nor DOUBLE", type);
        this.type = type;
    }

    /** An affine map: weight [O,I], bias [O]. */
    record Linear(INDArray weight, INDArray bias) implements FrozenLinear {
        @Override
        public long in() {
            return weight.size(1);
        }

        @Override
        public long out() {
            return weight.size(0);
        }
    }

    @Override
    public String name() {
        return "nd4j";
    }

    @Override
    public Tensor frozen(FloatBuffer values, long... shape) {
        Shapes.checkTensor(shape);
        return Nd4jTensor.borrowing(copy(values, shape));
    }

    @Override
    public FrozenLinear frozenLinear(List<FrozenValues> weights, FloatBuffer[] biases, int in) {
        int[] outs = Shapes.checkFrozenLinear(weights, biases, in);
        INDArray[] weight = new INDArray[outs.length];
        INDArray[] bias = new INDArray[outs.length];
        for (int i = 0; i < outs.length; i++) {
            weight[i] = copy(weights.get(i).inPlace(), outs[i], in);
            bias[i] = copy(biases[i], outs[i]);
        }
        return outs.length == 1
                ? new Linear(weight[0], bias[0])
                : new Linear(Nd4j.concat(0, weight), Nd4j.concat(0, bias));
    }

    @Override
    public Kernels open(int threads) {
        Shapes.require(threads > 0, "nd4j: %s threads", threads);
        return new Nd4jKernels(type);
    }

    private INDArray copy(FloatBuffer values, long... shape) {
        Shapes.checkFrozen(values, shape);
        float[] copy = new float[values.remaining()];
        values.duplicate().get(copy);
        return Nd4j.createFromArray(copy).reshape(shape).castTo(type);
    }
}
