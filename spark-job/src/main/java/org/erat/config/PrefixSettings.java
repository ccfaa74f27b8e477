package org.erat.config;

import java.io.Serializable;

/**
 * How an encoder is trained as a language model of a target after a source.
 *
 * @param objective what it predicts, and where
 * @param historyNoise chance that a token of the target is corrupted where later ones see it, in training
 */
public record PrefixSettings(Objective objective, double historyNoise) implements Serializable {
    public enum Objective {
        /** Each token at a mask token in its place. */
        PSEUDO_MASK,
        /** Each token at the one before it. */
        CAUSAL
    }
}
