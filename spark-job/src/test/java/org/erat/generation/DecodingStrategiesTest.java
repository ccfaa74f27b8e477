package org.erat.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.erat.data.UsageException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each strategy against a plain loop over the same model, which knows neither batches nor early ends. */
class DecodingStrategiesTest {
    private static final int CONTEXT = 30;

    private static Rules rules(int maxNewTokens, int noRepeatNgram) {
        return new Rules(
                new SpecialTokens(Set.of(PlainModel.END), Set.of(), 0),
                CONTEXT,
                new GenerationSettings(maxNewTokens, noRepeatNgram, new Strategy.Greedy()));
    }

    private static List<Prompt> prompts(int... lengths) {
        Random random = new Random(3);
        return IntStream.range(0, lengths.length)
                .mapToObj(i -> new Prompt(
                        i, "prompt " + i, "", random.ints(lengths[i], 1, 4).toArray()))
                .toList();
    }

    private static List<Completion> greedy(PlainModel model, Rules rules, List<Prompt> prompts) {
        return new StepwiseDecoding(rules, TokenChoice.greedy()).complete(model.read(prompts), prompts);
    }

    private static List<Completion> beam(
            PlainModel model, Rules rules, int size, double lengthPenalty, List<Prompt> prompts) {
        return new BeamSearch(rules, new Strategy.Beam(size, lengthPenalty)).complete(model.read(prompts), prompts);
    }

    // ---- greedy

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void greedySearchTakesTheLikeliestTokenUntilTheEndOrTheLimit(long seed) {
        PlainModel model = new PlainModel(6, seed);
        List<Prompt> prompts = prompts(1, 7, 3, 28, 29);
        List<Completion> completions = greedy(model, rules(12, 0), prompts);
        for (int i = 0; i < prompts.size(); i++) {
            int[] tokens = prompts.get(i).tokens();
            int[] expected = {};
            boolean ended = false;
            while (expected.length < 12 && tokens.length + expected.length < CONTEXT && !ended) {
                float[] logits = model.logits(PlainModel.joined(tokens, expected));
                int best = IntStream.range(0, 6)
                        .reduce((one, other) -> logits[other] > logits[one] ? other : one)
                        .orElseThrow();
                ended = best == PlainModel.END;
                expected = ended ? expected : PlainModel.with(expected, best);
            }
            assertThat(completions.get(i).tokens()).containsExactly(expected);
            assertThat(completions.get(i).ended()).isEqualTo(ended);
        }
    }

    // ---- n-grams

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void noNgramIsRepeated(int n) {
        Rules rules = rules(25, n);
        List<Prompt> prompts = prompts(1, 2, 3, 4);
        for (long seed = 0; seed < 5; seed++) {
            PlainModel model = new PlainModel(4, seed);
            List<Completion> completions = new ArrayList<>(greedy(model, rules, prompts));
            completions.addAll(beam(model, rules, 3, 1, prompts));
            completions.addAll(new StepwiseDecoding(rules, TokenChoice.sampled(new Strategy.Sampling(2, 0, 1, seed)))
                    .complete(model.read(prompts), prompts));
            for (Completion completion : completions) {
                Set<List<Integer>> seen = new HashSet<>();
                List<Integer> tokens =
                        Arrays.stream(completion.tokens()).boxed().toList();
                for (int from = 0; from + n <= tokens.size(); from++) {
                    assertThat(seen.add(tokens.subList(from, from + n)))
                            .as("%s at %d", tokens, from)
                            .isTrue();
                }
            }
        }
    }

    /** Of the completion only: what the prompt says may be said again. */
    @Test
    void ngramsAreBannedByTheirFirstTokens() {
        float[] logits = new float[6];
        rules(9, 3).ban(logits, 1, 2, 3, 1, 2, 4, 1, 2);
        assertThat(logits).containsExactly(0, 0, 0, Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY, 0);
        rules(9, 3).ban(new float[0], 1, 2);
        rules(9, 0).ban(new float[0], 1, 1, 1);
    }

    // ---- beam search

    /** With as many beams as there are texts nothing is cut off. */
    @ParameterizedTest
    @CsvSource({"0", "0.8", "1", "2.5", "-0.5"})
    void wideBeamsFindTheBestOfAllCompletions(double lengthPenalty) {
        List<Prompt> prompts = prompts(2, 5, 3);
        for (long seed = 0; seed < 8; seed++) {
            PlainModel model = new PlainModel(4, seed);
            List<Completion> found = beam(model, rules(4, 0), 4 * 4 * 4 * 4, lengthPenalty, prompts);
            for (int i = 0; i < prompts.size(); i++) {
                Scored best = all(model, prompts.get(i).tokens(), new int[0], 0, lengthPenalty)
                        .max(Comparator.comparingDouble(Scored::score))
                        .orElseThrow();
                assertThat(found.get(i).tokens()).containsExactly(best.tokens());
                assertThat(found.get(i).ended()).isEqualTo(best.ended());
            }
        }
    }

    private record Scored(int[] tokens, boolean ended, double score) {}

    /** Every completion of 4 tokens or fewer that begins with some. */
    private static Stream<Scored> all(
            PlainModel model, int[] prompt, int[] tokens, double logProbability, double lengthPenalty) {
        if (tokens.length == 4) {
            return Stream.of(new Scored(tokens, false, logProbability / Math.pow(4, lengthPenalty)));
        }
        double[] next = model.logProbabilities(PlainModel.joined(prompt, tokens));
        Stream<Scored> ended = Stream.of(new Scored(
                tokens, true, (logProbability + next[PlainModel.END]) / Math.pow(tokens.length + 1.0, lengthPenalty)));
        Stream<Scored> longer = IntStream.range(1, model.vocabulary())
                .boxed()
                .flatMap(token -> all(
                        model, prompt, PlainModel.with(tokens, token), logProbability + next[token], lengthPenalty));
        return Stream.concat(ended, longer);
    }

    /** The search as it is described, to the last step and for one prompt. */
    @ParameterizedTest
    @CsvSource({"1, 1", "2, 0", "3, 0.8", "5, 1", "4, 2"})
    void narrowBeamsAreThoseOfThePlainSearch(int size, double lengthPenalty) {
        List<Prompt> prompts = prompts(2, 5, 3, 25);
        for (long seed = 0; seed < 8; seed++) {
            PlainModel model = new PlainModel(9, seed);
            List<Completion> found = beam(model, rules(8, 0), size, lengthPenalty, prompts);
            for (int i = 0; i < prompts.size(); i++) {
                Scored best = plainSearch(model, prompts.get(i).tokens(), size, lengthPenalty);
                assertThat(found.get(i).tokens()).containsExactly(best.tokens());
                assertThat(found.get(i).ended()).isEqualTo(best.ended());
            }
        }
    }

    private static Scored plainSearch(PlainModel model, int[] prompt, int size, double lengthPenalty) {
        int room = Math.min(8, CONTEXT - prompt.length);
        List<Scored> open = List.of(new Scored(new int[0], false, 0));
        List<Scored> done = new ArrayList<>();
        for (int length = 1; length <= room; length++) {
            double divisor = Math.pow(length, lengthPenalty);
            List<Scored> candidates = new ArrayList<>();
            for (Scored each : open) {
                double[] next = model.logProbabilities(PlainModel.joined(prompt, each.tokens()));
                for (int token = 0; token < next.length; token++) {
                    candidates.add(
                            token == PlainModel.END
                                    ? new Scored(each.tokens(), true, each.score() + next[token])
                                    : new Scored(
                                            PlainModel.with(each.tokens(), token), false, each.score() + next[token]));
                }
            }
            candidates.sort(Comparator.comparingDouble(Scored::score).reversed());
            candidates.stream()
                    .limit(size)
                    .filter(Scored::ended)
                    .map(each -> new Scored(each.tokens(), true, each.score() / divisor))
                    .forEach(done::add);
            open = candidates.stream().filter(each -> !each.ended()).limit(size).toList();
        }
        double divisor = Math.pow(room, lengthPenalty);
        open.forEach(each -> done.add(new Scored(each.tokens(), false, each.score() / divisor)));
        return done.stream().max(Comparator.comparingDouble(Scored::score)).orElseThrow();
    }

    // ---- sampling

    /** Frequencies of 20,000 draws, whose standard deviation is 0.0035 at most. */
    @ParameterizedTest
    @CsvSource({"1, 0, 1", "0.5, 0, 1", "2, 3, 1", "1, 0, 0.6", "1.5, 4, 0.7", "1, 1, 1", "1, 0, 0.01"})
    void tokensAreDrawnByTheirProbabilities(double temperature, int topK, double topP) {
        float[] logits = {0.3f, 2, -1, 1.5f, 2.5f, Float.NEGATIVE_INFINITY, 0};
        Integer[] order = {4, 1, 3, 0, 6, 2, 5};
        double[] expected = new double[logits.length];
        double total = 0;
        for (int i = 0; i < (topK == 0 ? 7 : topK); i++) {
            expected[order[i]] = Math.exp(logits[order[i]] / temperature);
            total += expected[order[i]];
        }
        double kept = 0;
        for (int token : order) {
            if (kept >= topP * total) {
                expected[token] = 0;
            }
            kept += expected[token];
        }
        TokenChoice choice = TokenChoice.sampled(new Strategy.Sampling(temperature, topK, topP, 5));
        int draws = 20_000;
        double[] counts = new double[logits.length];
        for (int draw = 0; draw < draws; draw++) {
            counts[choice.of(logits, draw / 100, draw % 100)]++;
        }
        for (int token = 0; token < logits.length; token++) {
            assertThat(counts[token] / draws)
                    .as("token %d", token)
                    .isCloseTo(expected[token] / Arrays.stream(expected).sum(), within(0.015));
            assertThat(counts[token] > 0).isEqualTo(expected[token] > 0);
        }
    }

    @Test
    void drawsDependOnSeedPromptAndPositionAndNotOnTheBatch() {
        PlainModel model = new PlainModel(12, 1);
        List<Prompt> prompts = prompts(3, 1, 4, 2, 6);
        StepwiseDecoding decoding =
                new StepwiseDecoding(rules(20, 0), TokenChoice.sampled(new Strategy.Sampling(1, 5, 0.9, 77)));
        List<Completion> together = decoding.complete(model.read(prompts), prompts);
        for (int i = 0; i < prompts.size(); i++) {
            List<Prompt> alone = List.of(prompts.get(i));
            assertThat(decoding.complete(model.read(alone), alone).get(0).tokens())
                    .containsExactly(together.get(i).tokens());
        }
        List<Prompt> alike = LongStream.range(0, 20)
                .mapToObj(id -> new Prompt(id, "", "", new int[] {1}))
                .toList();
        assertThat(decoding.complete(model.read(alike), alike).stream()
                        .map(completion -> Arrays.toString(completion.tokens()))
                        .distinct()
                        .count())
                .isGreaterThan(15);
    }

    // ---- tokens in order

    @Test
    void likeliestTokensComeInTheirOrder() {
        Random random = new Random(4);
        float[] logits = new float[300];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = random.nextInt(40) - 20;
        }
        logits[7] = Float.NEGATIVE_INFINITY;
        logits[9] = -0f;
        int[] expected = IntStream.range(0, logits.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer token) -> -(logits[token] + 0.0)))
                .mapToInt(Integer::intValue)
                .toArray();
        for (int count : new int[] {1, 2, 63, 64, 65, 300, 999}) {
            assertThat(LikeliestTokens.of(logits, count))
                    .containsExactly(Arrays.copyOf(expected, Math.min(count, logits.length)));
        }
    }

    @Test
    void settingsThatMakeNoSenseAreRefused() {
        assertThatThrownBy(() -> new Strategy.Beam(0, 1))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("--beams 0 is below 1");
        assertThatThrownBy(() -> new Strategy.Sampling(0, 0, 1, 0))
                .hasMessageContaining("--temperature 0.0 is not above");
        assertThatThrownBy(() -> new Strategy.Sampling(-1, 0, 1, 0)).hasMessageContaining("--temperature -1.0");
        assertThatThrownBy(() -> new Strategy.Sampling(1, -1, 1, 0)).hasMessageContaining("--top-k -1");
        assertThatThrownBy(() -> new Strategy.Sampling(1, 0, 0, 0)).hasMessageContaining("--top-p 0.0");
        assertThatThrownBy(() -> new GenerationSettings(0, 0, new Strategy.Greedy()))
                .hasMessageContaining("--max-new-tokens 0");
        assertThatThrownBy(() -> new GenerationSettings(1, -1, new Strategy.Greedy()))
                .hasMessageContaining("--no-repeat-ngram -1");
    }
}
