package org.erat.model;

import java.util.List;
import javax.annotation.Nullable;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;

/**
 * Attention with its projections.
 *
 * <pre>
 *   x [N,H] ── query, key, value ──► qkv [N,(A+2K)·D] ── head steps ── attention ──► context [N,A·D] ── output ──► y [N,H]
 * </pre>
 */
final class AttentionPart implements Part {
    private final Kernels kernels;
    private final AdaptedLinear queryKeyValue;
    private final List<HeadStep> headSteps;
    private final AdaptedLinear output;

    /** @param headSteps norms and positions of query and key, in the order of the forward pass */
    AttentionPart(Kernels kernels, AdaptedLinear queryKeyValue, List<HeadStep> headSteps, AdaptedLinear output) {
        this.kernels = kernels;
        this.queryKeyValue = queryKeyValue;
        this.headSteps = List.copyOf(headSteps);
        this.output = output;
    }

    @Override
    public boolean isAdapted(BlockPass pass) {
        return queryKeyValue.isAdapted(pass) || output.isAdapted(pass);
    }

    /** What the part computes before its first adapter: the frozen part of query, key and value. */
    Tensor project(Tensor x) {
        return queryKeyValue.frozen(x);
    }

    @Override
    public Tensor forward(Tensor x, BlockPass pass) {
        pass.queryKeyValue = pass.projected == null ? queryKeyValue.frozen(x) : pass.projected;
        pass.save(pass.queryKeyValue);
        queryKeyValue.adapt(x, pass.queryKeyValue, pass);
        for (HeadStep step : headSteps) {
            step.forward(pass.queryKeyValue, pass);
        }
        Tensor context = pass.decodes() ? attendToCache(pass) : attend(pass);
        Tensor y = output.forward(context, pass);
        pass.release(context);
        return y;
    }

    private Tensor attend(BlockPass pass) {
        pass.attended = kernels.attention().forward(pass.queryKeyValue, pass.shape());
        if (pass.cache() != null) {
            pass.cache().keep(pass.block(), pass.queryKeyValue, pass.shape());
        }
        pass.release(pass.queryKeyValue);
        pass.save(pass.attended.kept());
        pass.release(pass.attended.kept());
        if (pass.attended.outputNeeded()) {
            pass.save(pass.attended.output());
        }
        return pass.attended.output();
    }

    private static Tensor attendToCache(BlockPass pass) {
        Tensor context = pass.cache().attend(pass.block(), pass.queryKeyValue);
        pass.release(pass.queryKeyValue);
        return context;
    }

    @Nullable
    @Override
    public Tensor backward(Tensor dy, @Nullable Tensor residual, boolean needed, BlockPass pass, Gradients gradients) {
        boolean through = needed || queryKeyValue.isAdapted(pass);
        Tensor dContext = output.backward(dy, null, through, pass, gradients);
        if (dContext == null) {
            return null;
        }
        Tensor dqkv = kernels.attention().backward(dContext, pass.queryKeyValue, pass.shape(), pass.attended);
        dContext.close();
        for (int i = headSteps.size() - 1; i >= 0; i--) {
            headSteps.get(i).backward(dqkv, pass);
        }
        Tensor dx = queryKeyValue.backward(dqkv, residual, needed, pass, gradients);
        dqkv.close();
        return dx;
    }
}
