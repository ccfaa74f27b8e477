package org.erat.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.erat.config.Grid;
import org.erat.config.JobConfig;
import org.erat.config.RowOrder;
import org.erat.evaluation.Evaluation;
import org.erat.evaluation.Metric;
import org.erat.evaluation.RankMetrics;
import org.junit.jupiter.api.Test;

class ComparisonTest {
    private static final JobConfig JOB =
            JobConfig.parse("model.path = m, data.train = d, method = lora", "test", List.of());

    @Test
    void linesAreMeansOverSeedsAndDifferencesArePaired() {
        List<TrialResult> results = List.of(
                result("lora", 1, .50, .60),
                result("lora", 2, .70, .80),
                result("erat", 1, .52, .62),
                result("erat", 2, .74, .84));

        List<Comparison> comparisons = Comparison.of(results, Optional.of(new Grid.Baseline("lora", RowOrder.TRAINED)));

        assertThat(comparisons).hasSize(1);
        Comparison.Line lora = comparisons.get(0).lines().get(0);
        Comparison.Line erat = comparisons.get(0).lines().get(1);
        assertThat(lora.byRank().get(1).mean()).isCloseTo(.60, within(1e-12));
        assertThat(lora.byRank().get(2).mean()).isCloseTo(.70, within(1e-12));
        assertThat(lora.difference()).isEmpty();
        assertThat(erat.difference().orElseThrow().values()).containsExactly(new double[] {.02, .04}, within(1e-12));
        // t = .03/.01 = 3 with one degree of freedom, whose p is 1 − 2·atan(3)/π = 0.2048.
        assertThat(erat.chance()).isCloseTo(.2048, within(1e-4));
        String table = Tables.markdown(comparisons, Map.of("lora/seed-3", "no memory"), 1);
        assertThat(table)
                .contains("| lora | as trained | 2 | 60.0 | 70.0 | 65.0 ± 14.1 |")
                .contains("| erat | as trained | 2 | 63.0 | 73.0 | 68.0 ± 15.6 |", "| +3.00 |", "| 0.205 |")
                .contains("Runs that are not made yet: 1.", "- lora/seed-3: no memory");
    }

    @Test
    void aSeedWithoutItsPairHasNoDifference() {
        List<TrialResult> results = List.of(result("lora", 1, .5, .6), result("erat", 2, .5, .6));
        List<Comparison> comparisons = Comparison.of(results, Optional.of(new Grid.Baseline("lora", RowOrder.TRAINED)));
        assertThat(comparisons.get(0).lines().get(1).difference()).isEmpty();
        assertThat(Tables.markdown(comparisons, Map.of(), 0)).contains("| – | – | – |");
        assertThat(Tables.json(comparisons, Map.of(), 0)).contains("\"erat\"").doesNotContain("NaN");
    }

    private static TrialResult result(String method, long seed, double... byRank) {
        List<RankMetrics> ranks = new ArrayList<>();
        for (double value : byRank) {
            ranks.add(new RankMetrics(ranks.size() + 1, Map.of("accuracy", value)));
        }
        Map<RowOrder, List<RankMetrics>> prefixes = new EnumMap<>(Map.of(RowOrder.TRAINED, ranks));
        return new TrialResult(
                new Grid.Trial("", method, seed, JOB),
                new Evaluation("task", Metric.ACCURACY, prefixes, List.of(), Optional.empty()),
                10);
    }
}
