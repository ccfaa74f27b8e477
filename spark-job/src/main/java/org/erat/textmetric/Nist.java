package org.erat.textmetric;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * NIST-5 of a corpus (Doddington, HLT 2002): the mean information of matched n-grams, summed over n from 1 to 5, times
 *
 * <pre>exp(−β · ln² min(1, ρ)),   β = ln 2 / ln² 1.5</pre>
 *
 * An n-gram's information is log₂ of how often its first n − 1 words occur in all references of the corpus, over how
 * often it occurs itself; before a single word, it is the number of words in all references. Matches are clipped as in
 * {@link Bleu}.
 *
 * <p>Published figures differ in ρ, the length of the hypotheses c over that of the references, which several references
 * make ambiguous. {@link #score} is the one of the Perl script, which E2E's papers report; {@link #pythonScore} is the one
 * of E2E's own Python ({@code measure_scores.py -p}), which LoRA's paper and those that compare with it report.
 *
 * @param information Σ over n of the mean information of matched n-grams
 * @param hypothesisLength c, in words
 * @param referenceLength words of all references
 * @param references number of all references
 * @param segments number of segments
 * @param meanReferenceLengths sum over segments of the mean length of a reference
 */
public record Nist(
        double information,
        long hypothesisLength,
        long referenceLength,
        long references,
        int segments,
        double meanReferenceLengths) {
    private static final int ORDERS = 5;
    private static final double BETA = Math.log(2) / Math.pow(Math.log(1.5), 2);

    /** Sums over segments of {@link Mteval13aTokenizer}'s tokens. */
    public static Nist of(List<TokenizedSegment> segments) {
        long words = 0;
        long references = 0;
        long hypothesisLength = 0;
        double meanLengths = 0;
        for (TokenizedSegment segment : segments) {
            long length = segment.references().stream().mapToLong(List::size).sum();
            words += length;
            references += segment.references().size();
            hypothesisLength += segment.hypothesis().size();
            meanLengths += (double) length / segment.references().size();
        }
        double information = 0;
        List<Map<List<String>, Integer>> counts = counts(segments);
        counts.get(0).put(List.of(), (int) words);
        for (int n = 1; n <= ORDERS; n++) {
            information += meanInformation(segments, n, counts.get(n - 1), counts.get(n));
        }
        return new Nist(information, hypothesisLength, words, references, segments.size(), meanLengths);
    }

    /**
     * The score of {@code mteval-v13a.pl}: ρ = c / (words of all references / mean number of references of a segment).
     */
    public double score() {
        return score(hypothesisLength * ((double) references / segments) / referenceLength);
    }

    /** The score of E2E's Python: ρ = c / sum over segments of the mean length of a reference. */
    public double pythonScore() {
        return score(hypothesisLength / meanReferenceLengths);
    }

    private double score(double ratio) {
        return hypothesisLength == 0 ? 0 : information * Math.exp(-BETA * Math.pow(Math.log(Math.min(1, ratio)), 2));
    }

    /** Counts of n-grams in all references, for n from 0, of which there are none. */
    private static List<Map<List<String>, Integer>> counts(List<TokenizedSegment> segments) {
        List<Map<List<String>, Integer>> counts = new ArrayList<>();
        for (int n = 0; n <= ORDERS; n++) {
            Map<List<String>, Integer> all = new HashMap<>();
            for (TokenizedSegment segment : segments) {
                for (List<String> reference : n == 0 ? List.<List<String>>of() : segment.references()) {
                    NGrams.count(reference, n).forEach((ngram, count) -> all.merge(ngram, count, Integer::sum));
                }
            }
            counts.add(all);
        }
        return counts;
    }

    private static double meanInformation(
            List<TokenizedSegment> segments,
            int n,
            Map<List<String>, Integer> beginnings,
            Map<List<String>, Integer> ngrams) {
        double sum = 0;
        long total = 0;
        for (TokenizedSegment segment : segments) {
            Map<List<String>, Integer> highest = NGrams.highest(segment.references(), n);
            total += NGrams.total(segment.hypothesis(), n);
            for (Map.Entry<List<String>, Integer> each :
                    NGrams.count(segment.hypothesis(), n).entrySet()) {
                List<String> ngram = each.getKey();
                int matches = Math.min(each.getValue(), highest.getOrDefault(ngram, 0));
                if (matches > 0) {
                    double ratio = (double) beginnings.get(ngram.subList(0, n - 1)) / ngrams.get(ngram);
                    sum += matches * Math.log(ratio) / Math.log(2);
                }
            }
        }
        return total == 0 ? 0 : sum / total;
    }
}
