package org.erat.model;

import java.nio.FloatBuffer;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
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

    /** The cosines and sines of a model, [P·D] for each rotation of its blocks; none where it has no rotary positions. */
    static Map<Positions.Rotation, Tensor> angles(Architecture architecture, Backend backend) {
        if (!(architecture.positions() instanceof Positions.Rotary rotary)) {
            return Map.of();
        }
        return rotary.rotations().stream()
                .distinct()
                .collect(Collectors.toMap(
                        Function.identity(),
                        rotation -> angles(
                                rotation.frequencies(architecture.heads().width()), rotary.maxLength(), backend)));
    }

    /** [P·D], computed in double precision. */
    private static Tensor angles(double[] frequencies, int positions, Backend backend) {
        FloatBuffer values = FloatBuffer.allocate(Math.multiplyExact(positions, 2 * frequencies.length));
        for (int position = 0; position < positions; position++) {
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
