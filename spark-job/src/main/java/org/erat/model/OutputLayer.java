package org.erat.model;

import java.util.Objects;
import javax.annotation.Nullable;
import org.erat.compute.Kernels;
import org.erat.compute.Matrices.Activated;
import org.erat.compute.Memory;
import org.erat.compute.Tensor;
import org.erat.data.architecture.Activation;
import org.erat.data.architecture.Architecture;

/**
 * From hidden states to logits of the vocabulary by frozen weights, forward and backward:
 *
 * <pre>
 *   x [M,H] ── transform: dense, f, norm (of masked language models only) ──► [M,H] ── output matrix, bias ──► logits [M,V]
 * </pre>
 *
 * <p>Logits and their gradient are in single precision, and memory for them is M·V values each: the caller chooses M.
 * Confined to one thread, as its kernels are.
 */
public final class OutputLayer {
    private final Kernels kernels;
    private final OutputWeights weights;
    private final int vocabulary;
    private final Activation activation;

    @Nullable
    private final Norm norm;

    OutputLayer(Kernels kernels, OutputWeights weights, Architecture architecture) {
        this.kernels = kernels;
        this.weights = weights;
        this.vocabulary = architecture.vocabulary();
        this.activation = architecture.feedForward().activation();
        this.norm = weights.transform() == null
                ? null
                : new Norm(kernels, architecture.norm(), weights.transform().norm());
    }

    /** V. */
    public int vocabulary() {
        return vocabulary;
    }

    /** States that are ready for the output matrix, and what the backward pass of the transform needs. */
    public static final class Pass implements AutoCloseable {
        private final BlockPass kept = BlockPass.afterTheBlocks(null, true);
        private Tensor states;

        @Nullable
        private Tensor inner;

        @Override
        public void close() {
            states.close();
            kept.close();
        }
    }

    /**
     * The forward pass up to the output matrix.
     *
     * @param states [M,H] in single precision, which may be a view
     */
    public Pass forward(Tensor states) {
        Pass pass = new Pass();
        Tensor x = inActivations(states);
        if (norm == null) {
            pass.states = x;
            return pass;
        }
        Activated activated = kernels.matrices()
                .linearActivation(
                        activation,
                        x,
                        Objects.requireNonNull(weights.transform()).dense());
        x.close();
        pass.inner = activated.inner();
        pass.kept.save(activated.inner());
        pass.states = norm.forward(activated.y(), pass.kept);
        return pass;
    }

    /** The logits [M,V] of a pass, in single precision. */
    public Tensor logits(Pass pass) {
        return kernels.matrices().linearSingle(pass.states, weights.matrix());
    }

    /**
     * The gradient [M,H] of the states, in the dtype of activations.
     *
     * @param dLogits [M,V] in single precision
     */
    public Tensor backward(Pass pass, Tensor dLogits) {
        Tensor dStates;
        try (Tensor dy = inActivations(dLogits)) {
            dStates = kernels.matrices().linearBackward(dy, weights.matrix());
        }
        if (norm == null) {
            return dStates;
        }
        try (Tensor ofNorm = dStates;
                Tensor dActivated = norm.backward(ofNorm, pass.kept);
                Tensor dInner = kernels.pointwise()
                        .activationBackward(activation, dActivated, Objects.requireNonNull(pass.inner))) {
            return kernels.matrices()
                    .linearBackward(
                            dInner, Objects.requireNonNull(weights.transform()).dense());
        }
    }

    /** A tensor to close, in the dtype of activations. */
    private Tensor inActivations(Tensor single) {
        Memory memory = kernels.memory();
        if (memory.activations() == memory.single()) {
            return single.rows(0, single.shape()[0]);
        }
        Tensor converted = memory.allocate(single.shape());
        kernels.pointwise().assign(single, converted);
        return converted;
    }
}
