package org.erat.compute.nd4j;

import static org.erat.compute.nd4j.Nd4jTensor.array;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntToDoubleFunction;
import org.erat.compute.Activation;
import org.erat.compute.AdamW;
import org.erat.compute.DropoutMask;
import org.erat.compute.FrozenLinear;
import org.erat.compute.HostOptimizer;
import org.erat.compute.HostValues;
import org.erat.compute.Kernels;
import org.erat.compute.Loss;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;

/** The primitives as the formulas read, over ND4J arrays. */
final class Nd4jKernels implements Kernels {
    private static final double TANH_SCALE = Math.sqrt(2 / Math.PI);
    private static final double TANH_CUBIC = 0.044715;

    private final DataType type;
    private final AtomicLong outstanding = new AtomicLong();

    Nd4jKernels(DataType type) {
        this.type = type;
    }

    @Override
    public DataType dataType() {
        return type;
    }

    @Override
    public boolean onDevice() {
        return false;
    }

    // ---- memory

    /** Filled with NaN: the reference makes any read of what was never written visible. */
    @Override
    public Tensor allocate(long... shape) {
        Shapes.checkTensor(shape);
        return result(Nd4j.valueArrayOf(shape, Double.NaN, type));
    }

    @Override
    public Tensor allocateSingle(long... shape) {
        return allocate(shape);
    }

    @Override
    public Tensor upload(INDArray values) {
        Shapes.checkTensor(values.shape());
        return result(values.castTo(type).dup('c'));
    }

    @Override
    public Tensor uploadSingle(INDArray values) {
        return upload(values);
    }

    @Override
    public void download(Tensor tensor, INDArray into) {
        INDArray from = array(tensor);
        Shapes.require(from.length() == into.length(), "download: shape %s into shape %s", from.shape(), into.shape());
        into.assign(from.dup('c').reshape('c', into.shape()).castTo(into.dataType()));
    }

    @Override
    public void fill(Tensor tensor, double value) {
        array(tensor).assign(value);
    }

    private Tensor result(INDArray array) {
        return Nd4jTensor.owning(array, outstanding);
    }

    // ---- linear maps

    @Override
    public Tensor linear(Tensor x, FrozenLinear w) {
        Nd4jBackend.Linear map = (Nd4jBackend.Linear) w;
        Shapes.checkShape("linear", "x", x, Shapes.rows("linear", "x", x), w.in());
        return result(array(x).mmul(map.weight().transpose()).addiRowVector(map.bias()));
    }

    @Override
    public Tensor linearBackward(Tensor dy, FrozenLinear w) {
        Nd4jBackend.Linear map = (Nd4jBackend.Linear) w;
        Shapes.checkShape("linearBackward", "dy", dy, Shapes.rows("linearBackward", "dy", dy), w.out());
        return result(array(dy).mmul(map.weight()));
    }

    @Override
    public void product(
            Tensor a, boolean transposeA, Tensor b, boolean transposeB, double alpha, double beta, Tensor c) {
        Shapes.checkProduct(a, transposeA, b, transposeB, c);
        INDArray left = transposeA ? array(a).transpose() : array(a);
        INDArray right = transposeB ? array(b).transpose() : array(b);
        INDArray product = left.mmul(right).muli(alpha);
        INDArray into = array(c);
        if (beta != 0) {
            product.addi(into.mul(beta));
        }
        into.assign(product);
    }

    @Override
    public Tensor copy(Tensor x) {
        Shapes.rows("copy", "x", x);
        return result(array(x).dup('c'));
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

    // ---- embeddings

    @Override
    public Tensor embeddings(
            Tensor words, Tensor positionTable, Tensor types, int[] tokenIds, int[] typeIds, int[] positions) {
        Shapes.checkEmbeddings(words, positionTable, types, tokenIds, typeIds, positions);
        INDArray sum = Nd4j.pullRows(array(words), 1, tokenIds);
        sum.addi(Nd4j.pullRows(array(positionTable), 1, positions));
        if (types != null) {
            sum.addi(Nd4j.pullRows(array(types), 1, typeIds));
        }
        return result(sum);
    }

    // ---- layer normalisation

    @Override
    public Tensor layerNorm(Tensor x, Tensor gain, Tensor bias, double epsilon, Tensor mean, Tensor inverseDeviation) {
        Shapes.checkLayerNorm("layerNorm", x, gain, bias, mean, inverseDeviation);
        INDArray mu = array(x).mean(1);
        INDArray centred = array(x).subColumnVector(mu);
        INDArray perDeviation = Transforms.pow(centred.mul(centred).mean(1).addi(epsilon), -0.5);
        array(mean).assign(mu);
        array(inverseDeviation).assign(perDeviation);
        return result(centred.muliColumnVector(perDeviation)
                .muliRowVector(array(gain))
                .addiRowVector(array(bias)));
    }

    @Override
    public Tensor layerNormBackward(Tensor dy, Tensor gain, Tensor bias, double epsilon, LayerNormState saved) {
        Shapes.checkLayerNorm("layerNormBackward", saved.input(), gain, bias, saved.mean(), saved.inverseDeviation());
        Shapes.checkShape("layerNormBackward", "dy", dy, saved.input().shape());
        INDArray perDeviation = array(saved.inverseDeviation());
        INDArray normal =
                array(saved.input()).subColumnVector(array(saved.mean())).muliColumnVector(perDeviation);
        INDArray dNormal = array(dy).mulRowVector(array(gain));
        INDArray alongNormal = dNormal.mul(normal).mean(1);
        INDArray alongOnes = dNormal.mean(1);
        return result(dNormal.subi(normal.muliColumnVector(alongNormal))
                .subiColumnVector(alongOnes)
                .muliColumnVector(perDeviation));
    }

    // ---- activation

    @Override
    public Tensor activation(Activation f, Tensor x) {
        Shapes.columns("activation", "x", x);
        INDArray in = array(x);
        return result(
                switch (f) {
                    case GELU -> in.mul(gaussianCumulative(in));
                    case GELU_TANH -> in.mul(tanhOfGelu(in).addi(1)).muli(0.5);
                    case RELU -> Transforms.max(in, 0);
                    case TANH -> Transforms.tanh(in, true);
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
                    case RELU -> in.gt(0).castTo(type);
                    case TANH -> {
                        INDArray tanh = Transforms.tanh(in, true);
                        yield tanh.muli(tanh).rsubi(1);
                    }
                };
        return result(derivative.muli(array(dy)));
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

    // ---- attention

    @Override
    public Attended attention(Tensor qkv, AttentionShape shape) {
        int width = Shapes.checkAttention("attention", qkv, shape);
        INDArray[] heads = splitHeads(array(qkv), shape, width);
        INDArray scores =
                Nd4j.matmul(heads[0], heads[1], false, true, false).muli(1 / Math.sqrt((double) width / shape.heads()));
        INDArray weights = maskedSoftmax(scores, shape);
        Tensor y = result(joinHeads(Nd4j.matmul(weights, heads[2]), shape, width));
        return new Attended(y, result(weights.reshape('c', -1, shape.tokens())), false);
    }

    @Override
    public Tensor attentionBackward(Tensor dy, Tensor qkv, AttentionShape shape, Attended saved) {
        int width = Shapes.checkAttentionBackward(dy, qkv, shape);
        Shapes.checkAttentionWeights(saved.kept(), shape);
        int tokens = shape.tokens();
        INDArray[] heads = splitHeads(array(qkv), shape, width);
        INDArray dContext = splitHeads(array(dy), shape, width)[0];
        INDArray weights = array(saved.kept()).reshape(heads[0].size(0), tokens, tokens);
        INDArray dWeights = Nd4j.matmul(dContext, heads[2], false, true, false);
        INDArray dScores = dWeights.sub(dWeights.mul(weights).sum(true, 2))
                .muli(weights)
                .muli(1 / Math.sqrt((double) width / shape.heads()));
        INDArray dQuery = Nd4j.matmul(dScores, heads[1]);
        INDArray dKey = Nd4j.matmul(dScores, heads[0], true, false, false);
        INDArray dValue = Nd4j.matmul(weights, dContext, true, false, false);
        return result(Nd4j.concat(
                1, joinHeads(dQuery, shape, width), joinHeads(dKey, shape, width), joinHeads(dValue, shape, width)));
    }

    /** Each H wide part of x [N,·] as [B·A, T, D]. */
    private static INDArray[] splitHeads(INDArray x, AttentionShape shape, int width) {
        int parts = (int) (x.size(1) / width);
        int d = width / shape.heads();
        INDArray split = x.dup('c')
                .reshape('c', shape.batch(), shape.tokens(), parts, shape.heads(), d)
                .permute(2, 0, 3, 1, 4);
        INDArray[] heads = new INDArray[parts];
        for (int i = 0; i < parts; i++) {
            heads[i] = split.slice(i).dup('c').reshape('c', (long) shape.batch() * shape.heads(), shape.tokens(), d);
        }
        return heads;
    }

    /** [B·A, T, D] back to [N,H]. */
    private static INDArray joinHeads(INDArray x, AttentionShape shape, int width) {
        int d = width / shape.heads();
        return x.reshape('c', shape.batch(), shape.heads(), shape.tokens(), d)
                .permute(0, 2, 1, 3)
                .dup('c')
                .reshape('c', (long) shape.batch() * shape.tokens(), width);
    }

    /** Softmax over the keys of each example; zero where the key or the query is padding. */
    private INDArray maskedSoftmax(INDArray scores, AttentionShape shape) {
        int tokens = shape.tokens();
        INDArray valid = rowFactors(shape, length -> 1);
        INDArray mask =
                valid.reshape('c', shape.batch(), 1, tokens, 1).mul(valid.reshape('c', shape.batch(), 1, 1, tokens));
        // Far below any score, so that the maximum is one of the keys in use; finite, so that no NaN comes of it.
        INDArray masked = scores.reshape('c', shape.batch(), shape.heads(), tokens, tokens)
                .add(mask.rsub(1).muli(-1e30));
        INDArray weights =
                Transforms.exp(masked.sub(masked.max(true, 3)), false).mul(mask);
        INDArray sums = weights.sum(true, 3);
        return weights.div(sums.add(sums.eq(0).castTo(type))).reshape('c', scores.shape());
    }

    /** Per row b·T+t a factor of the example's length, zero on padding: [N]. */
    private INDArray rowFactors(AttentionShape shape, IntToDoubleFunction factor) {
        double[] factors = new double[shape.batch() * shape.tokens()];
        for (int b = 0; b < shape.batch(); b++) {
            int length = shape.lengths()[b];
            int start = b * shape.tokens();
            Arrays.fill(factors, start, start + length, factor.applyAsDouble(length));
        }
        return Nd4j.createFromArray(factors).castTo(type);
    }

    // ---- dropout

    @Override
    public Tensor dropout(Tensor x, double rate, long key) {
        DropoutMask mask = new DropoutMask(rate, key);
        INDArray in = array(x);
        double[] factors = new double[(int) in.length()];
        for (int i = 0; i < factors.length; i++) {
            factors[i] = mask.keeps(i) ? 1 / (1 - rate) : 0;
        }
        return result(Nd4j.createFromArray(factors)
                .castTo(type)
                .reshape('c', in.shape())
                .muli(in));
    }

    // ---- per-example windows

    @Override
    public void scaleByExample(Tensor u, float[] factors, int tokens) {
        int batch = Shapes.checkScaleByExample(u, factors, tokens);
        INDArray rows = array(u);
        long rank = rows.size(1);
        INDArray perToken = Nd4j.createFromArray(factors)
                .castTo(type)
                .reshape('c', batch, 1, rank)
                .repeat(1, tokens)
                .reshape('c', rows.shape());
        rows.muli(perToken);
    }

    // ---- pooling

    @Override
    public Tensor meanPool(Tensor x, AttentionShape shape) {
        long width = Shapes.checkPool("meanPool", x, shape);
        INDArray weighted = array(x).mulColumnVector(rowFactors(shape, length -> 1.0 / length));
        return result(
                weighted.reshape('c', shape.batch(), shape.tokens(), width).sum(1));
    }

    @Override
    public Tensor meanPoolBackward(Tensor dy, AttentionShape shape) {
        Shapes.checkPoolBackward("meanPoolBackward", dy, shape);
        return result(array(dy).repeat(0, shape.tokens()).muliColumnVector(rowFactors(shape, length -> 1.0 / length)));
    }

    @Override
    public Tensor firstToken(Tensor x, AttentionShape shape) {
        Shapes.checkPool("firstToken", x, shape);
        return result(array(x).get(everyExample(shape), NDArrayIndex.all()).dup('c'));
    }

    @Override
    public Tensor firstTokenBackward(Tensor dy, AttentionShape shape) {
        long width = Shapes.checkPoolBackward("firstTokenBackward", dy, shape);
        INDArray dx = Nd4j.zeros(type, (long) shape.batch() * shape.tokens(), width);
        dx.get(everyExample(shape), NDArrayIndex.all()).assign(array(dy));
        return result(dx);
    }

    /** The rows b·T. */
    private static INDArrayIndex everyExample(AttentionShape shape) {
        return NDArrayIndex.interval(0, shape.tokens(), (long) shape.batch() * shape.tokens());
    }

    // ---- loss and optimizer

    @Override
    public Tensor loss(Loss loss, Tensor outputs, INDArray targets, Tensor losses) {
        Shapes.checkLoss(outputs, targets.shape(), losses);
        INDArray wanted = targets.castTo(type);
        INDArray given = array(outputs);
        return switch (loss) {
            case CROSS_ENTROPY -> {
                INDArray shifted = given.subColumnVector(given.max(1));
                INDArray sums = Transforms.exp(shifted).sum(1);
                INDArray logarithms = shifted.subiColumnVector(Transforms.log(sums));
                array(losses).assign(wanted.mul(logarithms).sum(1).negi());
                yield result(Transforms.exp(logarithms)
                        .muliColumnVector(wanted.sum(1))
                        .subi(wanted));
            }
            case SQUARED_ERROR -> {
                INDArray error = given.sub(wanted);
                array(losses).assign(error.mul(error).mean(1));
                yield result(error.muli(2.0 / error.size(1)));
            }
        };
    }

    @Override
    public void summarise(Tensor losses, Tensor gradient, double largestNorm, Tensor summary) {
        Shapes.checkSummary(losses, gradient, summary);
        HostOptimizer.summarise(
                HostValues.of(array(losses)),
                losses.shape()[0],
                HostValues.of(array(gradient)),
                gradient.shape()[0],
                largestNorm,
                HostValues.of(array(summary)));
    }

    @Override
    public void adamW(
            AdamW rule,
            double learningRate,
            List<AdamW.Stretch> stretches,
            Tensor parameters,
            Tensor gradient,
            Tensor state,
            Tensor summary) {
        Shapes.checkAdamW(stretches, parameters, gradient, state, summary);
        HostOptimizer.adamW(
                rule,
                learningRate,
                stretches,
                HostValues.of(array(parameters)),
                HostValues.of(array(gradient)),
                HostValues.of(array(state)),
                HostValues.of(array(summary)));
    }

    @Override
    public long outstanding() {
        return outstanding.get();
    }

    @Override
    public void rest() {
        // ND4J's arrays are freed one by one.
    }

    @Override
    public void close() {
        // ND4J's arrays are freed one by one.
    }
}
