package org.erat.head;

import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;

/**
 * A task head over the last hidden states of a transformer: which of them it reads, what it makes of them, and the loss.
 * Confined to one thread, as its kernels are. Its parameters lie in a vector of all parameters, from an index on.
 */
public interface Head {
    /** What it is. */
    HeadSpec spec();

    /**
     * The hidden states that the head reads.
     *
     * @param hidden [N,H] in the dtype of activations
     * @return [M,H] in single precision: M = B, or the number of target tokens
     */
    Tensor read(Tensor hidden, Batch batch);

    /** The gradient [N,H] of {@code hidden}, in the dtype of activations, of that [M,H] of what was read. */
    Tensor readBackward(Tensor dStates, Batch batch);

    /** A forward pass and what its backward pass needs. Closing it releases both. */
    interface Pass extends AutoCloseable {
        /** [M,C] logits, or numbers. */
        Tensor outputs();

        @Override
        void close();
    }

    /**
     * Outputs of the states that were read.
     *
     * @param states [M,H]; must stay open until the backward pass
     * @param parameters vector that holds the head's parameters from {@code from} on
     */
    Pass forward(Tensor states, Tensor parameters, long from);

    /**
     * Losses of a pass's outputs, and the gradient of their weighted mean.
     *
     * @param weight factor of the mean
     * @param losses [M], receives them
     * @return [M,C]
     */
    Tensor loss(Pass pass, Targets targets, double weight, Tensor losses);

    /**
     * Adds the gradients of the head's parameters.
     *
     * @param dOutputs [M,C]
     * @param gradient vector laid out as {@code parameters} is
     * @return the gradient [M,H] of the states
     */
    Tensor backward(Pass pass, Tensor dOutputs, Tensor parameters, Tensor gradient, long from);

    /** The head that a specification describes. */
    static Head of(HeadSpec spec, Kernels kernels) {
        return new OutputHead(spec, kernels);
    }
}
