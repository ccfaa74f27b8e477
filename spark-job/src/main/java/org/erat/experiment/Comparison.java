package org.erat.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.erat.config.Grid;
import org.erat.config.RowOrder;
import org.erat.evaluation.Metric;
import org.erat.evaluation.RankMetrics;

/**
 * What the finished runs of a task show: a line for each method and order of its rows.
 *
 * @param metric the metric of the task
 */
record Comparison(String task, Metric metric, List<Line> lines) {
    /**
     * A method's rows in an order.
     *
     * @param byRank values of the metric of the seeds, by rank, ascending
     * @param aurac of the seeds
     * @param seconds of training, of the seeds
     * @param difference of the AURAC from the baseline's with the same seeds; empty for the baseline itself and where no
     *     seed has both
     * @param chance p value of no difference, by Student's t on the pairs, corrected by Holm for the lines of the task; NaN
     *     where there is no difference or one pair only
     */
    record Line(
            String method,
            RowOrder order,
            Map<Integer, Sample> byRank,
            Sample aurac,
            Sample seconds,
            Optional<Sample> difference,
            double chance) {
        private Line withChance(double corrected) {
            return new Line(method, order, byRank, aurac, seconds, difference, corrected);
        }
    }

    /** One comparison for each task, in the order of the results. */
    static List<Comparison> of(List<TrialResult> results, Optional<Grid.Baseline> baseline) {
        return results.stream()
                .map(result -> result.trial().task())
                .distinct()
                .map(task -> ofTask(
                        task,
                        baseline,
                        results.stream()
                                .filter(result -> result.trial().task().equals(task))
                                .toList()))
                .toList();
    }

    private static Comparison ofTask(String task, Optional<Grid.Baseline> baseline, List<TrialResult> results) {
        List<Line> lines = new ArrayList<>();
        for (String method : results.stream()
                .map(result -> result.trial().method())
                .distinct()
                .toList()) {
            List<TrialResult> seeds = of(method, results).toList();
            for (RowOrder order : seeds.get(0).evaluation().prefixes().keySet()) {
                lines.add(line(method, order, seeds, baseline, results));
            }
        }
        double[] chances = Sample.holm(lines.stream().mapToDouble(Line::chance).toArray());
        for (int i = 0; i < chances.length; i++) {
            lines.set(i, lines.get(i).withChance(chances[i]));
        }
        return new Comparison(task, results.get(0).evaluation().metric(), lines);
    }

    private static Stream<TrialResult> of(String method, List<TrialResult> results) {
        return results.stream().filter(result -> result.trial().method().equals(method));
    }

    private static Line line(
            String method,
            RowOrder order,
            List<TrialResult> seeds,
            Optional<Grid.Baseline> baseline,
            List<TrialResult> results) {
        Map<Integer, List<Double>> values = new TreeMap<>();
        for (TrialResult seed : seeds) {
            for (RankMetrics rank : seed.evaluation().prefixes().get(order)) {
                values.computeIfAbsent(rank.rank(), key -> new ArrayList<>())
                        .add(rank.value(seed.evaluation().metric().toString()));
            }
        }
        Map<Integer, Sample> byRank = new TreeMap<>();
        values.forEach((rank, ofSeeds) -> byRank.put(rank, sample(ofSeeds)));
        Optional<Sample> difference = baseline.filter(other -> !other.method().equals(method) || other.order() != order)
                .flatMap(other ->
                        difference(seeds, order, of(other.method(), results).toList(), other.order()));
        return new Line(
                method,
                order,
                byRank,
                sample(seeds.stream()
                        .map(seed -> seed.evaluation().aurac(order))
                        .toList()),
                sample(seeds.stream().map(TrialResult::trainingSeconds).toList()),
                difference,
                difference.map(Sample::chanceOfZero).orElse(Double.NaN));
    }

    private static Optional<Sample> difference(
            List<TrialResult> of, RowOrder order, List<TrialResult> from, RowOrder fromOrder) {
        List<Double> differences = new ArrayList<>();
        for (TrialResult one : of) {
            from.stream()
                    .filter(other -> other.trial().seed() == one.trial().seed())
                    .forEach(other -> differences.add(
                            one.evaluation().aurac(order) - other.evaluation().aurac(fromOrder)));
        }
        return differences.isEmpty() ? Optional.empty() : Optional.of(sample(differences));
    }

    private static Sample sample(List<Double> values) {
        return new Sample(values.stream().mapToDouble(Double::doubleValue).toArray());
    }

    /** All ranks that some line was measured at, ascending. */
    int[] ranks() {
        return lines.stream()
                .flatMap(line -> line.byRank().keySet().stream())
                .mapToInt(Integer::intValue)
                .sorted()
                .distinct()
                .toArray();
    }
}
