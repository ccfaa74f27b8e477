package org.erat.model;

import java.util.Objects;
import java.util.stream.Stream;
import javax.annotation.Nullable;
import org.erat.adapter.LowRankAdapter;
import org.erat.adapter.Target;
import org.erat.compute.Activation;
import org.erat.compute.Kernels;
import org.erat.compute.Kernels.Activated;
import org.erat.compute.Kernels.Attended;
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
     * What the backward pass needs of one forward pass of one block; an input of a projection only where that projection
     * carries an adapter.
     *
     * @param x [N,H] input of the block, for adapters of query, key and value
     * @param qkv [N,3H]
     * @param attention what the attention's backward pass needs
     * @param context [N,H] output of the attention, for its backward pass or an adapter of its output
     * @param attentionNorm input and statistics of the first layer normalisation
     * @param hidden [N,H] output of the first layer normalisation, for an adapter of the intermediate projection
     * @param inner [N,F] before the activation
     * @param activated [N,F] after it, for an adapter of the last projection
     * @param outputNorm input and statistics of the second layer normalisation
     */
    record Saved(
            BlockAdapters adapters,
            @Nullable Tensor x,
            Tensor qkv,
            Attended attention,
            @Nullable Tensor context,
            LayerNormState attentionNorm,
            @Nullable Tensor hidden,
            Tensor inner,
            @Nullable Tensor activated,
            LayerNormState outputNorm)
            implements AutoCloseable {
        @Override
        public void close() {
            adapters.close();
            Stream.of(x, qkv, attention.kept(), context, hidden, inner, activated)
                    .filter(Objects::nonNull)
                    .forEach(Tensor::close);
            closeNorm(attentionNorm);
            closeNorm(outputNorm);
        }
    }

    /** Output [N,H] of a pass and, where it was asked for, what the backward pass needs. */
    record Result(Tensor y, @Nullable Saved saved) {}

    /** The frozen part of query, key and value [N,3H] of x [N,H]: what the block computes before its first adapter. */
    Tensor project(Tensor x) {
        return kernels.linear(x, weights.queryKeyValue());
    }

    /**
     * Runs the block. Memory is given back as soon as neither this pass nor the backward pass needs it.
     *
     * @param x [N,H], owned from here on
     * @param qkv [N,3H] of {@link #project}, owned from here on
     * @param adapters owned from here on
     * @param keep whether a backward pass follows
     */
    Result forward(Tensor x, Tensor qkv, AttentionShape shape, BlockAdapters adapters, boolean keep) {
        long width = weights.queryKeyValue().in();
        adapt(adapters, Target.QUERY, x, qkv.columns(0, width), keep);
        adapt(adapters, Target.KEY, x, qkv.columns(width, 2 * width), keep);
        adapt(adapters, Target.VALUE, x, qkv.columns(2 * width, 3 * width), keep);
        Attended attention = kernels.attention(qkv, shape);
        Tensor context = attention.output();
        if (!keep) {
            qkv.close();
            attention.kept().close();
        }

        Tensor attended = kernels.linear(context, weights.attentionOutput());
        adapt(adapters, Target.ATTENTION_OUTPUT, context, attended, keep);
        Tensor keptContext =
                keptIf(keep && (attention.outputNeeded() || adapters.on(Target.ATTENTION_OUTPUT) != null), context);
        kernels.add(x, attended);
        Tensor keptX = keptIf(keep && adapters.atOrBefore(Target.VALUE), x);
        LayerNormState attentionNorm = statistics(attended);
        Tensor hidden = normalise(attentionNorm, weights.attentionNorm());
        if (!keep) {
            closeNorm(attentionNorm);
        }

        Activated feedForward = feedForward(hidden, adapters, keep);
        Tensor inner = feedForward.inner();
        Tensor activated = feedForward.y();
        if (!keep) {
            inner.close();
        }
        Tensor projected = kernels.linear(activated, weights.output());
        adapt(adapters, Target.OUTPUT, activated, projected, keep);
        Tensor keptActivated = keptIf(keep && adapters.on(Target.OUTPUT) != null, activated);
        kernels.add(hidden, projected);
        Tensor keptHidden = keptIf(keep && adapters.on(Target.INTERMEDIATE) != null, hidden);
        LayerNormState outputNorm = statistics(projected);
        Tensor y = normalise(outputNorm, weights.outputNorm());
        if (!keep) {
            closeNorm(outputNorm);
            adapters.close();
            return new Result(y, null);
        }
        return new Result(
                y,
                new Saved(
                        adapters,
                        keptX,
                        qkv,
                        attention,
                        keptContext,
                        attentionNorm,
                        keptHidden,
                        inner,
                        keptActivated,
                        outputNorm));
    }

    /** The intermediate projection of hidden [N,H] and its activation: one primitive where no adapter lies between them. */
    private Activated feedForward(Tensor hidden, BlockAdapters adapters, boolean keep) {
        if (adapters.on(Target.INTERMEDIATE) == null) {
            return kernels.linearActivation(activation, hidden, weights.intermediate());
        }
        Tensor inner = kernels.linear(hidden, weights.intermediate());
        adapt(adapters, Target.INTERMEDIATE, hidden, inner, keep);
        return new Activated(inner, kernels.activation(activation, inner));
    }

    /** The tensor where it is kept for the backward pass; else its memory is given back. */
    @Nullable
    private static Tensor keptIf(boolean kept, Tensor tensor) {
        if (kept) {
            return tensor;
        }
        tensor.close();
        return null;
    }

    /**
     * Gradients of this block's adapters and of its input.
     *
     * @param dy [N,H], owned from here on
     * @param below whether an earlier block learns; if not, the pass ends at this block's lowest adapter
     * @return dx [N,H], or null where nothing below learns
     */
    @Nullable
    Tensor backward(int block, Tensor dy, Saved saved, AttentionShape shape, boolean below, GradientPlaces gradients) {
        BlockAdapters adapters = saved.adapters();
        Tensor dProjected = kernels.layerNormBackward(
                dy, weights.outputNorm().gain(), weights.outputNorm().bias(), epsilon, saved.outputNorm());
        dy.close();
        if (!below && !adapters.atOrBefore(Target.INTERMEDIATE)) {
            learn(block, Target.OUTPUT, saved.activated(), dProjected, null, adapters, gradients);
            dProjected.close();
            return null;
        }
        Tensor dInner = feedForwardBackward(block, dProjected, saved, gradients);
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
        Tensor dqkv = kernels.attentionBackward(dContext, saved.qkv(), shape, saved.attention());
        dContext.close();
        Tensor dx = null;
        if (below) {
            dx = kernels.linearBackward(dqkv, weights.queryKeyValue());
            kernels.add(dAttended, dx);
        }
        dAttended.close();
        long width = weights.queryKeyValue().in();
        learn(block, Target.QUERY, saved.x(), dqkv.columns(0, width), dx, adapters, gradients);
        learn(block, Target.KEY, saved.x(), dqkv.columns(width, 2 * width), dx, adapters, gradients);
        learn(block, Target.VALUE, saved.x(), dqkv.columns(2 * width, 3 * width), dx, adapters, gradients);
        dqkv.close();
        return dx;
    }

    /** dInner [N,F] of the last projection and the activation before it, and the gradient of that projection's adapter. */
    private Tensor feedForwardBackward(int block, Tensor dProjected, Saved saved, GradientPlaces gradients) {
        if (saved.adapters().on(Target.OUTPUT) == null) {
            return kernels.linearBackwardThroughActivation(dProjected, weights.output(), activation, saved.inner());
        }
        try (Tensor dActivated = kernels.linearBackward(dProjected, weights.output())) {
            learn(block, Target.OUTPUT, saved.activated(), dProjected, dActivated, saved.adapters(), gradients);
            return kernels.activationBackward(activation, dActivated, saved.inner());
        }
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
            @Nullable Tensor x,
            Tensor dy,
            @Nullable Tensor dx,
            BlockAdapters adapters,
            GradientPlaces gradients) {
        LowRankAdapter adapter = adapters.on(target);
        if (adapter != null) {
            adapter.backward(x, dy, dx, gradients.of(block, target));
        }
    }

    private LayerNormState statistics(Tensor input) {
        long rows = input.shape()[0];
        return new LayerNormState(input, kernels.allocateSingle(rows), kernels.allocateSingle(rows));
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
