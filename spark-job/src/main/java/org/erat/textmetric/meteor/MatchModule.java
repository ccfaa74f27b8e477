package org.erat.textmetric.meteor;

import java.util.Locale;

/** Ways in which words match, in the order in which they are tried. */
public enum MatchModule {
    /** The same word. */
    EXACT(1, 1),
    /** Another word with the same stem. */
    STEM(0.6, 0.5),
    /** Another word that shares a synset of WordNet. */
    SYNONYM(0.8, 0.5),
    /** Phrases that a table names as paraphrases. */
    PARAPHRASE(0.6, 0.5);

    /** Weight of a match in the score, tuned on human rankings (table 1 of the paper, English). */
    final double weight;

    /** Weight of a word of a match in the search for the alignment. */
    final double searchWeight;

    MatchModule(double weight, double searchWeight) {
        this.weight = weight;
        this.searchWeight = searchWeight;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
