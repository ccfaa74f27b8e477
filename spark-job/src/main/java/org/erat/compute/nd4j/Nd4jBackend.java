package org.erat.compute.nd4j;

import java.nio.FloatBuffer;
import java.util.List;
import org.erat.compute.Backend;
import org.erat.compute.FrozenLinear;
import org.erat.compute.FrozenValues;
import org.erat.compute.HostUpdate;
import org.erat.compute.Kernels;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.config.Precision;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Reference implementation over ND4J arrays, in single or, for numerical checks, double precision. The number of threads
 * of a product is ND4J's own, whatever {@link #open} is asked for.
 */
public final class Nd4jBackend implements Backend {
    private final DataType type;

    /** @param precision F32 or F64; frozen values are converted */
    public Nd4jBackend(Precision precision) {
        Shapes.require(
                precision == Precision.F32 || precision == Precision.F64,
                "nd4j: precision %s is neither F32 nor F64",
                precision);
        this.type = precision == Precision.F64 ? DataType.DOUBLE : DataType.FLOAT;
    }

    /**
     * An affine map: weight [O,I], bias [O].
     *
     * @param ownsWeight whether closing the map closes the weight
     */
    record Linear(Nd4jTensor weight, Nd4jTensor bias, boolean ownsWeight) implements FrozenLinear {
        static Linear of(FrozenLinear map) {
            if (map instanceof Linear own) {
                return own;
            }
            throw new IllegalArgumentException(
                    "linear map of another backend: " + map.getClass().getSimpleName());
        }

        @Override
        public long in() {
            return weight.shape()[1];
        }

        @Override
        public long out() {
            return weight.shape()[0];
        }

        @Override
        public void close() {
            if (ownsWeight) {
                weight.close();
            }
            bias.close();
        }
    }

    @Override
    public String name() {
        return "nd4j";
    }

    @Override
    public Tensor frozen(FloatBuffer values, long... shape) {
        return Nd4jTensor.frozen(copy(values, shape));
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
        return new Linear(Nd4jTensor.frozen(stack(weight)), Nd4jTensor.frozen(stack(bias)), true);
    }

    @Override
    public FrozenLinear frozenLinear(Tensor table, FloatBuffer bias) {
        int out = Shapes.checkTable(table, bias);
        return new Linear((Nd4jTensor) table, Nd4jTensor.frozen(copy(bias, out)), false);
    }

    private static INDArray stack(INDArray... parts) {
        return parts.length == 1 ? parts[0] : Nd4j.concat(0, parts);
    }

    @Override
    public Kernels open(int threads) {
        Shapes.require(threads > 0, "nd4j: %s threads", threads);
        Nd4jMemory memory = new Nd4jMemory(type);
        Nd4jPointwise pointwise = new Nd4jPointwise(memory);
        return new Kernels(
                memory,
                new Nd4jMatrices(memory, pointwise),
                new Nd4jNorms(memory),
                new Nd4jAttention(memory),
                new Nd4jTokens(memory),
                pointwise,
                new Nd4jLosses(memory),
                new HostUpdate(Nd4jTensor::hostValues));
    }

    private INDArray copy(FloatBuffer values, long... shape) {
        Shapes.checkFrozen(values, shape);
        return Nd4jMemory.copy(values, type, shape);
    }
}
