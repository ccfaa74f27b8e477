package org.erat.model;

import java.nio.FloatBuffer;
import javax.annotation.Nullable;
import org.erat.compute.Backend;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Positions;

/** Rotary position embeddings of query and key. */
final class RotaryEmbedding implements HeadStep {
    private final Kernels kernels;
    private final Tensor angles;

    RotaryEmbedding(Kernels kernels, Tensor angles) {
        this.kernels = kernels;
        this.angles = angles;
    }

    /** The cosines and sines of a model, [P·D], computed in double precision; null where it has no rotary positions. */
    @Nullable
    static Tensor angles(Architecture architecture, Backend backend) {
        if (!(architecture.positions() instanceof Positions.Rotary rotary)) {
            return null;
        }
        double[] frequencies = rotary.frequencies(architecture.heads().width());
        FloatBuffer values = FloatBuffer.allocate(Math.multiplyExact(rotary.maxLength(), 2 * frequencies.length));
        for (int position = 0; position < rotary.maxLength(); position++) {
            for (double frequency : frequencies) {
                values.put((float) Math.cos(position * frequency));
            }
            for (double frequency : frequencies) {
                values.put((float) Math.sin(position * frequency));
            }
        }
        return backend.frozen(values.flip(), values.limit());
    }

    @Override
    public void forward(Tensor qkv, BlockPass pass) {
        kernels.tokens().rotate(queryAndKey(qkv, pass), pass.shape().headWidth(), angles, pass.positions());
    }

    @Override
    public void backward(Tensor dqkv, BlockPass pass) {
        kernels.tokens().rotateBackward(queryAndKey(dqkv, pass), pass.shape().headWidth(), angles, pass.positions());
    }

    private static Tensor queryAndKey(Tensor qkv, BlockPass pass) {
        return qkv.columns(0, (long) pass.shape().queryWidth() + pass.shape().keyValueWidth());
    }
}
