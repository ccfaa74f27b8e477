package org.erat.textmetric;

import java.util.List;

/**
 * ROUGE-L (Lin, ACL 2004) as the evaluation of COCO captions computes it, which E2E uses. With lcs the length of the longest
 * common subsequence of hypothesis h and reference r,
 *
 * <pre>P = max_r lcs/|h|,   R = max_r lcs/|r|,   (1 + β²)·P·R / (R + β²·P),   β = 1.2</pre>
 *
 * The two maxima may be of different references. The corpus has the mean over its segments. Lin's own script, and
 * {@code rouge-score}, take β so that P and R weigh alike, and stem words: their figures are others.
 */
public final class RougeL {
    private static final double BETA_SQUARED = 1.2 * 1.2;

    private RougeL() {}

    /** The mean over segments of {@link PtbTokenizer}'s tokens, from 0 to 1. */
    public static double score(List<TokenizedSegment> segments) {
        return segments.stream().mapToDouble(RougeL::score).average().orElse(0);
    }

    /** The score of one segment; 0 where the hypothesis has no token. */
    public static double score(TokenizedSegment segment) {
        double precision = 0;
        double recall = 0;
        for (List<String> reference : segment.references()) {
            double common = longestCommonSubsequence(segment.hypothesis(), reference);
            if (common > 0) {
                precision = Math.max(precision, common / segment.hypothesis().size());
                recall = Math.max(recall, common / reference.size());
            }
        }
        return precision == 0 ? 0 : (1 + BETA_SQUARED) * precision * recall / (recall + BETA_SQUARED * precision);
    }

    private static int longestCommonSubsequence(List<String> a, List<String> b) {
        int[] lengths = new int[b.size() + 1];
        for (String word : a) {
            int diagonal = 0;
            for (int j = 1; j <= b.size(); j++) {
                int above = lengths[j];
                lengths[j] = word.equals(b.get(j - 1)) ? diagonal + 1 : Math.max(above, lengths[j - 1]);
                diagonal = above;
            }
        }
        return lengths[b.size()];
    }
}
