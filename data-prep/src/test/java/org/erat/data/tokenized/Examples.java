package org.erat.data.tokenized;

import java.util.List;

/** Packed examples for tests. */
final class Examples {
    private Examples() {}

    /** Example i has id i, {@code lengths.get(i)} tokens 1000·i, 1000·i+1, … and label i/2. */
    static PackedExamples ofLengths(List<Integer> lengths) {
        PackedExamplesBuilder builder = new PackedExamplesBuilder();
        for (int i = 0; i < lengths.size(); i++) {
            int[] tokens = new int[lengths.get(i)];
            for (int t = 0; t < tokens.length; t++) {
                tokens[t] = 1000 * i + t;
            }
            builder.add(i, tokens, new int[tokens.length], i / 2f);
        }
        return builder.build();
    }
}
