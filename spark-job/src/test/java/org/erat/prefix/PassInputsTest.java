package org.erat.prefix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.PackedExamples;
import org.erat.data.tokenized.Targets;
import org.erat.data.tokenized.TaskType;
import org.erat.head.HeadSpec;
import org.junit.jupiter.api.Test;

/** What passes of prefix language models read, token by token. */
class PassInputsTest {
    private static final int NONE = Targets.NONE;
    private static final int PAD = 0;
    private static final int CLS = 2;
    private static final int SEP = 3;
    private static final int MASK = 4;
    private static final int VOCABULARY = 1000;

    /** [CLS] 10 [SEP] ‖ 11 12 [SEP], and [CLS] [SEP] ‖ 13. */
    private static Batch plain() {
        return new Batch(
                new int[] {CLS, 10, SEP, 11, 12, SEP, CLS, SEP, 13, PAD, PAD, PAD},
                new int[] {0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0},
                new int[] {6, 3},
                new long[] {7, 8},
                new Targets.TokenClasses(new int[] {NONE, NONE, 11, 12, SEP, NONE, NONE, 13, NONE, NONE, NONE, NONE}));
    }

    private static final PseudoMask PSEUDO_MASK = new PseudoMask(MASK, VOCABULARY, PAD);

    @Test
    void pseudoTokensFollowTheExampleInThePlacesOfWhatTheyPredict() {
        Batch formed = PSEUDO_MASK.evaluation(plain());

        assertThat(formed.lengths()).containsExactly(9, 4);
        assertThat(formed.ids()).containsExactly(7, 8);
        assertThat(formed.tokenIds())
                .containsExactly(
                        CLS, 10, SEP, 11, 12, SEP, MASK, MASK, MASK, CLS, SEP, 13, MASK, PAD, PAD, PAD, PAD, PAD);
        assertThat(formed.typeIds()).containsExactly(0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0);
        assertThat(ofExamples(formed, formed.arrangement().positions()))
                .isDeepEqualTo(new int[][] {{0, 1, 2, 3, 4, 5, 3, 4, 5}, {0, 1, 2, 2}});
        assertThat(ofExamples(formed, formed.arrangement().visibility().from()))
                .isDeepEqualTo(new int[][] {new int[9], new int[4]});
        assertThat(ofExamples(formed, formed.arrangement().visibility().to()))
                .isDeepEqualTo(new int[][] {{3, 3, 3, 4, 5, 6, 3, 4, 5}, {2, 2, 3, 2}});
        assertThat(formed.targets().tokens()).containsExactly(6, 7, 8, 12);
        assertThat(((Targets.TokenClasses) formed.targets()).known()).containsExactly(11, 12, SEP, 13);
    }

    @Test
    void theSeparatorBeginsTheTargetWhereTheNextTokenIsPredicted() {
        Batch formed = new PrefixCausal(2).evaluation(plain());

        assertThat(formed.tokenIds()).containsExactly(plain().tokenIds());
        assertThat(formed.typeIds()).containsExactly(0, 0, 1, 1, 1, 1, 0, 1, 1, 0, 0, 0);
        assertThat(ofExamples(formed, formed.arrangement().positions()))
                .isDeepEqualTo(new int[][] {{0, 1, 2, 3, 4, 5}, {0, 1, 2}});
        assertThat(ofExamples(formed, formed.arrangement().visibility().to()))
                .isDeepEqualTo(new int[][] {{2, 2, 3, 4, 5, 6}, {1, 2, 3}});
        assertThat(formed.targets().tokens()).containsExactly(2, 3, 4, 7);
        assertThat(new PrefixCausal(1).evaluation(plain()).typeIds()).containsExactly(plain().typeIds());
    }

    @Test
    void examplesAreAsLongAsWhatIsFormedOfThem() {
        PackedExamples examples = new PackedExamples(
                TaskType.LANGUAGE_MODELING,
                new long[] {7, 8},
                new int[] {0, 6, 9},
                new int[] {CLS, 10, SEP, 11, 12, SEP, CLS, SEP, 13},
                null,
                new Targets.TokenClasses(new int[] {NONE, NONE, 11, 12, SEP, NONE, NONE, 13, NONE}));
        HeadSpec next = HeadSpec.ofVocabulary(1, VOCABULARY, HeadSpec.Loss.NEXT_TOKEN);

        assertThat(PassInputs.lengths(next.withLoss(HeadSpec.Loss.MASKED_TOKEN), examples))
                .containsExactly(PSEUDO_MASK.evaluation(plain()).lengths());
        assertThat(PassInputs.lengths(next, examples))
                .containsExactly(new PrefixCausal(2).evaluation(plain()).lengths());
    }

    @Test
    void whereNothingIsPredictedAllIsSource() {
        Batch plain = new Batch(
                new int[] {CLS, 10, SEP}, new int[3], new int[] {3}, new long[1], new Targets.TokenClasses(new int[] {
                    NONE, NONE, NONE
                }));
        for (PassInputs inputs : new PassInputs[] {PSEUDO_MASK, new PrefixCausal(2)}) {
            Batch formed = inputs.evaluation(plain);
            assertThat(formed.tokenIds()).containsExactly(plain.tokenIds());
            assertThat(formed.typeIds()).containsExactly(plain.typeIds());
            assertThat(formed.arrangement().visibility().to()).containsExactly(3, 3, 3);
            assertThat(formed.targets().count()).isZero();
        }
    }

    @Test
    void tokensThatAreAskedAboutWithoutClassesAreFormedAlike() {
        Batch asked = new Batch(
                plain().tokenIds(),
                plain().typeIds(),
                plain().lengths(),
                plain().ids(),
                new Targets.Unknown(plain().targets().tokens()));
        Batch formed = PSEUDO_MASK.evaluation(asked);
        assertThat(formed.tokenIds())
                .containsExactly(PSEUDO_MASK.evaluation(plain()).tokenIds());
        assertThat(formed.targets()).isInstanceOf(Targets.Unknown.class);
        assertThat(formed.targets().tokens()).containsExactly(6, 7, 8, 12);
    }

    /** One example whose source is one token and whose target are 20,000. */
    private static Batch long20000() {
        int[] tokenIds = IntStream.range(0, 20_001).map(t -> 5 + t % 100).toArray();
        int[] next = Arrays.copyOfRange(tokenIds, 1, tokenIds.length + 1);
        next[next.length - 1] = NONE;
        return new Batch(tokenIds, new int[20_001], new int[] {20_001}, new long[1], new Targets.TokenClasses(next));
    }

    /** A share of n = 20,000 draws with chance p has the deviation √(p(1−p)/n) ≤ 0.0036; five of them are allowed. */
    @Test
    void trainingCorruptsAsOftenAsItShould() {
        Batch plain = long20000();
        Batch formed = PSEUDO_MASK.training(plain, Noise.of(0.5, 1, 2, 3));
        int[] ids = formed.tokenIds();
        assertThat(ids[0]).as("source").isEqualTo(plain.tokenIds()[0]);
        assertThat(share(t -> ids[20_001 + t] == MASK)).isCloseTo(0.8, within(0.018));
        assertThat(share(t -> ids[20_001 + t] == plain.tokenIds()[1 + t])).isCloseTo(0.1, within(0.018));
        assertThat(share(t -> ids[1 + t] == MASK)).isCloseTo(0.4, within(0.018));
        assertThat(share(t -> ids[1 + t] == plain.tokenIds()[1 + t])).isCloseTo(0.55, within(0.018));
        assertThat(IntStream.of(ids)).allMatch(id -> id >= 0 && id < VOCABULARY);
        // Which of the history is masked says nothing about the pseudo token in its place.
        assertThat(share(t -> ids[1 + t] == MASK && ids[20_001 + t] == MASK)).isCloseTo(0.32, within(0.018));
        assertThat(((Targets.TokenClasses) formed.targets()).known())
                .containsExactly(((Targets.TokenClasses) plain.targets()).known());

        int[] quiet = PSEUDO_MASK.training(plain, Noise.of(0, 1, 2, 3)).tokenIds();
        assertThat(Arrays.copyOf(quiet, 20_001)).containsExactly(plain.tokenIds());
    }

    private static double share(IntPredicate of) {
        return IntStream.range(0, 20_000).filter(of).count() / 20_000.0;
    }

    @Test
    void aStepThatIsMadeAgainCorruptsTheSameTokensAndAnotherStepOthers() {
        Batch plain = long20000();
        int[] ids = PSEUDO_MASK.training(plain, Noise.of(0.5, 1, 2, 3)).tokenIds();
        assertThat(PSEUDO_MASK.training(plain, Noise.of(0.5, 1, 2, 3)).tokenIds())
                .containsExactly(ids);
        for (Noise other : new Noise[] {Noise.of(0.5, 2, 2, 3), Noise.of(0.5, 1, 3, 3), Noise.of(0.5, 1, 2, 4)}) {
            assertThat(PSEUDO_MASK.training(plain, other).tokenIds()).isNotEqualTo(ids);
        }
    }

    private static int[][] ofExamples(Batch batch, int... values) {
        return IntStream.range(0, batch.size())
                .mapToObj(b -> Arrays.copyOfRange(values, b * batch.tokens(), b * batch.tokens() + batch.lengths()[b]))
                .toArray(int[][]::new);
    }
}
