package org.erat.adapter;

import javax.annotation.Nullable;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;

/**
 * One adapted projection over the rows of a window: y += scale · (dropout(x)·A[s:e]ᵀ) · Bᵀ[s:e]. Work is proportional to
 * the width of the window (ERAT-DLoRA, section 2 of the project's reading: h = W0·x + (α/w)·B[:,s:e]·(A[s:e,:]·x)).
 *
 * <p>Shapes: x [N,in], y [N,out], A window [w,in], Bᵀ window [w,out].
 */
public final class LowRankAdapter implements AutoCloseable {
    private final Kernels kernels;
    private final RowSelection rows;
    private final int tokens;
    private final double dropoutRate;
    private final long dropoutKey;
    private final Tensor a;
    private final Tensor b;

    @Nullable
    private Tensor inner;

    /**
     * @param a [w,in] rows of the window
     * @param b [w,out] rows of Bᵀ of the window
     * @param tokens T, to find an example's factors
     * @param dropoutRate share of the input's elements that are dropped; 0 for none
     * @param dropoutKey key of the counter-based mask
     */
    public LowRankAdapter(
            Kernels kernels, RowSelection rows, Tensor a, Tensor b, int tokens, double dropoutRate, long dropoutKey) {
        this.kernels = kernels;
        this.rows = rows;
        this.a = a;
        this.b = b;
        this.tokens = tokens;
        this.dropoutRate = dropoutRate;
        this.dropoutKey = dropoutKey;
    }

    /** y += the adapter's output for x; keeps the inner activation [N,w] for {@link #backward} where asked to. */
    public void forward(Tensor x, Tensor y, boolean keep) {
        try (Dropped dropped = new Dropped(x)) {
            Tensor u = kernels.allocate(x.shape()[0], rows.window().width());
            kernels.product(dropped.tensor, false, a, true, 1, 0, u);
            addScaled(u, rows.factors(), b, y);
            if (keep) {
                inner = u;
            } else {
                u.close();
            }
        }
    }

    /**
     * Where the gradients of the rows that learn go.
     *
     * @param a [rows,in] in single precision; null where A is frozen, so that its gradient is not computed
     * @param b [rows,out] in single precision
     */
    public record Gradient(@Nullable Tensor a, Tensor b) {}

    /**
     * Gradients for the forward pass just made.
     *
     * @param x the input of the forward pass
     * @param dy [N,out]
     * @param dx [N,in], receives the adapter's part in addition to what it holds; null where nothing below learns
     * @param gradient receives them
     */
    public void backward(Tensor x, Tensor dy, @Nullable Tensor dx, Gradient gradient) {
        long n = x.shape()[0];
        int width = rows.window().width();
        int from = rows.learned().start() - rows.window().start();
        int to = rows.learned().end() - rows.window().start();
        if (inner == null) {
            throw new IllegalStateException("backward needs a forward pass that keeps its activation");
        }
        if (rows.learnedFactors() != null) {
            kernels.scaleByExample(inner, rows.learnedFactors(), tokens);
        }
        kernels.product(inner.columns(from, to), true, dy, false, rows.scale(), 0, gradient.b());
        if (gradient.a() != null || dx != null) {
            try (Tensor du = kernels.allocate(n, width)) {
                kernels.product(dy, false, b, true, rows.scale(), 0, du);
                if (gradient.a() != null) {
                    gradientOfA(x, du, from, to, gradient.a());
                }
                if (dx != null) {
                    inputGradient(du, dx);
                }
            }
        }
    }

    private void gradientOfA(Tensor x, Tensor du, int from, int to, Tensor da) {
        try (Dropped dropped = new Dropped(x)) {
            if (rows.learnedFactors() == null) {
                kernels.product(du.columns(from, to), true, dropped.tensor, false, 1, 0, da);
                return;
            }
            try (Tensor learned = kernels.copy(du)) {
                kernels.scaleByExample(learned, rows.learnedFactors(), tokens);
                kernels.product(learned, true, dropped.tensor, false, 1, 0, da);
            }
        }
    }

    private void inputGradient(Tensor du, Tensor dx) {
        if (rows.factors() != null) {
            kernels.scaleByExample(du, rows.factors(), tokens);
        }
        if (dropoutRate == 0) {
            kernels.product(du, false, a, false, 1, 1, dx);
            return;
        }
        try (Tensor through = kernels.allocate(dx.shape())) {
            kernels.product(du, false, a, false, 1, 0, through);
            try (Tensor masked = kernels.dropout(through, dropoutRate, dropoutKey)) {
                kernels.add(masked, dx);
            }
        }
    }

    private void addScaled(Tensor u, @Nullable float[] factors, Tensor bRows, Tensor y) {
        if (factors == null) {
            kernels.product(u, false, bRows, false, rows.scale(), 1, y);
            return;
        }
        try (Tensor scaled = kernels.copy(u)) {
            kernels.scaleByExample(scaled, factors, tokens);
            kernels.product(scaled, false, bRows, false, rows.scale(), 1, y);
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
            tensor = dropoutRate == 0 ? x : kernels.dropout(x, dropoutRate, dropoutKey);
        }

        @Override
        public void close() {
            if (dropoutRate != 0) {
                tensor.close();
            }
        }
    }
}
