package org.erat.config;

import java.io.Serializable;
import java.util.List;

/**
 * By how much the loss of an example counts, by its class.
 *
 * @param balanced whether weights follow from the training data: n/(C·n_c), so that all classes weigh the same and the mean
 *     weight is 1
 * @param given a weight for each class, in the order of the classes; empty where they are balanced or all 1
 */
public record ClassWeights(boolean balanced, List<Double> given) implements Serializable {
    /** All 1. */
    public static final ClassWeights NONE = new ClassWeights(false, List.of());

    /** As frequent as the class is rare. */
    public static final ClassWeights BALANCED = new ClassWeights(true, List.of());

    public ClassWeights {
        given = List.copyOf(given);
    }

    /** Whether all classes weigh 1. */
    public boolean areNone() {
        return equals(NONE);
    }

    /** As it is written in a configuration. */
    @Override
    public String toString() {
        if (areNone()) {
            return "none";
        }
        return balanced ? "balanced" : given.toString();
    }
}
