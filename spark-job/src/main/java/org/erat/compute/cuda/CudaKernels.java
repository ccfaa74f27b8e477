package org.erat.compute.cuda;

import java.util.List;
import org.erat.compute.Activation;
import org.erat.compute.AdamW;
import org.erat.compute.FrozenLinear;
import org.erat.compute.Kernels;
import org.erat.compute.Loss;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The primitives of one task; each family lives in a class of its own. */
final class CudaKernels implements Kernels {
    private final Execution execution;
    private final HostCopies copies;
    private final Products products;
    private final Elementwise elementwise;
    private final Normalisation normalisation;
    private final Attention attention;
    private final FusedAttention fusedAttention;
    private final Tokens tokens;
    private final Optimizer optimizer;

    CudaKernels(Execution execution) {
        this.execution = execution;
        copies = new HostCopies(execution);
        products = new Products(execution);
        elementwise = new Elementwise(execution);
        normalisation = new Normalisation(execution);
        attention = new Attention(execution);
        fusedAttention = new FusedAttention(execution);
        tokens = new Tokens(execution);
        optimizer = new Optimizer(execution, copies);
    }

    Execution execution() {
        return execution;
    }

    @Override
    public DataType dataType() {
        return DataType.FLOAT;
    }

    @Override
    public boolean onDevice() {
        return true;
    }

    // ---- memory

    @Override
    public Tensor allocate(long... shape) {
        Shapes.checkTensor(shape);
        return execution.allocate(shape);
    }

    @Override
    public Tensor allocateSingle(long... shape) {
        Shapes.checkTensor(shape);
        return execution.allocate(Format.F32, shape);
    }

    @Override
    public Tensor upload(INDArray values) {
        return copies.upload(values, execution.activations());
    }

    @Override
    public Tensor uploadSingle(INDArray values) {
        return copies.upload(values, Format.F32);
    }

    @Override
    public void download(Tensor tensor, INDArray into) {
        copies.download(tensor, into);
    }

    @Override
    public void fill(Tensor tensor, double value) {
        elementwise.fill(tensor, value);
    }

    // ---- linear maps

    @Override
    public Tensor linear(Tensor x, FrozenLinear w) {
        return products.linear(x, w);
    }

    @Override
    public Tensor linearBackward(Tensor dy, FrozenLinear w) {
        return products.linearBackward(dy, w);
    }

    @Override
    public void product(
            Tensor a, boolean transposeA, Tensor b, boolean transposeB, double alpha, double beta, Tensor c) {
        products.product(a, transposeA, b, transposeB, alpha, beta, c);
    }

    @Override
    public Tensor copy(Tensor x) {
        Shapes.rows("copy", "x", x);
        CudaTensor from = CudaTensor.of(x);
        return execution.copy(from, from.format());
    }

    @Override
    public void assign(Tensor x, Tensor into) {
        elementwise.assign(x, into);
    }

    @Override
    public void add(Tensor x, Tensor into) {
        elementwise.add(x, into);
    }

    // ---- embeddings

    @Override
    public Tensor embeddings(
            Tensor words, Tensor positionTable, Tensor types, int[] tokenIds, int[] typeIds, int[] positions) {
        return tokens.embeddings(words, positionTable, types, tokenIds, typeIds, positions);
    }

    // ---- layer normalisation

    @Override
    public Tensor layerNorm(Tensor x, Tensor gain, Tensor bias, double epsilon, Tensor mean, Tensor inverseDeviation) {
        return normalisation.forward(x, gain, bias, epsilon, mean, inverseDeviation);
    }

    @Override
    public Tensor layerNormBackward(Tensor dy, Tensor gain, Tensor bias, double epsilon, LayerNormState saved) {
        return normalisation.backward(dy, gain, bias, saved);
    }

    // ---- activation

    @Override
    public Tensor activation(Activation f, Tensor x) {
        return elementwise.activation(f, x);
    }

    @Override
    public Tensor activationBackward(Activation f, Tensor dy, Tensor x) {
        return elementwise.activationBackward(f, dy, x);
    }

    @Override
    public Activated linearActivation(Activation f, Tensor x, FrozenLinear w) {
        return Products.endsIn(f, w.out()) ? products.linearGelu(x, w) : Kernels.super.linearActivation(f, x, w);
    }

    @Override
    public Tensor linearBackwardThroughActivation(Tensor dy, FrozenLinear w, Activation f, Tensor inner) {
        return Products.endsIn(f, w.in()) && products.mayReadBesides(inner)
                ? products.linearBackwardThroughGelu(dy, w, inner)
                : Kernels.super.linearBackwardThroughActivation(dy, w, f, inner);
    }

    // ---- attention

    @Override
    public Attended attention(Tensor qkv, AttentionShape shape) {
        return FusedAttention.does(qkv, shape) ? fusedAttention.forward(qkv, shape) : attention.forward(qkv, shape);
    }

    @Override
    public Tensor attentionBackward(Tensor dy, Tensor qkv, AttentionShape shape, Attended saved) {
        return saved.outputNeeded()
                ? fusedAttention.backward(dy, qkv, shape, saved)
                : attention.backward(dy, qkv, shape, saved);
    }

    // ---- dropout and per-example windows

    @Override
    public Tensor dropout(Tensor x, double rate, long key) {
        return elementwise.dropout(x, rate, key);
    }

    @Override
    public void scaleByExample(Tensor u, float[] factors, int tokensOfExample) {
        elementwise.scaleByExample(u, factors, tokensOfExample);
    }

    // ---- pooling

    @Override
    public Tensor meanPool(Tensor x, AttentionShape shape) {
        return tokens.meanPool(x, shape);
    }

    @Override
    public Tensor meanPoolBackward(Tensor dy, AttentionShape shape) {
        return tokens.meanPoolBackward(dy, shape);
    }

    @Override
    public Tensor firstToken(Tensor x, AttentionShape shape) {
        return tokens.firstToken(x, shape);
    }

    @Override
    public Tensor firstTokenBackward(Tensor dy, AttentionShape shape) {
        return tokens.firstTokenBackward(dy, shape);
    }

    // ---- loss and optimizer

    @Override
    public Tensor loss(Loss loss, Tensor outputs, INDArray targets, Tensor losses) {
        return optimizer.loss(loss, outputs, targets, losses);
    }

    @Override
    public void summarise(Tensor losses, Tensor gradient, double largestNorm, Tensor summary) {
        optimizer.summarise(losses, gradient, largestNorm, summary);
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
        optimizer.adamW(rule, learningRate, stretches, parameters, gradient, state, summary);
    }

    @Override
    public long outstanding() {
        return execution.outstanding();
    }

    @Override
    public void rest() {
        execution.rest();
    }

    @Override
    public void close() {
        execution.close();
    }
}
