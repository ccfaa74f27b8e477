package org.erat.generation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** Follows several completions of each prompt at a time, {@link Strategy.Beam}. */
record BeamSearch(Rules rules, Strategy.Beam beam) {
    /**
     * A completion that goes on.
     *
     * @param source the sequence of the batch that its last token follows
     * @param logProbability of its tokens
     */
    private record Hypothesis(int source, int[] tokens, double logProbability) {
        static final Hypothesis EMPTY = new Hypothesis(0, new int[0], 0);

        Hypothesis with(int token, int sequence, double logProbabilityWith) {
            int[] longer = Arrays.copyOf(tokens, tokens.length + 1);
            longer[tokens.length] = token;
            return new Hypothesis(sequence, longer, logProbabilityWith);
        }
    }

    /** A token after one of the hypotheses of a prompt. */
    private record Candidate(int hypothesis, int token, double logProbability) {
        static final Comparator<Candidate> LIKELIEST_FIRST = Comparator.comparingDouble(Candidate::logProbability)
                .reversed()
                .thenComparingInt(Candidate::hypothesis)
                .thenComparingInt(Candidate::token);
    }

    /** The search for the completion of one prompt. */
    private final class Search {
        private final int room;
        private List<Hypothesis> open = List.of(Hypothesis.EMPTY);
        private Completion best = new Completion(new int[0], false);
        private double bestScore = Double.NEGATIVE_INFINITY;

        Search(Prompt prompt) {
            this.room = rules.room(prompt);
        }

        /**
         * Adds a token to each hypothesis.
         *
         * @param first sequence of the batch that is the first hypothesis
         */
        void step(SequenceBatch model, int first) {
            int size = beam.size();
            List<Candidate> candidates = new ArrayList<>();
            for (int h = 0; h < open.size(); h++) {
                addCandidates(model.logits(first + h), h, size * (1 + rules.ends()), candidates);
            }
            candidates.sort(Candidate.LIKELIEST_FIRST);
            List<Hypothesis> next = new ArrayList<>();
            for (int i = 0; i < candidates.size() && next.size() < size; i++) {
                Candidate candidate = candidates.get(i);
                Hypothesis before = open.get(candidate.hypothesis());
                if (!rules.isEnd(candidate.token())) {
                    next.add(
                            before.with(candidate.token(), first + candidate.hypothesis(), candidate.logProbability()));
                } else if (i < size) {
                    finish(before.tokens(), before.tokens().length + 1, candidate.logProbability(), true);
                }
            }
            int length = next.isEmpty() ? room : next.get(0).tokens().length;
            if (length == room) {
                next.forEach(each -> finish(each.tokens(), length, each.logProbability(), false));
                next.clear();
            } else if (highestPossible(next.get(0).logProbability(), length) <= bestScore) {
                next.clear();
            }
            open = next;
        }

        private void addCandidates(float[] logits, int hypothesis, int count, List<Candidate> candidates) {
            Hypothesis before = open.get(hypothesis);
            rules.ban(logits, before.tokens());
            double normalizer = logSumExp(logits);
            for (int token : LikeliestTokens.of(logits, count)) {
                if (logits[token] > Float.NEGATIVE_INFINITY) {
                    candidates.add(
                            new Candidate(hypothesis, token, before.logProbability() + (logits[token] - normalizer)));
                }
            }
        }

        private void finish(int[] tokens, int length, double logProbability, boolean ended) {
            double score = score(logProbability, length);
            if (score > bestScore) {
                bestScore = score;
                best = new Completion(tokens, ended);
            }
        }

        /** No token makes a completion likelier, so the divisor decides. */
        private double highestPossible(double logProbability, int length) {
            return score(logProbability, beam.lengthPenalty() > 0 ? room : length);
        }
    }

    private double score(double logProbability, int length) {
        return logProbability / Math.pow(length, beam.lengthPenalty());
    }

    private static double logSumExp(float... x) {
        double largest = Double.NEGATIVE_INFINITY;
        for (float each : x) {
            largest = Math.max(largest, each);
        }
        double sum = 0;
        for (float each : x) {
            sum += Math.exp(each - largest);
        }
        return largest + Math.log(sum);
    }

    /**
     * Completes prompts.
     *
     * @param model has read them
     */
    List<Completion> complete(SequenceBatch model, List<Prompt> prompts) {
        List<Search> searches = prompts.stream().map(Search::new).toList();
        while (true) {
            int first = 0;
            for (Search search : searches) {
                int sequences = search.open.size();
                if (sequences > 0) {
                    search.step(model, first);
                }
                first += sequences;
            }
            List<Hypothesis> open =
                    searches.stream().flatMap(search -> search.open.stream()).toList();
            if (open.isEmpty()) {
                return searches.stream().map(search -> search.best).toList();
            }
            model.advance(
                    open.stream().mapToInt(Hypothesis::source).toArray(),
                    open.stream()
                            .mapToInt(each -> each.tokens()[each.tokens().length - 1])
                            .toArray());
        }
    }
}
