package org.erat.textmetric.meteor;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.erat.textmetric.PtbTokenizer;
import org.erat.textmetric.TokenizedSegment;

/**
 * METEOR 1.5 for English (Denkowski and Lavie, WMT 2014, "Meteor Universal"), with the options {@code -l en -norm}. Words of
 * a hypothesis and a reference are aligned by their text, stem, synonyms and paraphrases. With P and R the weighted shares of
 * matched words, in which a function word counts δ' = 0.25 and one of content 0.75,
 *
 * <pre>P·R / ((1 − α)·R + α·P) · (1 − γ·(chunks / matched words)^β),   α = 0.85, β = 0.2, γ = 0.6</pre>
 *
 * A segment has the score of its best reference. The corpus has that of the sums of its segments' statistics, not their mean.
 *
 * <p>Published figures, E2E's among them, use paraphrases too. Figures with fewer modules are lower, so name the modules
 * with a figure. With exact, stem and synonym matches about one segment in fifty is aligned otherwise than by METEOR 1.5, whose
 * search breaks ties in a way of its own; scores of whole outputs have differed by up to .00015. With paraphrases this class
 * has not been compared with it.
 */
public final class Meteor {
    private static final Pattern INNER_HYPHEN = Pattern.compile("(?<=[\\p{L}\\p{N}])-(?=[\\p{L}\\p{N}])");
    private static final Pattern APOSTROPHE_OF_CLITIC = Pattern.compile("'(?=\\p{L})");
    private static final Pattern QUOTE = Pattern.compile("[“”„]");
    private static final Pattern DASH = Pattern.compile("[–—]");
    private static final Pattern BLANKS = Pattern.compile(" +");

    private final MeteorData data;

    public Meteor(MeteorData data) {
        this.data = data;
    }

    /** The modules that words are matched by. */
    public Set<MatchModule> modules() {
        return data.modules();
    }

    /** The score of a corpus of {@link PtbTokenizer}'s tokens, from 0 to 1. */
    public double score(List<TokenizedSegment> segments) {
        return segments.stream()
                .map(this::statistics)
                .reduce(MeteorStatistics.NONE, MeteorStatistics::plus)
                .score();
    }

    /** The score of one segment. */
    public double score(TokenizedSegment segment) {
        return statistics(segment).score();
    }

    /** All words of the segments as METEOR sees them. */
    public static Set<String> vocabulary(List<TokenizedSegment> segments) {
        Set<String> vocabulary = new HashSet<>();
        for (TokenizedSegment segment : segments) {
            vocabulary.addAll(normalized(segment.hypothesis()));
            segment.references().forEach(reference -> vocabulary.addAll(normalized(reference)));
        }
        return vocabulary;
    }

    MeteorStatistics statistics(TokenizedSegment segment) {
        List<Word> hypothesis = data.words(normalized(segment.hypothesis()));
        List<MeteorStatistics> all = segment.references().stream()
                .map(reference -> MeteorStatistics.of(hypothesis, data.words(normalized(reference)), data))
                .toList();
        MeteorStatistics best = all.get(0);
        for (MeteorStatistics each : all) {
            if (each.score() > best.score()) {
                best = each;
            }
        }
        return best;
    }

    /** What {@code -norm} does to tokens. */
    static List<String> normalized(List<String> tokens) {
        List<String> words = new ArrayList<>();
        for (String token : tokens) {
            String word = INNER_HYPHEN.matcher(token.toLowerCase(Locale.ROOT)).replaceAll(" ");
            word = APOSTROPHE_OF_CLITIC.matcher(word).replaceAll(" ’ ");
            word = QUOTE.matcher(word).replaceAll("\"");
            word = DASH.matcher(word).replaceAll("-");
            BLANKS.splitAsStream(word.strip()).forEach(words::add);
        }
        return words;
    }
}
