package org.erat.textmetric;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * CIDEr (Vedantam et al., CVPR 2015) as the evaluation of COCO captions computes it, which E2E uses: CIDEr-D without its
 * stemming. For n from 1 to 4 a text is the vector g of its n-grams with the weights
 *
 * <pre>count · (ln N − ln max(1, df))</pre>
 *
 * where N is the number of segments and df the number of those with the n-gram in a reference. A hypothesis h resembles a
 * reference r by
 *
 * <pre>Σ_g min(h_g, r_g)·r_g / (‖h‖·‖r‖) · exp(−δ²/72)</pre>
 *
 * with δ the difference of their numbers of bigrams. A segment's score is ten times the mean over its references and n, and
 * the corpus has the mean over its segments. Weights come from the references that are scored against, so a figure
 * depends on all of them, and a corpus of one segment has the score 0.
 */
public final class Cider {
    private static final int ORDERS = 4;
    private static final double TWICE_VARIANCE = 2 * 6.0 * 6.0;

    private final Map<List<String>, Integer> segmentsWith = new HashMap<>();
    private final double logSegments;

    private Cider(List<TokenizedSegment> segments) {
        logSegments = Math.log(segments.size());
        for (TokenizedSegment segment : segments) {
            Set<List<String>> found = new HashSet<>();
            for (List<String> reference : segment.references()) {
                for (int n = 1; n <= ORDERS; n++) {
                    found.addAll(NGrams.count(reference, n).keySet());
                }
            }
            found.forEach(ngram -> segmentsWith.merge(ngram, 1, Integer::sum));
        }
    }

    /** The mean over segments of {@link PtbTokenizer}'s tokens, from 0 to 10. */
    public static double score(List<TokenizedSegment> segments) {
        return segmentScores(segments).stream()
                .mapToDouble(Double::doubleValue)
                .average()
                .orElse(0);
    }

    /** The score of each segment of a corpus. */
    public static List<Double> segmentScores(List<TokenizedSegment> segments) {
        Cider cider = new Cider(segments);
        return segments.stream().map(cider::score).toList();
    }

    private double score(TokenizedSegment segment) {
        List<Vector> hypothesis = vectors(segment.hypothesis());
        double sum = 0;
        for (List<String> reference : segment.references()) {
            double delta = NGrams.total(segment.hypothesis(), 2) - NGrams.total(reference, 2);
            double penalty = Math.exp(-delta * delta / TWICE_VARIANCE);
            List<Vector> vectors = vectors(reference);
            for (int n = 0; n < ORDERS; n++) {
                sum += penalty * hypothesis.get(n).similarity(vectors.get(n));
            }
        }
        return 10 * sum / ORDERS / segment.references().size();
    }

    private List<Vector> vectors(List<String> tokens) {
        List<Vector> vectors = new ArrayList<>();
        for (int n = 1; n <= ORDERS; n++) {
            Map<List<String>, Double> weights = new HashMap<>();
            NGrams.count(tokens, n)
                    .forEach((ngram, count) ->
                            weights.put(ngram, count * (logSegments - Math.log(segmentsWith.getOrDefault(ngram, 1)))));
            vectors.add(new Vector(weights));
        }
        return vectors;
    }

    /** Weights of the n-grams of a text, and their Euclidean norm. */
    private record Vector(Map<List<String>, Double> weights, double norm) {
        Vector(Map<List<String>, Double> weights) {
            this(
                    weights,
                    Math.sqrt(weights.values().stream()
                            .mapToDouble(weight -> weight * weight)
                            .sum()));
        }

        double similarity(Vector reference) {
            double product = 0;
            for (Map.Entry<List<String>, Double> each : weights.entrySet()) {
                double weight = reference.weights.getOrDefault(each.getKey(), 0.0);
                product += Math.min(each.getValue(), weight) * weight;
            }
            return product == 0 ? 0 : product / (norm * reference.norm);
        }
    }
}
