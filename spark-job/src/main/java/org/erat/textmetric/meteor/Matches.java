package org.erat.textmetric.meteor;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** All matches between a hypothesis and a reference, from which an alignment is chosen. */
final class Matches {
    private final List<List<Match>> byReferenceStart;
    private final int[] inHypothesis;
    private final int[] inReference;

    private Matches(int hypothesisLength, int referenceLength) {
        byReferenceStart = Stream.<List<Match>>generate(ArrayList::new)
                .limit(referenceLength)
                .toList();
        inHypothesis = new int[hypothesisLength];
        inReference = new int[referenceLength];
    }

    /** Finds the matches of all modules that the data serve; between equal texts, exact ones only. */
    static Matches find(List<Word> hypothesis, List<Word> reference, MeteorData data) {
        Matches matches = new Matches(hypothesis.size(), reference.size());
        Set<MatchModule> modules = hypothesis.equals(reference) ? EnumSet.of(MatchModule.EXACT) : data.modules();
        for (MatchModule module : modules) {
            if (module == MatchModule.PARAPHRASE) {
                matches.addParaphrases(hypothesis, reference, data.paraphrases().orElseThrow());
            } else {
                matches.addWords(hypothesis, reference, module);
            }
        }
        return matches;
    }

    /** Those whose words in the reference begin at {@code index}, in the order of modules, then of the hypothesis. */
    List<Match> startingAt(int index) {
        return byReferenceStart.get(index);
    }

    /** The matches that share no word with another one. */
    List<Match> unrivalled() {
        return byReferenceStart.stream()
                .flatMap(List::stream)
                .filter(match -> alone(inHypothesis, match.hypothesisStart(), match.hypothesisEnd())
                        && alone(inReference, match.referenceStart(), match.referenceEnd()))
                .toList();
    }

    private static boolean alone(int[] matches, int from, int to) {
        for (int i = from; i < to; i++) {
            if (matches[i] != 1) {
                return false;
            }
        }
        return true;
    }

    private void addWords(List<Word> hypothesis, List<Word> reference, MatchModule module) {
        for (int h = 0; h < hypothesis.size(); h++) {
            for (int r = 0; r < reference.size(); r++) {
                if (match(hypothesis.get(h), reference.get(r), module)) {
                    add(Match.ofWords(module, h, r));
                }
            }
        }
    }

    private static boolean match(Word hypothesis, Word reference, MatchModule module) {
        boolean same = hypothesis.text().equals(reference.text());
        return switch (module) {
            case EXACT -> same;
            case STEM -> !same && hypothesis.stem().equals(reference.stem());
            case SYNONYM -> !same && !Collections.disjoint(hypothesis.synsets(), reference.synsets());
            case PARAPHRASE -> throw new IllegalArgumentException("paraphrases are phrases");
        };
    }

    private void addParaphrases(List<Word> hypothesis, List<Word> reference, ParaphraseTable table) {
        List<String> said = hypothesis.stream().map(Word::text).toList();
        List<String> meant = reference.stream().map(Word::text).toList();
        for (int h = 0; h < said.size(); h++) {
            for (int i = h + 1; i <= Math.min(said.size(), h + table.longest()); i++) {
                for (List<String> paraphrase : table.of(said.subList(h, i))) {
                    for (int r = 0; r + paraphrase.size() <= meant.size(); r++) {
                        if (meant.subList(r, r + paraphrase.size()).equals(paraphrase)) {
                            add(new Match(MatchModule.PARAPHRASE, h, i - h, r, paraphrase.size()));
                        }
                    }
                }
            }
        }
    }

    private void add(Match match) {
        byReferenceStart.get(match.referenceStart()).add(match);
        for (int i = match.hypothesisStart(); i < match.hypothesisEnd(); i++) {
            inHypothesis[i]++;
        }
        for (int i = match.referenceStart(); i < match.referenceEnd(); i++) {
            inReference[i]++;
        }
    }
}
