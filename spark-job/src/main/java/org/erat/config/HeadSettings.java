package org.erat.config;

import java.io.Serializable;

/**
 * The task head: pooling, a dense tanh layer as wide as the model, and a linear layer.
 *
 * @param pooling what of the last block the head sees
 * @param dropout chance that an input of the linear layer is dropped in training, in [0, 1)
 */
public record HeadSettings(Pooling pooling, double dropout) implements Serializable {
    public enum Pooling {
        /** The mean over the tokens that are not padding. */
        MEAN,
        FIRST_TOKEN
    }
}
