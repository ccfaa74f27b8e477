package org.erat.model;

import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.data.architecture.Architecture;

/** RMS normalization of each head of the query or of the key: heads are rows of width D. */
final class HeadNorm implements HeadStep {
    private final Kernels kernels;
    private final Norm norm;
    private final long from;
    private final long to;
    private final int headWidth;

    /**
     * @param norm whose epsilon it has
     * @param weights [D]
     * @param from first column of the heads in query, key and value side by side
     * @param to the column after their last one
     */
    HeadNorm(
            Kernels kernels,
            Architecture.Norm norm,
            TransformerWeights.NormWeights weights,
            int headWidth,
            long from,
            long to) {
        this.kernels = kernels;
        this.norm = new Norm(
                kernels, new Architecture.Norm(Architecture.Norm.Kind.RMS, norm.place(), norm.epsilon()), weights);
        this.headWidth = headWidth;
        this.from = from;
        this.to = to;
    }

    @Override
    public void forward(Tensor qkv, BlockPass pass) {
        Tensor x = kernels.pointwise().copy(qkv.columns(from, to));
        pass.save(x);
        try (Tensor y = norm.forward(heads(x), pass)) {
            kernels.pointwise().assign(rows(y), qkv.columns(from, to));
        }
        pass.release(x);
    }

    @Override
    public void backward(Tensor dqkv, BlockPass pass) {
        try (Tensor dy = kernels.pointwise().copy(dqkv.columns(from, to));
                Tensor dx = norm.backward(heads(dy), pass)) {
            kernels.pointwise().assign(rows(dx), dqkv.columns(from, to));
        }
    }

    /** [N,A·D] as [N·A,D]. */
    private Tensor heads(Tensor x) {
        return x.matrix(0, x.shape()[0] * (to - from) / headWidth, headWidth);
    }

    /** [N·A,D] as [N,A·D]. */
    private Tensor rows(Tensor x) {
        return x.matrix(0, x.shape()[0] * headWidth / (to - from), to - from);
    }
}
