package org.erat.config;

import java.io.Serializable;

/**
 * The task head of whole texts, and dropout of any head.
 *
 * @param pooling which head, and what of the last block it reads
 * @param dropout share of what the head's layers read that training drops, in [0,1)
 */
public record HeadSettings(Pooling pooling, double dropout) implements Serializable {
    public enum Pooling {
        /** The mean over the tokens that are not padding, a dense tanh layer as wide as the model, and a linear layer. */
        MEAN,
        /**
         * As the transformers library's class for sequence classification of the model's family has it: on the first token of
         * encoders, on the last one of causal models.
         */
        FAMILY
    }
}
