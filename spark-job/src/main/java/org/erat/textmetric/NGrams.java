package org.erat.textmetric;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Counts of n-grams. */
final class NGrams {
    private NGrams() {}

    /** How often each n-gram of length {@code n} occurs. */
    static Map<List<String>, Integer> count(List<String> tokens, int n) {
        Map<List<String>, Integer> counts = new HashMap<>();
        for (int i = 0; i + n <= tokens.size(); i++) {
            counts.merge(tokens.subList(i, i + n), 1, Integer::sum);
        }
        return counts;
    }

    /** Number of n-grams of length {@code n}, repeated ones too. */
    static int total(List<String> tokens, int n) {
        return Math.max(0, tokens.size() - n + 1);
    }

    /** Of each n-gram the highest count that one of the references has. */
    static Map<List<String>, Integer> highest(List<List<String>> references, int n) {
        Map<List<String>, Integer> highest = new HashMap<>();
        for (List<String> reference : references) {
            count(reference, n).forEach((ngram, count) -> highest.merge(ngram, count, Math::max));
        }
        return highest;
    }
}
