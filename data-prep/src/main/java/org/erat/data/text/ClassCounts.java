package org.erat.data.text;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** How often each class is in the training split, and what is odd about that. */
final class ClassCounts {
    /** Classes that are named in a line. */
    private static final int MOST_NAMED = 20;

    /** With fewer nothing can be learnt of a class. */
    private static final int FEW = 5;

    private final Map<String, Long> counts = new LinkedHashMap<>();

    /** Counts a label of the training split. */
    void add(String label) {
        counts.merge(label, 1L, Long::sum);
    }

    boolean isEmpty() {
        return counts.isEmpty();
    }

    /**
     * Lines for people: the classes, the most frequent first, and warnings of classes that look alike, of those that may
     * stand for no label, and of those with few examples.
     *
     * @param classes all of them, as written
     * @param names of the classes, in the same order
     */
    List<String> report(List<String> classes, List<String> names) {
        Map<String, Long> byName = new LinkedHashMap<>();
        for (int i = 0; i < classes.size(); i++) {
            byName.put(names.get(i), counts.getOrDefault(classes.get(i), 0L));
        }
        List<String> lines = new ArrayList<>();
        lines.add(String.format("%,d classes in training: ", classes.size()) + counted(byName));
        lines.addAll(twins(byName, LabelText::twinKey, "differ by case, blanks or invisible characters only"));
        lines.addAll(twins(byName, LabelText::numberKey, "are the same number"));
        byName.forEach((name, count) -> {
            if (LabelText.isDoubtful(name) || LabelText.isInvisible(name)) {
                lines.add(String.format(
                        "warning: the class '%s' (%,d in training) %s. If it stands for no label, leave out its rows",
                        LabelText.shown(name),
                        count,
                        LabelText.isInvisible(name) ? "has no visible character" : "may be no class"));
            }
        });
        Map<String, Long> rare = new LinkedHashMap<>(byName);
        rare.values().removeIf(count -> count >= FEW);
        if (!rare.isEmpty()) {
            lines.add(String.format(
                            "warning: %,d of the classes have fewer than %d training examples: ", rare.size(), FEW)
                    + counted(rare));
        }
        return lines;
    }

    private static String counted(Map<String, Long> byName) {
        String named = byName.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder())
                        .thenComparing(Map.Entry.comparingByKey()))
                .limit(MOST_NAMED)
                .map(entry -> String.format("%s %,d", LabelText.shown(entry.getKey()), entry.getValue()))
                .collect(Collectors.joining(", "));
        int more = byName.size() - MOST_NAMED;
        return more > 0 ? named + " and " + more + " more" : named;
    }

    /** A warning for all classes that have a key in common, which says {@code what} they have in common. */
    private static List<String> twins(Map<String, Long> byName, UnaryOperator<String> key, String what) {
        return byName.keySet().stream()
                .collect(Collectors.groupingBy(key, TreeMap::new, Collectors.toList()))
                .values()
                .stream()
                .filter(alike -> alike.size() > 1)
                .map(alike -> String.format(
                        "warning: the classes '%s' %s. If they are one, write them alike",
                        alike.stream().map(LabelText::shown).collect(Collectors.joining("', '")), what))
                .toList();
    }
}
