package org.erat.textmetric.meteor;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Sets of synonyms. A word is in those of its own and in those of its base forms, which exceptions name or, where there is
 * none, the rules of detachment of WordNet's {@code morphy} make.
 */
final class WordNet {
    /** Endings and what takes their place: of nouns, verbs, adjectives. */
    private static final List<Map.Entry<String, String>> DETACHMENTS = List.of(
            Map.entry("s", ""),
            Map.entry("ses", "s"),
            Map.entry("xes", "x"),
            Map.entry("zes", "z"),
            Map.entry("ches", "ch"),
            Map.entry("shes", "sh"),
            Map.entry("men", "man"),
            Map.entry("ies", "y"),
            Map.entry("es", "e"),
            Map.entry("es", ""),
            Map.entry("ed", "e"),
            Map.entry("ed", ""),
            Map.entry("ing", "e"),
            Map.entry("ing", ""),
            Map.entry("er", ""),
            Map.entry("est", ""),
            Map.entry("er", "e"),
            Map.entry("est", "e"));

    private final Map<String, Set<Integer>> synsets;
    private final Map<String, Set<String>> bases;

    /**
     * @param synsets numbers of the sets that a word is in
     * @param bases base forms of irregular words
     */
    WordNet(Map<String, Set<Integer>> synsets, Map<String, Set<String>> bases) {
        this.synsets = new HashMap<>(synsets);
        this.bases = new HashMap<>(bases);
    }

    /** The sets that the word or a base form of it is in. */
    Set<Integer> synsets(String word) {
        Set<Integer> all = new HashSet<>(synsets.getOrDefault(word, Set.of()));
        if (bases.containsKey(word)) {
            bases.get(word).forEach(base -> all.addAll(synsets.getOrDefault(base, Set.of())));
            return all;
        }
        for (Map.Entry<String, String> each : DETACHMENTS) {
            if (word.endsWith(each.getKey())) {
                String base = word.substring(0, word.length() - each.getKey().length()) + each.getValue();
                all.addAll(synsets.getOrDefault(base, Set.of()));
            }
        }
        return all;
    }
}
