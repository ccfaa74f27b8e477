package org.erat.data.tokenized;

import java.util.List;

/** Packed examples for tests. */
final class Examples {
    private Examples() {}

    /** Example i has id i, {@code lengths.get(i)} tokens 1000·i, 1000·i+1, … and number i/2. */
    static PackedExamples ofLengths(List<Integer> lengths) {
        PackedExamplesBuilder builder = new PackedExamplesBuilder(TaskType.REGRESSION);
        for (int i = 0; i < lengths.size(); i++) {
            int[] tokens = new int[lengths.get(i)];
            for (int t = 0; t < tokens.length; t++) {
                tokens[t] = 1000 * i + t;
            }
            builder.add(i, tokens, new int[tokens.length], number(i / 2f));
        }
        return builder.build();
    }

    /** The target of one example of a regression. */
    static Targets number(float number) {
        return new Targets.Numbers(new float[] {number});
    }

    /** The target of one example of a classification. */
    static Targets label(int label) {
        return new Targets.Classes(new int[] {label});
    }

    /** The targets of the tokens of one example. */
    static Targets labels(int... labels) {
        return new Targets.TokenClasses(labels);
    }
}
