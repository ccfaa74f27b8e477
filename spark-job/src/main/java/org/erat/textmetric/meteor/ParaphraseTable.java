package org.erat.textmetric.meteor;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * Phrases and their paraphrases, in both directions, of words that occur in the texts at hand: the whole table has millions
 * of phrases. Its file has three lines for a pair: probability, phrase, paraphrase.
 */
final class ParaphraseTable {
    private static final Pattern BLANKS = Pattern.compile("\\s+");

    private final Map<List<String>, List<List<String>>> paraphrases = new HashMap<>();
    private int longest;

    /** Takes the lines of a table, one after the other. */
    static final class Reader implements Consumer<String> {
        private final ParaphraseTable table = new ParaphraseTable();
        private final Set<String> vocabulary;
        private final List<String> pair = new ArrayList<>();

        /** @param vocabulary words of the texts */
        Reader(Set<String> vocabulary) {
            this.vocabulary = vocabulary;
        }

        @Override
        public void accept(String line) {
            pair.add(line);
            if (pair.size() == 3) {
                table.add(words(pair.get(1)), words(pair.get(2)), vocabulary);
                pair.clear();
            }
        }

        ParaphraseTable table() {
            return table;
        }
    }

    /** Paraphrases of a phrase. */
    List<List<String>> of(List<String> phrase) {
        return paraphrases.getOrDefault(phrase, List.of());
    }

    /** Number of words of the longest phrase. */
    int longest() {
        return longest;
    }

    private void add(List<String> phrase, List<String> paraphrase, Set<String> vocabulary) {
        if (!phrase.equals(paraphrase) && vocabulary.containsAll(phrase) && vocabulary.containsAll(paraphrase)) {
            addOneWay(phrase, paraphrase);
            addOneWay(paraphrase, phrase);
        }
    }

    private void addOneWay(List<String> from, List<String> to) {
        List<List<String>> known = paraphrases.computeIfAbsent(from, phrase -> new ArrayList<>());
        if (!known.contains(to)) {
            known.add(to);
        }
        longest = Math.max(longest, from.size());
    }

    private static List<String> words(String phrase) {
        return phrase.isBlank() ? Collections.emptyList() : List.of(BLANKS.split(phrase.strip()));
    }
}
