package org.erat.data.text;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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
     * Lines for people: the classes, the most frequent first, and warnings of classes that differ by case or blanks only
     * and of those with few examples.
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
        for (List<String> twins : twins(byName)) {
            lines.add(String.format(
                    "warning: the classes '%s' differ by case or blanks only. If they are one, write them alike",
                    String.join("', '", twins)));
        }
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
                .map(entry -> String.format("%s %,d", entry.getKey(), entry.getValue()))
                .collect(Collectors.joining(", "));
        int more = byName.size() - MOST_NAMED;
        return more > 0 ? named + " and " + more + " more" : named;
    }

    private static List<List<String>> twins(Map<String, Long> byName) {
        return byName.keySet().stream()
                .collect(Collectors.groupingBy(LabelText::twinKey, TreeMap::new, Collectors.toList()))
                .values()
                .stream()
                .filter(alike -> alike.size() > 1)
                .toList();
    }
}
