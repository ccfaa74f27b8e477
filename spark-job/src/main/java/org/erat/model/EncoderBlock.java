package org.erat.model;

import javax.annotation.Nullable;
import org.erat.adapter.LowRankAdapter;
import org.erat.adapter.Target;
import org.erat.compute.Activation;
import org.erat.compute.Kernels;
import org.erat.compute.Kernels.AttentionShape;
import org.erat.compute.Kernels.LayerNormState;
import org.erat.compute.Tensor;

/**
 * One block of a post-norm encoder, forward and backward. Frozen weights have no gradient; only adapters do.
 *
 * <p>Letters as in {@link Kernels}: N = B·T rows, H width, F inner width, A heads.
 */
final class EncoderBlock {
    private final Kernels kernels;
    private final EncoderWeights.Block weights;
    private final Activation activation;
    private final double epsilon;

    EncoderBlock(Kernels kernels, EncoderWeights.Block weights, Activation activation, double epsilon) {
        this.kernels = kernels;
        this.weights = weights;
        this.activation = activation;
        this.epsilon = epsilon;
    }

    /**
     * What the backward pass needs of one forward pass of one block.
     *
     * @param x [N,H] input of the block
     * @param qkv [N,3H]
     * @param probabilities [B·A·T,T]
     * @param context [N,H] output of the attention
     * @param attentionNorm input and statistics of the first layer normalisation
     * @param hidden [N,H] output of the first layer normalisation
     * @param inner [N,F] before the activation
     * @param activated [N,F] after it
     * @param outputNorm input and statistics of the second layer normalisation
     */
    record Saved(
            BlockAdapters adapters,
            Tensor x,
            Tensor qkv,
            Tensor probabilities,
            Tensor context,
            LayerNormState attentionNorm,
            Tensor hidden,
            Tensor inner,
            Tensor activated,
            LayerNormState outputNorm)
            implements AutoCloseable {
        @Override
        public void close() {
            adapters.close();
            x.close();
            qkv.close();
            probabilities.close();
            context.close();
            closeNorm(attentionNorm);
            hidden.close();
            inner.close();
            activated.close();
            closeNorm(outputNorm);
        }
    }

    /** Output [N,H] of a pass and, where it was asked for, what the backward pass needs. */
    record Result(Tensor y, @Nullable Saved saved) {}

    /**
     * Runs the block.
     *
     * @param x [N,H], owned from here on
     * @param adapters owned from here on
     * @param keep whether a backward pass follows
     */
    Result forward(Tensor x, AttentionShape shape, BlockAdapters adapters, boolean keep) {
        long width = x.shape()[1];
        Tensor qkv = kernels.linear(x, weights.queryKeyValue());
        adapt(adapters, Target.QUERY, x, qkv.columns(0, width), keep);
        adapt(adapters, Target.KEY, x, qkv.columns(width, 2 * width), keep);
        adapt(adapters, Target.VALUE, x, qkv.columns(2 * width, 3 * width), keep);
        Tensor probabilities = kernels.allocate((long) shape.batch() * shape.heads() * shape.tokens(), shape.tokens());
        Tensor context = kernels.attention(qkv, shape, probabilities);

        Tensor attended = kernels.linear(context, weights.attentionOutput());
        adapt(adapters, Target.ATTENTION_OUTPUT, context, attended, keep);
        kernels.add(x, attended);
        LayerNormState attentionNorm = statistics(attended);
        Tensor hidden = normalise(attentionNorm, weights.attentionNorm());

        Tensor inner = kernels.linear(hidden, weights.intermediate());
        adapt(adapters, Target.INTERMEDIATE, hidden, inner, keep);
        Tensor activated = kernels.activation(activation, inner);
        Tensor projected = kernels.linear(activated, weights.output());
        adapt(adapters, Target.OUTPUT, activated, projected, keep);
        kernels.add(hidden, projected);
        LayerNormState outputNorm = statistics(projected);
        Tensor y = normalise(outputNorm, weights.outputNorm());

        Saved saved = new Saved(
                adapters, x, qkv, probabilities, context, attentionNorm, hidden, inner, activated, outputNorm);
        if (keep) {
            return new Result(y, saved);
        }
        saved.close();
        return new Result(y, null);
    }

    /**
     * Gradients of this block's adapters and of its input.
     *
     * @param dy [N,H], owned from here on
     * @param below whether an earlier block learns; if not, the pass ends at this block's lowest adapter
     * @return dx [N,H], or null where nothing below learns
     */
    @Nullable
    Tensor backward(int block, Tensor dy, Saved saved, AttentionShape shape, boolean below, GradientSink gradients) {
        BlockAdapters adapters = saved.adapters();
        Tensor dProjected = kernels.layerNormBackward(
                dy, weights.outputNorm().gain(), weights.outputNorm().bias(), epsilon, saved.outputNorm());
        dy.close();
        if (!below && !adapters.atOrBefore(Target.INTERMEDIATE)) {
            learn(block, Target.OUTPUT, saved.activated(), dProjected, null, adapters, gradients);
            dProjected.close();
            return null;
        }
        Tensor dActivated = kernels.linearBackward(dProjected, weights.output());
        learn(block, Target.OUTPUT, saved.activated(), dProjected, dActivated, adapters, gradients);
        Tensor dInner = kernels.activationBackward(activation, dActivated, saved.inner());
        dActivated.close();
        if (!below && !adapters.atOrBefore(Target.ATTENTION_OUTPUT)) {
            learn(block, Target.INTERMEDIATE, saved.hidden(), dInner, null, adapters, gradients);
            dInner.close();
            dProjected.close();
            return null;
        }
        Tensor dHidden = kernels.linearBackward(dInner, weights.intermediate());
        learn(block, Target.INTERMEDIATE, saved.hidden(), dInner, dHidden, adapters, gradients);
        dInner.close();
        kernels.add(dProjected, dHidden);
        dProjected.close();

        Tensor dAttended = kernels.layerNormBackward(
                dHidden,
                weights.attentionNorm().gain(),
                weights.attentionNorm().bias(),
                epsilon,
                saved.attentionNorm());
        dHidden.close();
        if (!below && !adapters.atOrBefore(Target.VALUE)) {
            learn(block, Target.ATTENTION_OUTPUT, saved.context(), dAttended, null, adapters, gradients);
            dAttended.close();
            return null;
        }
        Tensor dContext = kernels.linearBackward(dAttended, weights.attentionOutput());
        learn(block, Target.ATTENTION_OUTPUT, saved.context(), dAttended, dContext, adapters, gradients);
        Tensor dqkv = kernels.attentionBackward(dContext, saved.qkv(), shape, saved.probabilities());
        dContext.close();
        Tensor dx = null;
        if (below) {
            dx = kernels.linearBackward(dqkv, weights.queryKeyValue());
            kernels.add(dAttended, dx);
        }
        dAttended.close();
        long width = saved.x().shape()[1];
        learn(block, Target.QUERY, saved.x(), dqkv.columns(0, width), dx, adapters, gradients);
        learn(block, Target.KEY, saved.x(), dqkv.columns(width, 2 * width), dx, adapters, gradients);
        learn(block, Target.VALUE, saved.x(), dqkv.columns(2 * width, 3 * width), dx, adapters, gradients);
        dqkv.close();
        return dx;
    }

    private static void adapt(BlockAdapters adapters, Target target, Tensor x, Tensor y, boolean keep) {
        LowRankAdapter adapter = adapters.on(target);
        if (adapter != null) {
            adapter.forward(x, y, keep);
        }
    }

    private static void learn(
            int block,
            Target target,
            Tensor x,
            Tensor dy,
            @Nullable Tensor dx,
            BlockAdapters adapters,
            GradientSink gradients) {
        LowRankAdapter adapter = adapters.on(target);
        if (adapter != null) {
            try (LowRankAdapter.Gradient gradient = adapter.backward(x, dy, dx, gradients.freezesA())) {
                gradients.accept(block, target, gradient);
            }
        }
    }

    private LayerNormState statistics(Tensor input) {
        long rows = input.shape()[0];
        return new LayerNormState(input, kernels.allocate(rows), kernels.allocate(rows));
    }

    private Tensor normalise(LayerNormState state, EncoderWeights.Norm norm) {
        return kernels.layerNorm(
                state.input(), norm.gain(), norm.bias(), epsilon, state.mean(), state.inverseDeviation());
    }

    private static void closeNorm(LayerNormState state) {
        state.input().close();
        state.mean().close();
        state.inverseDeviation().close();
    }
}
