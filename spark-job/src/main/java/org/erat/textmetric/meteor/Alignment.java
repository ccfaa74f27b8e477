package org.erat.textmetric.meteor;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;

/**
 * The alignment of a hypothesis with a reference: matches that share no word. It covers as many words as possible, then has
 * as few chunks as possible (runs of matches that are adjacent and in the same order on both sides). A beam search over the
 * reference from left to right finds it, in which matches without a rival are fixed. Of paths that are as good, the one with
 * the earlier match wins.
 *
 * <p>As in METEOR, the covered words are summed in whole numbers after their search weights, so a match of one word that is
 * not exact counts nothing in the search.
 *
 * @param matches from left to right in the reference
 * @param chunks number of chunks
 */
record Alignment(List<Match> matches, int chunks) {
    private static final int BEAM = 40;

    /** Finds the alignment. */
    static Alignment of(Matches candidates, int hypothesisLength, int referenceLength) {
        Match[] fixed = new Match[referenceLength];
        BitSet hypothesisUsed = new BitSet(hypothesisLength);
        BitSet referenceUsed = new BitSet(referenceLength);
        for (Match match : candidates.unrivalled()) {
            fixed[match.referenceStart()] = match;
            hypothesisUsed.set(match.hypothesisStart(), match.hypothesisEnd());
            referenceUsed.set(match.referenceStart(), match.referenceEnd());
        }
        List<Path> paths = List.of(new Path(hypothesisUsed, referenceUsed));
        for (int position = 0; position < referenceLength; position++) {
            List<Path> next = new ArrayList<>();
            for (Path path : best(paths)) {
                if (position < path.end) {
                    next.add(path);
                } else if (fixed[position] != null) {
                    next.add(path.with(fixed[position]));
                } else {
                    for (Match match : candidates.startingAt(position)) {
                        if (path.allows(match)) {
                            next.add(path.with(match));
                        }
                    }
                    next.add(path.without(position));
                }
            }
            paths = next;
        }
        return best(paths.stream().map(Path::closed).toList()).get(0).alignment();
    }

    private static List<Path> best(List<Path> paths) {
        return paths.stream().sorted(Path.BEST_FIRST).limit(BEAM).toList();
    }

    /** An alignment of the reference's first words. */
    private static final class Path {
        static final Comparator<Path> BEST_FIRST =
                Comparator.comparingInt((Path path) -> -path.covered).thenComparingInt(path -> path.chunks);

        private static final int NONE = -1;

        private final BitSet hypothesisUsed;
        private final BitSet referenceUsed;
        private final Path before;
        private final Match match;
        private final int covered;
        /** Chunks that have ended. */
        private final int chunks;
        /** Where in the hypothesis the open chunk goes on, or NONE. */
        private final int chunkEnd;
        /** Where in the reference the path ends. */
        private final int end;

        Path(BitSet hypothesisUsed, BitSet referenceUsed) {
            this(hypothesisUsed, referenceUsed, null, null, 0, 0, NONE, 0);
        }

        private Path(
                BitSet hypothesisUsed,
                BitSet referenceUsed,
                Path before,
                Match match,
                int covered,
                int chunks,
                int chunkEnd,
                int end) {
            this.hypothesisUsed = hypothesisUsed;
            this.referenceUsed = referenceUsed;
            this.before = before;
            this.match = match;
            this.covered = covered;
            this.chunks = chunks;
            this.chunkEnd = chunkEnd;
            this.end = end;
        }

        boolean allows(Match next) {
            return free(hypothesisUsed, next.hypothesisStart(), next.hypothesisEnd())
                    && free(referenceUsed, next.referenceStart(), next.referenceEnd());
        }

        private static boolean free(BitSet used, int from, int to) {
            int next = used.nextSetBit(from);
            return next < 0 || next >= to;
        }

        Path with(Match next) {
            BitSet hypothesis = (BitSet) hypothesisUsed.clone();
            hypothesis.set(next.hypothesisStart(), next.hypothesisEnd());
            BitSet reference = (BitSet) referenceUsed.clone();
            reference.set(next.referenceStart(), next.referenceEnd());
            double weight = next.module().searchWeight;
            return new Path(
                    hypothesis,
                    reference,
                    this,
                    next,
                    covered + (int) (next.hypothesisLength() * weight) + (int) (next.referenceLength() * weight),
                    chunks + (chunkEnd != NONE && chunkEnd != next.hypothesisStart() ? 1 : 0),
                    next.hypothesisEnd(),
                    next.referenceEnd());
        }

        /** The word at {@code position} matches nothing. */
        Path without(int position) {
            return skippedTo(position + 1);
        }

        /** All words of the reference are behind. */
        Path closed() {
            return skippedTo(end);
        }

        private Path skippedTo(int to) {
            return new Path(
                    hypothesisUsed,
                    referenceUsed,
                    before,
                    match,
                    covered,
                    chunks + (chunkEnd == NONE ? 0 : 1),
                    NONE,
                    to);
        }

        Alignment alignment() {
            List<Match> matches = new ArrayList<>();
            for (Path path = this; path != null && path.match != null; path = path.before) {
                matches.add(0, path.match);
            }
            return new Alignment(List.copyOf(matches), chunks);
        }
    }
}
