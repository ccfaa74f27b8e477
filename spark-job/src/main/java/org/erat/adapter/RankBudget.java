package org.erat.adapter;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.erat.data.UsageException;

/** How many rows each of several products keeps, of those in canonical order. */
public final class RankBudget {
    private RankBudget() {}

    /**
     * One product.
     *
     * @param singularValues of its rows, falling
     * @param values of A and B that one row takes, in + out
     */
    public record Rows(double[] singularValues, long values) {
        private double gain(int row) {
            return singularValues[row] * singularValues[row] / values;
        }
    }

    private record Candidate(int product, double gain, long values) {}

    /**
     * The rows that contribute most to the square of the norm for their number of values, by one threshold over all products
     * on σ²/(in + out).
     *
     * @param values most values of all A and B together
     * @return rank of each product, 0 for those that keep none
     * @throws UsageException if not one row fits
     */
    public static int[] within(List<Rows> products, long values) {
        List<Candidate> candidates = IntStream.range(0, products.size())
                .boxed()
                .flatMap(product -> IntStream.range(0, products.get(product).singularValues().length)
                        .mapToObj(row -> new Candidate(
                                product,
                                products.get(product).gain(row),
                                products.get(product).values())))
                // The sort keeps the order of equals, so that the rows of a product stay a prefix.
                .sorted(Comparator.comparingDouble(Candidate::gain).reversed())
                .toList();
        int[] ranks = new int[products.size()];
        long left = values;
        for (Candidate candidate : candidates) {
            left -= candidate.values();
            if (left < 0) {
                break;
            }
            ranks[candidate.product()]++;
        }
        if (IntStream.of(ranks).sum() == 0) {
            throw new UsageException("A budget of " + values + " values is less than the first row needs, "
                    + candidates.get(0).values() + ".");
        }
        return ranks;
    }
}
