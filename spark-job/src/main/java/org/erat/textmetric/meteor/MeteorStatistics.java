package org.erat.textmetric.meteor;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What METEOR's score is computed from. Those of segments add up to those of a corpus.
 *
 * @param hypothesis words of the hypothesis
 * @param reference words of the reference
 * @param hypothesisMatches matched words of the hypothesis; none of a module that is absent
 * @param referenceMatches matched words of the reference
 * @param chunks number of chunks
 */
record MeteorStatistics(
        Counts hypothesis,
        Counts reference,
        Map<MatchModule, Counts> hypothesisMatches,
        Map<MatchModule, Counts> referenceMatches,
        int chunks) {
    private static final double ALPHA = 0.85;
    private static final double BETA = 0.2;
    private static final double GAMMA = 0.6;
    private static final double DELTA = 0.75;

    static final MeteorStatistics NONE = new MeteorStatistics(Counts.NONE, Counts.NONE, Map.of(), Map.of(), 0);

    /**
     * Numbers of words.
     *
     * @param content words of content
     * @param function function words
     */
    record Counts(int content, int function) {
        static final Counts NONE = new Counts(0, 0);

        static Counts of(List<Word> words) {
            int function = (int) words.stream().filter(Word::function).count();
            return new Counts(words.size() - function, function);
        }

        Counts plus(Counts other) {
            return new Counts(content + other.content, function + other.function);
        }

        int words() {
            return content + function;
        }

        double weighted() {
            return DELTA * content + (1 - DELTA) * function;
        }
    }

    /** Aligns a hypothesis with a reference, and counts. */
    static MeteorStatistics of(List<Word> hypothesis, List<Word> reference, MeteorData data) {
        Alignment alignment =
                Alignment.of(Matches.find(hypothesis, reference, data), hypothesis.size(), reference.size());
        Map<MatchModule, Counts> hypothesisMatches = new EnumMap<>(MatchModule.class);
        Map<MatchModule, Counts> referenceMatches = new EnumMap<>(MatchModule.class);
        for (Match match : alignment.matches()) {
            hypothesisMatches.merge(
                    match.module(),
                    Counts.of(hypothesis.subList(match.hypothesisStart(), match.hypothesisEnd())),
                    Counts::plus);
            referenceMatches.merge(
                    match.module(),
                    Counts.of(reference.subList(match.referenceStart(), match.referenceEnd())),
                    Counts::plus);
        }
        return new MeteorStatistics(
                Counts.of(hypothesis), Counts.of(reference), hypothesisMatches, referenceMatches, alignment.chunks());
    }

    /** The sum. A segment whose words all match in one chunk adds no chunk, since it would have no penalty either. */
    MeteorStatistics plus(MeteorStatistics segment) {
        return new MeteorStatistics(
                hypothesis.plus(segment.hypothesis),
                reference.plus(segment.reference),
                sums(hypothesisMatches, segment.hypothesisMatches),
                sums(referenceMatches, segment.referenceMatches),
                chunks + (segment.isPerfect() ? 0 : segment.chunks));
    }

    /** The score, from 0 to 1. */
    double score() {
        double precision = weighted(hypothesisMatches) / hypothesis.weighted();
        double recall = weighted(referenceMatches) / reference.weighted();
        double matched = (words(hypothesisMatches) + words(referenceMatches)) / 2.0;
        if (matched == 0) {
            return 0;
        }
        double mean = precision * recall / ((1 - ALPHA) * recall + ALPHA * precision);
        double penalty = isPerfect() ? 0 : GAMMA * Math.pow(chunks / matched, BETA);
        return mean * (1 - penalty);
    }

    private boolean isPerfect() {
        return chunks == 1
                && words(hypothesisMatches) == hypothesis.words()
                && words(referenceMatches) == reference.words();
    }

    private static Map<MatchModule, Counts> sums(Map<MatchModule, Counts> a, Map<MatchModule, Counts> b) {
        Map<MatchModule, Counts> sums = new EnumMap<>(MatchModule.class);
        sums.putAll(a);
        b.forEach((module, counts) -> sums.merge(module, counts, Counts::plus));
        return sums;
    }

    private static double weighted(Map<MatchModule, Counts> matches) {
        return matches.entrySet().stream()
                .mapToDouble(each -> each.getKey().weight * each.getValue().weighted())
                .sum();
    }

    private static int words(Map<MatchModule, Counts> matches) {
        return matches.values().stream().mapToInt(Counts::words).sum();
    }
}
