package org.erat.adapter;

import java.util.function.Consumer;
import javax.annotation.Nullable;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;

/**
 * The adapter of one projection over the rows of a selection: y += scale · (dropout(x)·Aᵀ ∘ factors)·Bᵀ. Products run over
 * the rows of the window only, so their work is proportional to its width.
 *
 * <p>Shapes: x [N,in], y [N,out], A of the window [w,in], Bᵀ of the window [w,out].
 */
public final class LowRankAdapter implements AutoCloseable {
    private final Kernels kernels;
    private final RowSelection rows;
    private final Tensor a;
    private final Tensor b;
    private final Dropout dropout;
    private final int tokens;

    @Nullable
    private final Consumer<Tensor> observer;

    @Nullable
    private Tensor inner;

    /**
     * Dropout of an adapter's input.
     *
     * @param rate share of the elements that are dropped; 0 for none
     * @param key of the counter-based mask
     * @param firstRow row of the mask that is the first of the input: 0, unless the input is a part of a batch
     */
    public record Dropout(double rate, long key, long firstRow) {
        public static final Dropout NONE = new Dropout(0, 0, 0);

        private Tensor of(Tensor x, Kernels kernels) {
            return kernels.pointwise().dropout(x, rate, key, firstRow * x.shape()[1]);
        }
    }

    /** An adapter whose inner activations nobody sees. */
    public LowRankAdapter(Kernels kernels, RowSelection rows, Tensor a, Tensor b, Dropout dropout, int tokens) {
        this(kernels, rows, a, b, dropout, tokens, null);
    }

    /**
     * @param a [w,in] rows of the window
     * @param b [w,out] rows of Bᵀ of the window
     * @param tokens T, rows of an example, to find its factors
     * @param observer is shown the inner activation [N,w] of a forward pass; null for nobody
     */
    public LowRankAdapter(
            Kernels kernels,
            RowSelection rows,
            Tensor a,
            Tensor b,
            Dropout dropout,
            int tokens,
            @Nullable Consumer<Tensor> observer) {
        this.kernels = kernels;
        this.rows = rows;
        this.a = a;
        this.b = b;
        this.dropout = dropout;
        this.tokens = tokens;
        this.observer = observer;
    }

    /** y += the adapter's output for x; keeps the inner activation [N,w] for {@link #backward} where asked to. */
    public void forward(Tensor x, Tensor y, boolean keep) {
        Tensor u = kernels.memory().allocate(x.shape()[0], rows.window().width());
        try (Dropped dropped = new Dropped(x)) {
            kernels.matrices().matmul(dropped.tensor, false, a, true, 1, 0, u);
        }
        if (observer != null) {
            observer.accept(u);
        }
        if (rows.factors() == null) {
            kernels.matrices().matmul(u, false, b, false, rows.scale(), 1, y);
        } else {
            try (Tensor scaled = kernels.pointwise().copy(u)) {
                kernels.pointwise().scaleColumns(scaled, rows.factors(), tokens);
                kernels.matrices().matmul(scaled, false, b, false, rows.scale(), 1, y);
            }
        }
        if (keep) {
            inner = u;
        } else {
            u.close();
        }
    }

    /**
     * The gradients of the rows that learn, to which a backward pass adds.
     *
     * @param a [rows,in] in single precision; null where A is frozen, so that its gradient is not computed
     * @param b [rows,out] in single precision
     */
    public record Gradient(@Nullable Tensor a, Tensor b) {}

    /**
     * Adds the gradients of the forward pass just made.
     *
     * @param x the input of the forward pass
     * @param dy [N,out]
     * @param dx [N,in], to which the adapter's part is added; null where nothing below learns
     */
    public void backward(Tensor x, Tensor dy, @Nullable Tensor dx, Gradient gradient) {
        if (inner == null) {
            throw new IllegalStateException("backward needs a forward pass that keeps its activation");
        }
        int from = rows.learned().start() - rows.window().start();
        int to = rows.learned().end() - rows.window().start();
        if (rows.learnedFactors() != null) {
            kernels.pointwise().scaleColumns(inner, rows.learnedFactors(), tokens);
        }
        kernels.matrices().matmul(inner.columns(from, to), true, dy, false, rows.scale(), 1, gradient.b());
        if (gradient.a() == null && dx == null) {
            return;
        }
        try (Tensor du = kernels.memory().allocate(x.shape()[0], rows.window().width())) {
            kernels.matrices().matmul(dy, false, b, true, rows.scale(), 0, du);
            if (gradient.a() != null) {
                gradientOfA(x, du, from, to, gradient.a());
            }
            if (dx != null) {
                inputGradient(du, dx);
            }
        }
    }

    private void gradientOfA(Tensor x, Tensor du, int from, int to, Tensor da) {
        try (Dropped dropped = new Dropped(x)) {
            if (rows.learnedFactors() == null) {
                kernels.matrices().matmul(du.columns(from, to), true, dropped.tensor, false, 1, 1, da);
                return;
            }
            try (Tensor learned = kernels.pointwise().copy(du)) {
                kernels.pointwise().scaleColumns(learned, rows.learnedFactors(), tokens);
                kernels.matrices().matmul(learned.columns(from, to), true, dropped.tensor, false, 1, 1, da);
            }
        }
    }

    private void inputGradient(Tensor du, Tensor dx) {
        if (rows.factors() != null) {
            kernels.pointwise().scaleColumns(du, rows.factors(), tokens);
        }
        if (dropout.rate() == 0) {
            kernels.matrices().matmul(du, false, a, false, 1, 1, dx);
            return;
        }
        try (Tensor through = kernels.memory().allocate(dx.shape())) {
            kernels.matrices().matmul(du, false, a, false, 1, 0, through);
            try (Tensor masked = dropout.of(through, kernels)) {
                kernels.pointwise().add(masked, dx);
            }
        }
    }

    @Override
    public void close() {
        if (inner != null) {
            inner.close();
            inner = null;
        }
    }

    /** The input after dropout; the input itself, unowned, where nothing is dropped. */
    private final class Dropped implements AutoCloseable {
        final Tensor tensor;

        Dropped(Tensor x) {
            tensor = dropout.rate() == 0 ? x : dropout.of(x, kernels);
        }

        @Override
        public void close() {
            if (dropout.rate() != 0) {
                tensor.close();
            }
        }
    }
}
