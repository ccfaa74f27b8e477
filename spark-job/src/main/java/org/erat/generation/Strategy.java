package org.erat.generation;

import java.io.Serializable;
import org.erat.data.UsageException;

/** How tokens are chosen by their logits. */
public sealed interface Strategy extends Serializable {
    /** The likeliest token, the one with the lower id of equals. */
    record Greedy() implements Strategy {}

    /**
     * Beam search for the completion with the highest score log p / lengthᵅ, where length counts its tokens with the end
     * token, as in the transformers library. Of the candidates of a step the {@code size} likeliest that do not end go on;
     * those that end count if they are among the {@code size} likeliest of all. It stops where no completion that goes on
     * can have a higher score than the best one that has ended.
     *
     * @param size completions that are followed at a time, 1 or more
     * @param lengthPenalty α; above 0 it favours long completions
     */
    record Beam(int size, double lengthPenalty) implements Strategy {
        public Beam {
            if (size < 1) {
                throw new UsageException("--beams " + size + " is below 1. Name 1 beam or more.");
            }
            if (!Double.isFinite(lengthPenalty)) {
                throw new UsageException("--length-penalty " + lengthPenalty + " is not a number. Try 1.");
            }
        }
    }

    /**
     * A token drawn from softmax(logits / temperature), first cut to the likeliest tokens. What is drawn depends on the
     * seed, the prompt's id and the number of tokens before it, and on nothing else but the logits.
     *
     * @param temperature above 0; below 1 it favours likely tokens
     * @param topK tokens that can be drawn, the likeliest; 0 for all
     * @param topP in (0,1]: of these the fewest likeliest whose probabilities sum to this much or more (Holtzman et al.,
     *     arXiv 1904.09751); 1 for all
     */
    record Sampling(double temperature, int topK, double topP, long seed) implements Strategy {
        public Sampling {
            if (!(temperature > 0 && temperature < Double.POSITIVE_INFINITY)) {
                throw new UsageException("--temperature " + temperature
                        + " is not above 0. Leave it out for greedy search, or name a number such as 0.8.");
            }
            if (topK < 0) {
                throw new UsageException("--top-k " + topK + " is below 0. Name the number of tokens to draw from.");
            }
            if (!(topP > 0 && topP <= 1)) {
                throw new UsageException("--top-p " + topP + " is not above 0 and at most 1. Try 0.9.");
            }
        }
    }
}
