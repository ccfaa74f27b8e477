package org.erat.textmetric;

import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * BLEU-4 of a corpus (Papineni et al., ACL 2002) as {@code mteval-v13a.pl} computes it:
 *
 * <pre>exp(min(0, 1 − r/c)) · (p₁·p₂·p₃·p₄)^¼</pre>
 *
 * p_n is the share of the hypotheses' n-grams that a reference has, each counted at most as often as in the reference that
 * has most of it. c is the length of all hypotheses, and r that of the references closest in length, the shorter one of
 * two.
 *
 * <p>An order without a match counts 1/(2^k · n-grams) for the k-th such order, so a score above zero can have no
 * 4-gram in common. An order without n-grams is left out. {@code nltk} and others that do not smooth give 0 there.
 *
 * @param matches matched n-grams of the hypotheses, for n from 1
 * @param totals n-grams of the hypotheses, for n from 1
 * @param hypothesisLength c
 * @param referenceLength r
 */
public record Bleu(List<Long> matches, List<Long> totals, long hypothesisLength, long referenceLength) {
    private static final int ORDERS = 4;

    /** Counts over segments of {@link Mteval13aTokenizer}'s tokens. */
    public static Bleu of(List<TokenizedSegment> segments) {
        long[] matches = new long[ORDERS];
        long[] totals = new long[ORDERS];
        long hypothesisLength = 0;
        long referenceLength = 0;
        for (TokenizedSegment segment : segments) {
            int length = segment.hypothesis().size();
            hypothesisLength += length;
            referenceLength += closestLength(segment.references(), length);
            for (int n = 1; n <= ORDERS; n++) {
                Map<List<String>, Integer> highest = NGrams.highest(segment.references(), n);
                totals[n - 1] += NGrams.total(segment.hypothesis(), n);
                for (Map.Entry<List<String>, Integer> ngram :
                        NGrams.count(segment.hypothesis(), n).entrySet()) {
                    matches[n - 1] += Math.min(ngram.getValue(), highest.getOrDefault(ngram.getKey(), 0));
                }
            }
        }
        return new Bleu(boxed(matches), boxed(totals), hypothesisLength, referenceLength);
    }

    /** The score, from 0 to 1. */
    public double score() {
        if (hypothesisLength == 0) {
            return 0;
        }
        double logarithms = 0;
        double smoothing = 1;
        for (int n = 0; n < ORDERS; n++) {
            if (totals.get(n) == 0) {
                continue;
            }
            if (matches.get(n) == 0) {
                smoothing *= 2;
                logarithms -= Math.log(smoothing * totals.get(n));
            } else {
                logarithms += Math.log((double) matches.get(n) / totals.get(n));
            }
        }
        double brevity = Math.min(0, 1 - (double) referenceLength / hypothesisLength);
        return Math.exp(brevity + logarithms / ORDERS);
    }

    private static int closestLength(List<List<String>> references, int length) {
        return Collections.min(
                references.stream().map(List::size).toList(),
                Comparator.comparingInt((Integer each) -> Math.abs(each - length))
                        .thenComparing(Comparator.naturalOrder()));
    }

    private static List<Long> boxed(long... values) {
        return Arrays.stream(values).boxed().toList();
    }
}
