package org.erat.evaluation;

import java.util.List;
import java.util.stream.IntStream;
import org.erat.config.OrderChoice;
import org.erat.config.RowOrder;
import org.erat.data.tokenized.Split;
import org.erat.export.TrainedAdapter;

/**
 * What to measure.
 *
 * @param split the examples to measure on
 * @param orders orders of the rows whose prefixes are measured, at least one
 * @param prefixRanks b of the prefixes [0,b), at least one above 0, which is the base model without the adapter
 * @param suffixRanks b of the suffixes [R−b,R); may be empty
 * @param limit most examples, 0 for all
 */
public record EvaluationRequest(
        Split split, List<RowOrder> orders, List<Integer> prefixRanks, List<Integer> suffixRanks, int limit) {

    public EvaluationRequest {
        orders = orders.stream().sorted().distinct().toList();
        prefixRanks = prefixRanks.stream().sorted().distinct().toList();
        suffixRanks = suffixRanks.stream().sorted().distinct().toList();
        if (orders.isEmpty() || prefixRanks.stream().noneMatch(rank -> rank > 0) || limit < 0) {
            throw new IllegalArgumentException("Orders " + orders + ", ranks " + prefixRanks + " or limit " + limit);
        }
    }

    /**
     * All validation examples at some ranks.
     *
     * @param order which orders of the rows to measure
     * @param ranks empty for all ranks 1..R, and of a language model 0
     * @param suffixes whether to measure the suffixes of these ranks too
     */
    public static EvaluationRequest of(
            TrainedAdapter adapter, OrderChoice order, List<Integer> ranks, boolean suffixes) {
        List<Integer> wanted = ranks.isEmpty() ? allRanks(adapter) : ranks;
        List<Integer> ofSuffixes =
                suffixes ? wanted.stream().filter(rank -> rank > 0).toList() : List.of();
        return new EvaluationRequest(Split.VALIDATION, order.orders(), wanted, ofSuffixes, 0);
    }

    private static List<Integer> allRanks(TrainedAdapter adapter) {
        int first = adapter.head().predictsTokens() ? 0 : 1;
        return IntStream.rangeClosed(first, adapter.rank()).boxed().toList();
    }

    /** The same on another split. */
    public EvaluationRequest on(Split other) {
        return new EvaluationRequest(other, orders, prefixRanks, suffixRanks, limit);
    }

    /** The same on some of the examples. */
    public EvaluationRequest withLimit(int examples) {
        return new EvaluationRequest(split, orders, prefixRanks, suffixRanks, examples);
    }
}
