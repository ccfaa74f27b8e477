package org.erat.experiment;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.stream.Collectors;
import org.erat.config.Grid;
import org.erat.config.RowOrder;
import org.erat.evaluation.Evaluation;
import org.erat.evaluation.Metric;

/**
 * What the search runs of a method on a task show: how good its values are, and which is the best.
 *
 * @param metric the metric of the task
 * @param lines the values with a finished run, in the order of the grid
 * @param best of the values of which every seed has finished, the one with the best mean AURAC, the first where they are
 *     alike; empty where there is none
 * @param notes what to know about the best one
 */
record SearchResult(
        String task, String method, Metric metric, List<Line> lines, Optional<Line> best, List<String> notes) {
    /**
     * Values of the keys that are chosen.
     *
     * @param values by key, as they are written in the grid
     * @param order the order of the rows with the better mean, which counts
     * @param aurac in that order, of the finished seeds
     */
    record Line(SortedMap<String, String> values, RowOrder order, Sample aurac) {}

    /** One for each task and method of the search that has a finished run, in the order of the grid. */
    static List<SearchResult> of(Grid grid, List<TrialResult> finished) {
        List<SearchResult> results = new ArrayList<>();
        for (List<Grid.Trial> trials : groups(grid.search())) {
            List<TrialResult> ofMethod = finished.stream()
                    .filter(result -> trials.contains(result.trial()))
                    .toList();
            if (!ofMethod.isEmpty()) {
                results.add(of(trials, ofMethod));
            }
        }
        return results;
    }

    /** The runs of the comparison with the best values; all of them where the grid chooses none. */
    static List<Grid.Trial> chosen(Grid grid, List<SearchResult> results) {
        return grid.trials().stream()
                .filter(trial -> grid.search().isEmpty()
                        || results.stream()
                                .anyMatch(result -> result.task.equals(grid.searchTask(trial.task()))
                                        && result.method.equals(trial.method())
                                        && result.best
                                                .filter(best -> best.values().equals(trial.choice()))
                                                .isPresent()))
                .toList();
    }

    private static Iterable<List<Grid.Trial>> groups(List<Grid.Trial> trials) {
        return trials.stream()
                .collect(Collectors.groupingBy(
                        trial -> List.of(trial.task(), trial.method()), LinkedHashMap::new, Collectors.toList()))
                .values();
    }

    private static SearchResult of(List<Grid.Trial> trials, List<TrialResult> finished) {
        Metric metric = finished.get(0).evaluation().metric();
        List<Line> lines = new ArrayList<>();
        Optional<Line> best = Optional.empty();
        for (SortedMap<String, String> values :
                trials.stream().map(Grid.Trial::choice).distinct().toList()) {
            List<Evaluation> seeds = finished.stream()
                    .filter(result -> result.trial().choice().equals(values))
                    .map(TrialResult::evaluation)
                    .toList();
            if (seeds.isEmpty()) {
                continue;
            }
            Line line = line(values, seeds);
            lines.add(line);
            boolean complete = seeds.size()
                    == trials.stream()
                            .filter(trial -> trial.choice().equals(values))
                            .count();
            if (complete
                    && (best.isEmpty()
                            || isBetter(metric, line.aurac(), best.get().aurac()))) {
                best = Optional.of(line);
            }
        }
        return new SearchResult(
                trials.get(0).task(),
                trials.get(0).method(),
                metric,
                lines,
                best,
                best.map(line -> notes(line, trials)).orElse(List.of()));
    }

    private static Line line(SortedMap<String, String> values, List<Evaluation> seeds) {
        Optional<Line> better = Optional.empty();
        for (RowOrder order : seeds.get(0).prefixes().keySet()) {
            Sample aurac = new Sample(
                    seeds.stream().mapToDouble(seed -> seed.aurac(order)).toArray());
            if (better.isEmpty()
                    || isBetter(seeds.get(0).metric(), aurac, better.get().aurac())) {
                better = Optional.of(new Line(values, order, aurac));
            }
        }
        return better.orElseThrow();
    }

    private static boolean isBetter(Metric metric, Sample one, Sample other) {
        return metric.higherIsBetter(one.mean()) > metric.higherIsBetter(other.mean());
    }

    /** Beyond the ends of what was tried there may be better ones. */
    private static List<String> notes(Line best, List<Grid.Trial> tried) {
        List<String> notes = new ArrayList<>();
        best.values().forEach((key, text) -> {
            List<String> texts = tried.stream()
                    .map(trial -> trial.choice().get(key))
                    .distinct()
                    .toList();
            if (texts.size() > 1 && texts.stream().allMatch(SearchResult::isNumber)) {
                double value = Double.parseDouble(text);
                if (texts.stream().allMatch(other -> Double.parseDouble(other) <= value)) {
                    notes.add(end(key, text, "largest"));
                }
                if (texts.stream().allMatch(other -> Double.parseDouble(other) >= value)) {
                    notes.add(end(key, text, "smallest"));
                }
            }
        });
        return notes;
    }

    private static String end(String key, String value, String which) {
        return "the best " + key + ", " + value + ", is the " + which + " tried: sweep further";
    }

    private static boolean isNumber(String text) {
        try {
            Double.parseDouble(text);
            return true;
        } catch (NumberFormatException notOne) {
            return false;
        }
    }

    /** One of its lines for people, with the notes. */
    String text(Line line) {
        return method + " by " + task + ": "
                + line.values().entrySet().stream()
                        .map(value -> value.getKey() + " = " + value.getValue())
                        .collect(Collectors.joining(", "))
                + notes.stream().map(note -> "; " + note).collect(Collectors.joining());
    }
}
