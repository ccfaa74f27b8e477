package org.erat.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.erat.config.RowOrder;
import org.junit.jupiter.api.Test;

class ErrorAnalysisTest {
    private static Predicted.Classes classes(int[] predictions, int... labels) {
        return new Predicted.Classes(
                predictions, labels, IntStream.rangeClosed(0, labels.length).toArray(), List.of("a", "b"));
    }

    @Test
    void confusionIsCountedByLabelThenPrediction() {
        Predicted.Classes chosen = classes(new int[] {0, 1, 1, 1}, 0, 0, 1, 0);
        ErrorAnalysis errors = new ErrorAnalysis(new long[] {1, 2, 3, 4}, chosen, List.of(chosen));
        assertThat(errors.confusion())
                .containsExactly(
                        new EvaluationDetails.Confused("a", "a", 1),
                        new EvaluationDetails.Confused("a", "b", 2),
                        new EvaluationDetails.Confused("b", "b", 1));
        assertThat(errors.pairs()).isEmpty();
    }

    @Test
    void theHardestClassIsWrongAtMostRanksAndWrongAtTheRecommendedOne() {
        Predicted.Classes low = classes(new int[] {1, 1, 1}, 0, 0, 1);
        Predicted.Classes chosen = classes(new int[] {0, 1, 0}, 0, 0, 1);
        List<EvaluationDetails.Hard> hardest =
                new ErrorAnalysis(new long[] {10, 20, 30}, chosen, List.of(low, chosen)).hardest();
        assertThat(hardest)
                .containsExactly(
                        new EvaluationDetails.Hard(20, "", "a", "b", "wrong at 2 of 2 ranks and orders"),
                        new EvaluationDetails.Hard(30, "", "b", "a", "wrong at 1 of 2 ranks and orders"));
    }

    @Test
    void ofLabelSetsTheOnesWithTheMostWrongLabelsAreTheHardest() {
        Predicted.LabelSets sets = new Predicted.LabelSets(
                new int[][] {{0, 1}, {}, {2}}, new int[][] {{0, 1}, {0, 2}, {1, 2}}, List.of("a", "b", "c"));
        ErrorAnalysis errors = new ErrorAnalysis(new long[] {7, 8, 9}, sets, List.of(sets));
        assertThat(errors.hardest())
                .containsExactly(
                        new EvaluationDetails.Hard(8, "", "a, c", "none", "2 labels wrong"),
                        new EvaluationDetails.Hard(9, "", "b, c", "c", "1 labels wrong"));
        assertThat(errors.labels())
                .containsExactly(
                        new EvaluationDetails.LabelCount("a", 2, 1, 1),
                        new EvaluationDetails.LabelCount("b", 2, 1, 1),
                        new EvaluationDetails.LabelCount("c", 2, 1, 1));
        assertThat(errors.confusion()).isEmpty();
    }

    /** 60 examples are equally wrong and 20 are shown: every third. */
    @Test
    void ofEquallyBadExamplesSomeFromAllOverTheDataAreShown() {
        Predicted.Classes chosen =
                classes(new int[60], IntStream.generate(() -> 1).limit(60).toArray());
        long[] ids = LongStream.range(0, 60).toArray();
        assertThat(new ErrorAnalysis(ids, chosen, List.of(chosen)).hardest())
                .extracting(EvaluationDetails.Hard::id)
                .containsExactlyElementsOf(
                        LongStream.range(0, 20).mapToObj(i -> 3 * i).toList());
    }

    @Test
    void numbersAreWorstWhereTheyAreFarthestOffAndTextsByTheLossOfATokenAndBothRoundTripAsJson() {
        Predicted.Numbers numbers = new Predicted.Numbers(new float[] {1, 4, 3}, new float[] {1.5f, 1, 3});
        ErrorAnalysis errors = new ErrorAnalysis(new long[] {1, 2, 3}, numbers, List.of(numbers));
        assertThat(errors.hardest())
                .extracting(EvaluationDetails.Hard::why)
                .containsExactly("off by 3.000", "off by 0.500");
        assertThat(errors.pairs()).contains(new EvaluationDetails.Pair(1.5, 1));
        Predicted.Losses losses = new Predicted.Losses(new float[] {8, 6}, new float[] {4, 2});
        ErrorAnalysis texts = new ErrorAnalysis(new long[] {1, 2}, losses, List.of(losses));
        assertThat(texts.hardest()).extracting(EvaluationDetails.Hard::id).containsExactly(2L, 1L);
        EvaluationDetails details = new EvaluationDetails(
                3, 1, RowOrder.DATA_AWARE, List.of(), List.of(), List.of(), List.of(), errors.pairs(), texts.hardest());
        assertThat(EvaluationDetails.parse(details.toJson(), "here")).isEqualTo(details);
    }
}
