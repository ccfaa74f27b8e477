package org.erat.model;

import java.util.ArrayList;
import java.util.List;
import javax.annotation.Nullable;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Architecture.Place;
import org.erat.data.architecture.Projection;

/**
 * One block of a transformer, forward and backward. Frozen weights have no gradient; only adapters do.
 *
 * <pre>
 *   norms behind their parts (POST)                  norms before their parts (PRE)
 *
 *   x ─┬─ attention ── + ── norm ─┬─ feed-forward ── + ── norm ─► y
 *      └───────────────┘          └──────────────────┘
 *                                                    x ─┬─ norm ── attention ── + ─┬─ norm ── feed-forward ── + ─► y
 *                                                       └───────────────────────┘  └───────────────────────────┘
 * </pre>
 *
 * <p>A first block may do without the norm before its attention, where the embeddings have one.
 */
final class Block {
    @Nullable
    private final Norm attentionNorm;

    private final boolean normsFirst;
    private final AttentionPart attentionPart;
    private final Sublayer attention;
    private final Sublayer feedForward;

    /** @param angles of rotary position embeddings, or null for none */
    Block(
            Kernels kernels,
            Architecture architecture,
            TransformerWeights.BlockWeights weights,
            @Nullable Tensor angles) {
        Architecture.Norm norm = architecture.norm();
        long query = architecture.out(Projection.QUERY);
        long keyValue = architecture.out(Projection.KEY);
        attentionPart = new AttentionPart(
                kernels,
                new AdaptedLinear(
                        kernels,
                        weights.queryKeyValue(),
                        List.of(
                                new AdaptedLinear.Part(Projection.QUERY, 0, query),
                                new AdaptedLinear.Part(Projection.KEY, query, query + keyValue),
                                new AdaptedLinear.Part(Projection.VALUE, query + keyValue, query + 2 * keyValue))),
                headSteps(kernels, architecture, weights, angles),
                AdaptedLinear.of(kernels, weights.attentionOutput(), Projection.ATTENTION_OUTPUT));
        normsFirst = norm.place() == Place.PRE;
        attentionNorm = weights.attentionNorm() == null ? null : new Norm(kernels, norm, weights.attentionNorm());
        attention = new Sublayer(kernels, attentionPart, attentionNorm, norm.place());
        feedForward = new Sublayer(
                kernels,
                feedForward(kernels, architecture.feedForward(), weights),
                new Norm(kernels, norm, weights.feedForwardNorm()),
                norm.place());
    }

    private static List<HeadStep> headSteps(
            Kernels kernels,
            Architecture architecture,
            TransformerWeights.BlockWeights weights,
            @Nullable Tensor angles) {
        List<HeadStep> steps = new ArrayList<>();
        if (architecture.heads().normalized()) {
            int headWidth = architecture.heads().width();
            long query = architecture.out(Projection.QUERY);
            long key = query + architecture.out(Projection.KEY);
            steps.add(new HeadNorm(kernels, architecture.norm(), weights.queryNorm(), headWidth, 0, query));
            steps.add(new HeadNorm(kernels, architecture.norm(), weights.keyNorm(), headWidth, query, key));
        }
        if (angles != null) {
            steps.add(new RotaryEmbedding(kernels, angles));
        }
        return steps;
    }

    private static Part feedForward(
            Kernels kernels, Architecture.FeedForward feedForward, TransformerWeights.BlockWeights weights) {
        AdaptedLinear intermediate = AdaptedLinear.of(kernels, weights.intermediate(), Projection.INTERMEDIATE);
        AdaptedLinear output = AdaptedLinear.of(kernels, weights.output(), Projection.OUTPUT);
        if (!feedForward.gated()) {
            return new FeedForwardPart(intermediate, feedForward.activation(), output);
        }
        AdaptedLinear gate = AdaptedLinear.of(kernels, weights.gate(), Projection.GATE);
        return new GatedFeedForwardPart(kernels, gate, feedForward.activation(), intermediate, output);
    }

    /** What the block computes of x before its first adapter: the frozen part of query, key and value. */
    Tensor project(Tensor x, Kernels kernels) {
        if (!normsFirst || attentionNorm == null) {
            return attentionPart.project(x);
        }
        try (Tensor normed = attentionNorm.apply(kernels.pointwise().copy(x))) {
            return attentionPart.project(normed);
        }
    }

    /** y [N,H] of x [N,H], which is closed or saved. */
    Tensor forward(Tensor x, BlockPass pass) {
        Tensor hidden = attention.forward(x, pass);
        return feedForward.forward(hidden, pass);
    }

    /**
     * Adds the gradients of the block's adapters.
     *
     * @param dy [N,H], closed
     * @param below whether an earlier block learns; if not, the pass ends at this block's lowest adapter
     * @return dx [N,H], or null where nothing below learns
     */
    @Nullable
    Tensor backward(Tensor dy, boolean below, BlockPass pass, Gradients gradients) {
        Tensor dHidden = feedForward.backward(dy, below || attention.isAdapted(pass), pass, gradients);
        return dHidden == null ? null : attention.backward(dHidden, below, pass, gradients);
    }

    /** A part of a block with its residual connection and its norm: norm(x + f(x)), or x + f(norm(x)). */
    private static final class Sublayer {
        private final Kernels kernels;
        private final Part part;

        @Nullable
        private final Norm norm;

        private final Place place;

        /** @param norm null for none, before the part only */
        Sublayer(Kernels kernels, Part part, @Nullable Norm norm, Place place) {
            this.kernels = kernels;
            this.part = part;
            this.norm = norm;
            this.place = place;
        }

        boolean isAdapted(BlockPass pass) {
            return part.isAdapted(pass);
        }

        /** y [N,H] of x [N,H], which is closed or saved. */
        Tensor forward(Tensor x, BlockPass pass) {
            if (norm == null) {
                Tensor y = part.forward(x, pass);
                kernels.pointwise().add(x, y);
                pass.release(x);
                return y;
            }
            if (place == Place.POST) {
                Tensor sum = part.forward(x, pass);
                kernels.pointwise().add(x, sum);
                pass.release(x);
                Tensor y = norm.forward(sum, pass);
                pass.release(sum);
                return y;
            }
            Tensor normed = norm.forward(x, pass);
            Tensor y = part.forward(normed, pass);
            pass.release(normed);
            kernels.pointwise().add(x, y);
            pass.release(x);
            return y;
        }

        /**
         * Adds the gradients of the part's adapters.
         *
         * @param dy [N,H], closed
         * @param needed whether the gradient of x is asked for
         * @return dx [N,H], or null
         */
        @Nullable
        Tensor backward(Tensor dy, boolean needed, BlockPass pass, Gradients gradients) {
            if (norm == null) {
                Tensor dx = part.backward(dy, dy, needed, pass, gradients);
                dy.close();
                return dx;
            }
            if (place == Place.POST) {
                Tensor dSum = norm.backward(dy, pass);
                dy.close();
                Tensor dx = part.backward(dSum, dSum, needed, pass, gradients);
                dSum.close();
                return dx;
            }
            Tensor dNormed = part.backward(dy, null, needed, pass, gradients);
            Tensor dx = null;
            if (dNormed != null) {
                dx = norm.backward(dNormed, pass);
                dNormed.close();
                kernels.pointwise().add(dy, dx);
            }
            dy.close();
            return dx;
        }
    }
}
