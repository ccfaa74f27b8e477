package org.erat.head;

import javax.annotation.Nullable;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;
import org.erat.model.ModelRuntime;

/**
 * A task head over the last hidden states of a transformer: which of them it reads, what it makes of them, and the loss.
 * Confined to one thread, as its kernels are. Its parameters, if it has any, lie in a vector of all parameters.
 */
public abstract sealed class Head permits OutputHead, LanguageModelHead {
    private final HeadSpec spec;
    private final StateReader reader;

    Head(HeadSpec spec, Kernels kernels) {
        this.spec = spec;
        this.reader = new StateReader(kernels, spec.readout());
    }

    /** What it is. */
    public final HeadSpec spec() {
        return spec;
    }

    /**
     * The hidden states that the head reads.
     *
     * @param hidden [N,H] in the dtype of activations
     * @return [M,H] in single precision: M = B, or the number of target tokens
     */
    public final Tensor read(Tensor hidden, Batch batch) {
        return reader.read(hidden, batch);
    }

    /** The gradient [N,H] of {@code hidden}, in the dtype of activations, of that [M,H] of what was read. */
    public final Tensor readBackward(Tensor dStates, Batch batch) {
        return reader.backward(dStates, batch);
    }

    /**
     * The parameters of a head, and where their gradients are added.
     *
     * @param values vector that holds them from {@code from} on; null for a head without parameters
     * @param gradient vector laid out as {@code values} is; null where no gradient is asked for
     * @param from index of the head's first value
     */
    public record Parameters(@Nullable Tensor values, @Nullable Tensor gradient, long from) {}

    /**
     * Outputs of states.
     *
     * @param states [M,H] that were read
     * @return [M,C] logits or numbers, in single precision
     */
    public abstract Tensor outputs(Tensor states, Parameters parameters);

    /**
     * The loss of each state, with the weight of its class.
     *
     * @param states [M,H] that were read
     * @param losses [M], receives them
     */
    public abstract void loss(Tensor states, Targets targets, Parameters parameters, Tensor losses);

    /**
     * The same with the gradient of {@code weight} times the mean loss. Adds the gradients of the head's parameters.
     *
     * @param states [M,H] that were read
     * @param dropout key of what is dropped: the same key drops the same
     * @param first index of the first state among those that the key is for: 0, unless {@code states} is a part of them
     * @param losses [M], receives the loss of each state, without {@code weight}
     * @return [M,H], the gradient of the states
     */
    public abstract Tensor lossGradient(
            Tensor states,
            Targets targets,
            double weight,
            long dropout,
            long first,
            Parameters parameters,
            Tensor losses);

    /**
     * The head that a specification describes.
     *
     * @param loss what its loss is in training
     * @param runtime what it computes with, and whose output layer a language model has
     */
    public static Head of(HeadSpec spec, LossSettings loss, ModelRuntime runtime) {
        return spec.predictsTokens()
                ? new LanguageModelHead(spec, loss.labelSmoothing(), runtime)
                : new OutputHead(spec, loss, runtime.kernels());
    }
}
