package org.erat.evaluation;

import java.util.List;

/** Predictions beside what is right, of all targets of many examples in the order of their ids. */
sealed interface Predicted {
    /**
     * Classes.
     *
     * @param predictions [n] index of the predicted class of every target
     * @param labels [n] index of the right class of every target
     * @param starts [examples + 1] first target of each example, then n
     * @param names [C] names of the classes
     */
    record Classes(int[] predictions, int[] labels, int[] starts, List<String> names) implements Predicted {}

    /**
     * Numbers.
     *
     * @param predictions [n] predicted number of every example
     * @param labels [n] right number of every example
     */
    record Numbers(float[] predictions, float[] labels) implements Predicted {}
}
