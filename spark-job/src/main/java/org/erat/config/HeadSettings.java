package org.erat.config;

import java.io.Serializable;

/**
 * The task head: pooling, a dense tanh layer as wide as the model, and a linear layer.
 *
 * @param pooling what of the last block the head sees
 */
public record HeadSettings(Pooling pooling) implements Serializable {
    public enum Pooling {
        /** The mean over the tokens that are not padding. */
        MEAN,
        FIRST_TOKEN
    }
}
