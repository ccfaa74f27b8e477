package org.erat.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.erat.config.Grid;
import org.erat.config.RowOrder;
import org.erat.evaluation.Evaluation;
import org.erat.evaluation.Metric;
import org.erat.evaluation.RankMetrics;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SearchResultTest {
    @TempDir
    private Path folder;

    private Grid grid;

    @BeforeEach
    void read() throws IOException {
        grid = grid("training.learning-rate = [1e-4, 4e-4, 8e-4]");
    }

    @Test
    void theHighestMeanInTheBetterOrderIsChosen() {
        // Canonical 0.70 is above 0.69 and 0.65, though as trained the first value is the best.
        List<SearchResult> results = SearchResult.of(
                grid,
                List.of(
                        result("1e-4", 11, .68, .60),
                        result("1e-4", 12, .70, .60),
                        result("4e-4", 11, .50, .80),
                        result("4e-4", 12, .50, .60),
                        result("8e-4", 11, .65, .60),
                        result("8e-4", 12, .65, .60)));

        assertThat(results).hasSize(1);
        SearchResult.Line best = results.get(0).best().orElseThrow();
        assertThat(best.values()).isEqualTo(Map.of("training.learning-rate", "4e-4"));
        assertThat(best.order()).isEqualTo(RowOrder.CANONICAL);
        assertThat(best.aurac().mean()).isCloseTo(.70, within(1e-12));
        assertThat(results.get(0).notes()).isEmpty();
        assertThat(SearchResult.chosen(grid, results))
                .extracting(Grid.Trial::folder)
                .containsExactly(
                        "one/lora-learning-rate-4e-4/seed-1",
                        "one/lora-learning-rate-4e-4/seed-2",
                        "two/lora-learning-rate-4e-4/seed-1",
                        "two/lora-learning-rate-4e-4/seed-2");
    }

    @Test
    void aValueWithoutEverySeedIsNotChosenAndAnEndOfTheListIsNoted() {
        List<SearchResult> results = SearchResult.of(
                grid,
                List.of(result("1e-4", 11, .60, .60), result("1e-4", 12, .60, .60), result("8e-4", 11, .90, .90)));

        assertThat(results.get(0).best().orElseThrow().values()).containsValue("1e-4");
        assertThat(results.get(0).notes())
                .containsExactly("the best training.learning-rate, 1e-4, is the smallest tried: sweep further");
        ExperimentResults shown = new ExperimentResults(
                Optional.of(new ExperimentResults.Search(
                        results, new ExperimentResults.Unfinished(Map.of("part/lora/seed-12", "diverged"), 2))),
                List.of(),
                new ExperimentResults.Unfinished(Map.of(), 4));
        assertThat(Tables.markdown(shown))
                .contains(
                        "## Search by part: accuracy × 100",
                        "| method | order | training.learning-rate | seeds | AURAC | chosen |",
                        "| lora | as trained | 1e-4 | 2 | 60.0 ± 0.0 | yes |",
                        "| lora | as trained | 8e-4 | 1 | 90.0 |  |",
                        "- lora: the best training.learning-rate, 1e-4, is the smallest tried: sweep further.",
                        "Search runs that are not made yet: 2.",
                        "- part/lora/seed-12: diverged",
                        "Runs that are not made yet: 4.");
        assertThat(Tables.json(shown))
                .contains("\"chosen\" : {", "\"training.learning-rate\" : \"1e-4\"", "is the smallest tried");
    }

    @Test
    void alikeValuesGoToTheFirstAndWithoutACompleteValueThereIsNone() {
        List<SearchResult> alike = SearchResult.of(
                grid,
                List.of(
                        result("4e-4", 11, .6, .6),
                        result("4e-4", 12, .6, .6),
                        result("8e-4", 11, .6, .6),
                        result("8e-4", 12, .6, .6)));
        assertThat(alike.get(0).best().orElseThrow().values()).containsValue("4e-4");

        List<SearchResult> incomplete = SearchResult.of(grid, List.of(result("8e-4", 11, .6, .6)));
        assertThat(incomplete.get(0).best()).isEmpty();
        assertThat(SearchResult.chosen(grid, incomplete)).isEmpty();
    }

    @Test
    void valuesThatAreNoNumbersHaveNoEnds() throws IOException {
        grid = grid("adapter.order = [trained, best]");
        List<SearchResult> results =
                SearchResult.of(grid, List.of(result("best", 11, .6, .6), result("best", 12, .6, .6)));
        assertThat(results.get(0).best()).isPresent();
        assertThat(results.get(0).notes()).isEmpty();
    }

    private Grid grid(String sweep) throws IOException {
        Path file = folder.resolve("grid.conf");
        Files.writeString(
                file,
                """
                settings { model.path = m }
                tasks { one { data.train = a }, two { data.train = b } }
                methods { lora { method = lora } }
                choose { tasks { part { data.train = c } }, sweep { %s }, seeds = [11, 12] }
                seeds = [1, 2]
                """
                        .formatted(sweep));
        return Grid.load(file, List.of());
    }

    private TrialResult result(String value, long seed, double trained, double canonical) {
        Map<RowOrder, List<RankMetrics>> prefixes = new EnumMap<>(RowOrder.class);
        prefixes.put(RowOrder.TRAINED, ranks(trained));
        prefixes.put(RowOrder.CANONICAL, ranks(canonical));
        Grid.Trial trial = grid.search().stream()
                .filter(one -> one.choice().containsValue(value) && one.seed() == seed)
                .findFirst()
                .orElseThrow();
        return new TrialResult(
                trial, new Evaluation("task", Metric.ACCURACY, prefixes, List.of(), Optional.empty()), 10);
    }

    /** Its mean over the ranks, and so the AURAC, is the middle one. */
    private static List<RankMetrics> ranks(double middle) {
        List<RankMetrics> ranks = new ArrayList<>();
        for (double value : new double[] {middle - .01, middle, middle + .01}) {
            ranks.add(new RankMetrics(ranks.size() + 1, Map.of("accuracy", value)));
        }
        return ranks;
    }
}
