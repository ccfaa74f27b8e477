package org.erat.evaluation;

import java.util.List;
import java.util.stream.IntStream;
import org.erat.data.tokenized.Split;
import org.erat.export.TrainedAdapter;

/**
 * What to measure.
 *
 * @param split the examples to measure on
 * @param prefixRanks b of the prefixes [0,b), at least one
 * @param suffixRanks b of the suffixes [R−b,R); may be empty
 * @param limit most examples, 0 for all
 */
public record EvaluationRequest(Split split, List<Integer> prefixRanks, List<Integer> suffixRanks, int limit) {

    public EvaluationRequest {
        prefixRanks = prefixRanks.stream().sorted().distinct().toList();
        suffixRanks = suffixRanks.stream().sorted().distinct().toList();
        if (prefixRanks.isEmpty() || limit < 0) {
            throw new IllegalArgumentException("Ranks " + prefixRanks + " or limit " + limit);
        }
    }

    /**
     * All validation examples at some ranks.
     *
     * @param ranks empty for all ranks 1..R
     * @param suffixes whether to measure the suffixes of these ranks too
     */
    public static EvaluationRequest of(TrainedAdapter adapter, List<Integer> ranks, boolean suffixes) {
        List<Integer> wanted = ranks.isEmpty()
                ? IntStream.rangeClosed(1, adapter.rank()).boxed().toList()
                : ranks;
        return new EvaluationRequest(Split.VALIDATION, wanted, suffixes ? wanted : List.of(), 0);
    }

    /** The same on some of the examples. */
    public EvaluationRequest withLimit(int examples) {
        return new EvaluationRequest(split, prefixRanks, suffixRanks, examples);
    }
}
