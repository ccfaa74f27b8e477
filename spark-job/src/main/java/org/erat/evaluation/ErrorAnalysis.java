package org.erat.evaluation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Where an adapter errs, from its predictions at every rank.
 *
 * @param ids [n] of the examples
 * @param chosen predictions at the recommended rank
 * @param all predictions at every rank above 0 in every order
 */
record ErrorAnalysis(long[] ids, Predicted chosen, List<Predicted> all) {
    static final int MOST_CELLS = 2500;
    static final int MOST_PAIRS = 1000;
    static final int MOST_EXAMPLES = 20;

    /** The most frequent cells of the confusion of classes; none without classes. */
    List<EvaluationDetails.Confused> confusion() {
        if (!(chosen instanceof Predicted.Classes classes)) {
            return List.of();
        }
        int count = classes.names().size();
        Map<Integer, Long> cells = new TreeMap<>();
        for (int i = 0; i < classes.labels().length; i++) {
            cells.merge(classes.labels()[i] * count + classes.predictions()[i], 1L, Long::sum);
        }
        return cells.entrySet().stream()
                .sorted(Map.Entry.<Integer, Long>comparingByValue().reversed())
                .limit(MOST_CELLS)
                .sorted(Map.Entry.comparingByKey())
                .map(cell -> new EvaluationDetails.Confused(
                        classes.names().get(cell.getKey() / count),
                        classes.names().get(cell.getKey() % count),
                        cell.getValue()))
                .toList();
    }

    /** How often each label is right, predicted, and both; none where an example has one class. */
    List<EvaluationDetails.LabelCount> labels() {
        if (!(chosen instanceof Predicted.LabelSets sets)) {
            return List.of();
        }
        Confusion counts = Confusion.of(sets);
        List<String> names = sets.names();
        return IntStream.range(0, names.size())
                .mapToObj(c -> new EvaluationDetails.LabelCount(
                        names.get(c), counts.actual()[c], counts.predicted()[c], counts.both()[c]))
                .toList();
    }

    /** Labels and predictions of a regression; none of other tasks. */
    List<EvaluationDetails.Pair> pairs() {
        if (!(chosen instanceof Predicted.Numbers numbers)) {
            return List.of();
        }
        int size = numbers.labels().length;
        int count = Math.min(size, MOST_PAIRS);
        return IntStream.range(0, count)
                .map(i -> (int) ((long) i * size / count))
                .mapToObj(i -> new EvaluationDetails.Pair(numbers.labels()[i], numbers.predictions()[i]))
                .toList();
    }

    /** One of the worst examples: its index, and how bad it is, higher being worse. */
    private record Scored(int example, double score) {}

    /**
     * The worst examples without their texts, the worst first: of classes those that are wrong at the recommended rank and
     * at most of the others, of label sets those with the most wrong labels, of numbers those that are farthest off, of texts
     * those with the highest loss for each token.
     */
    List<EvaluationDetails.Hard> hardest() {
        List<Scored> scored = new ArrayList<>();
        for (int example = 0; example < ids.length; example++) {
            double score = score(example);
            if (score > 0) {
                scored.add(new Scored(example, score));
            }
        }
        scored.sort(Comparator.comparingDouble(Scored::score).reversed().thenComparingInt(Scored::example));
        return worst(scored).stream().map(this::hard).toList();
    }

    /** Where more are equally bad than there is room for, some of these, spread evenly: data are often sorted. */
    private static List<Scored> worst(List<Scored> sorted) {
        if (sorted.size() <= MOST_EXAMPLES) {
            return sorted;
        }
        double last = sorted.get(MOST_EXAMPLES - 1).score();
        List<Scored> worst = new ArrayList<>(
                sorted.stream().filter(scored -> scored.score() > last).toList());
        List<Scored> equal =
                sorted.stream().filter(scored -> scored.score() == last).toList();
        int room = MOST_EXAMPLES - worst.size();
        for (int i = 0; i < room; i++) {
            worst.add(equal.get((int) ((long) i * equal.size() / room)));
        }
        return worst;
    }

    private double score(int example) {
        if (chosen instanceof Predicted.Classes classes) {
            int wrong = wrong(classes, example);
            return wrong == 0 ? 0 : wrongRanks(example) + wrong / (1.0 + targets(classes, example));
        }
        if (chosen instanceof Predicted.LabelSets sets) {
            return sets.wrong(example);
        }
        if (chosen instanceof Predicted.Numbers numbers) {
            return Math.abs((double) numbers.predictions()[example] - numbers.labels()[example]);
        }
        Predicted.Losses losses = (Predicted.Losses) chosen;
        return losses.targets()[example] == 0 ? 0 : losses.sums()[example] / losses.targets()[example];
    }

    private EvaluationDetails.Hard hard(Predicted.LabelSets sets, int example) {
        return new EvaluationDetails.Hard(
                ids[example],
                "",
                text(sets, sets.labels()[example]),
                text(sets, sets.predictions()[example]),
                String.format(Locale.ROOT, "%d labels wrong", sets.wrong(example)));
    }

    private static String text(Predicted.LabelSets sets, int... labels) {
        return labels.length == 0
                ? "none"
                : IntStream.of(labels).mapToObj(sets.names()::get).collect(Collectors.joining(", "));
    }

    private EvaluationDetails.Hard hard(Scored of) {
        if (chosen instanceof Predicted.LabelSets sets) {
            return hard(sets, of.example());
        }
        int example = of.example();
        long id = ids[example];
        if (chosen instanceof Predicted.Classes classes) {
            int targets = targets(classes, example);
            String why =
                    String.format(Locale.ROOT, "wrong at %d of %d ranks and orders", wrongRanks(example), all.size());
            if (targets > 1) {
                String words = String.format(Locale.ROOT, "%d of %d words wrong", wrong(classes, example), targets);
                return new EvaluationDetails.Hard(id, "", "", words, why);
            }
            int target = classes.starts()[example];
            return new EvaluationDetails.Hard(
                    id,
                    "",
                    classes.names().get(classes.labels()[target]),
                    classes.names().get(classes.predictions()[target]),
                    why);
        }
        if (chosen instanceof Predicted.Numbers numbers) {
            return new EvaluationDetails.Hard(
                    id,
                    "",
                    number(numbers.labels()[example]),
                    number(numbers.predictions()[example]),
                    "off by " + number(of.score()));
        }
        Predicted.Losses losses = (Predicted.Losses) chosen;
        return new EvaluationDetails.Hard(
                id,
                "",
                "",
                String.format(Locale.ROOT, "loss %.3f for each token", of.score()),
                String.format(Locale.ROOT, "%.0f tokens", losses.targets()[example]));
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.3f", value);
    }

    private int wrongRanks(int example) {
        return (int) all.stream()
                .filter(predicted -> wrong((Predicted.Classes) predicted, example) > 0)
                .count();
    }

    private static int targets(Predicted.Classes classes, int example) {
        return classes.starts()[example + 1] - classes.starts()[example];
    }

    private static int wrong(Predicted.Classes classes, int example) {
        return (int) IntStream.range(classes.starts()[example], classes.starts()[example + 1])
                .filter(i -> classes.predictions()[i] != classes.labels()[i])
                .count();
    }
}
