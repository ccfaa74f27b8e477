package org.erat.compute.nd4j;

import static org.erat.compute.nd4j.Nd4jTensor.array;

import org.erat.compute.DropoutMask;
import org.erat.compute.Pointwise;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.data.architecture.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/** What is done to each element by itself. */
final class Nd4jPointwise implements Pointwise {
    private static final double TANH_SCALE = Math.sqrt(2 / Math.PI);
    private static final double TANH_CUBIC = 0.044715;

    private final Nd4jMemory memory;

    Nd4jPointwise(Nd4jMemory memory) {
        this.memory = memory;
    }

    @Override
    public void fill(Tensor tensor, double value) {
        array(tensor).assign(value);
    }

    @Override
    public Tensor copy(Tensor x) {
        Shapes.rows("copy", "x", x);
        return memory.own(array(x).dup('c'));
    }

    @Override
    public void assign(Tensor x, Tensor into) {
        Shapes.checkShape("assign", "x", x, into.shape());
        array(into).assign(array(x));
    }

    @Override
    public void add(Tensor x, Tensor into) {
        Shapes.checkShape("add", "x", x, into.shape());
        array(into).addi(array(x));
    }

    @Override
    public void subtract(Tensor x, Tensor into) {
        Shapes.checkShape("subtract", "x", x, into.shape());
        array(into).subi(array(x));
    }

    @Override
    public Tensor multiply(Tensor x, Tensor y) {
        Shapes.checkShape("multiply", "y", y, x.shape());
        return memory.own(array(x).mul(array(y)));
    }

    @Override
    public Tensor activation(Activation f, Tensor x) {
        Shapes.columns("activation", "x", x);
        INDArray in = array(x);
        return memory.own(
                switch (f) {
                    case GELU -> in.mul(gaussianCumulative(in));
                    case GELU_TANH -> in.mul(tanhOfGelu(in).addi(1)).muli(0.5);
                    case RELU -> Transforms.max(in, 0);
                    case TANH -> Transforms.tanh(in, true);
                    case SILU -> in.mul(Transforms.sigmoid(in, true));
                });
    }

    @Override
    public Tensor activationBackward(Activation f, Tensor dy, Tensor x) {
        Shapes.checkShape("activationBackward", "dy", dy, x.shape());
        Shapes.columns("activationBackward", "x", x);
        INDArray in = array(x);
        INDArray derivative =
                switch (f) {
                    case GELU -> {
                        INDArray density = Transforms.exp(in.mul(in).muli(-0.5)).muli(1 / Math.sqrt(2 * Math.PI));
                        yield gaussianCumulative(in).addi(density.muli(in));
                    }
                    case GELU_TANH -> {
                        INDArray tanh = tanhOfGelu(in);
                        INDArray inner = in.mul(in)
                                .muli(3 * TANH_CUBIC)
                                .addi(1)
                                .muli(TANH_SCALE)
                                .muli(in);
                        INDArray slope = tanh.mul(tanh).rsubi(1).muli(inner);
                        yield tanh.addi(1).addi(slope).muli(0.5);
                    }
                    case RELU -> in.gt(0).castTo(memory.type());
                    case TANH -> {
                        INDArray tanh = Transforms.tanh(in, true);
                        yield tanh.muli(tanh).rsubi(1);
                    }
                    case SILU -> {
                        INDArray sigmoid = Transforms.sigmoid(in, true);
                        yield sigmoid.rsub(1).muli(in).addi(1).muli(sigmoid);
                    }
                };
        return memory.own(derivative.muli(array(dy)));
    }

    /** Φ(x) = (1 + erf(x/√2)) / 2. */
    private static INDArray gaussianCumulative(INDArray x) {
        return Nd4j.math().erf(x.mul(Math.sqrt(0.5))).addi(1).muli(0.5);
    }

    /** tanh(√(2/π)·(x + 0.044715·x³)). */
    private static INDArray tanhOfGelu(INDArray x) {
        INDArray inner = x.mul(x).muli(TANH_CUBIC).addi(1).muli(x).muli(TANH_SCALE);
        return Transforms.tanh(inner, false);
    }

    @Override
    public Tensor dropout(Tensor x, double rate, long key, long first) {
        DropoutMask mask = new DropoutMask(rate, key, first);
        INDArray in = array(x);
        double[] factors = new double[(int) in.length()];
        for (int i = 0; i < factors.length; i++) {
            factors[i] = mask.keeps(i) ? 1 / (1 - rate) : 0;
        }
        return memory.own(Nd4j.createFromArray(factors)
                .castTo(memory.type())
                .reshape('c', in.shape())
                .muli(in));
    }

    @Override
    public void scaleColumns(Tensor u, float[] factors, int tokens) {
        int toNextExample = Shapes.checkScaleColumns(u, factors, tokens);
        INDArray rows = array(u);
        INDArray given = Nd4j.createFromArray(factors).castTo(memory.type());
        if (toNextExample == 0) {
            rows.muliRowVector(given);
            return;
        }
        long batch = rows.size(0) / tokens;
        rows.muli(given.reshape('c', batch, 1, rows.size(1)).repeat(1, tokens).reshape('c', rows.shape()));
    }
}
