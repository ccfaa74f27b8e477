package org.erat.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.erat.config.RowOrder;
import org.erat.data.BadInputException;
import org.junit.jupiter.api.Test;

class EvaluationTest {
    private static RankMetrics at(int rank, double accuracy, double f1) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        metrics.put("accuracy", accuracy);
        metrics.put("macro-f1", f1);
        return new RankMetrics(rank, metrics);
    }

    private static Evaluation trained(Metric metric, RankMetrics... entries) {
        return new Evaluation("task", metric, Map.of(RowOrder.TRAINED, List.of(entries)), List.of(), Optional.empty());
    }

    private static Evaluation both() {
        return new Evaluation(
                        "wordnet",
                        Metric.ACCURACY,
                        Map.of(
                                RowOrder.TRAINED, List.of(at(1, 0.5, 0.25), at(2, 1, 0.75)),
                                RowOrder.CANONICAL, List.of(at(1, 0.75, 0.5), at(2, 1, 0.75))),
                        List.of(at(1, 0.125, 0)),
                        Optional.empty())
                .withRecommendation((order, rank) -> 0.0625);
    }

    @Test
    void auracIsTheTrapezoidAreaOverTheRangeOfRanks() {
        Evaluation evaluation = trained(Metric.ACCURACY, at(1, 0.5, 0), at(2, 0.7, 0), at(4, 0.9, 0));
        // (0.5 + 0.7)/2 · 1 + (0.7 + 0.9)/2 · 2, over 4 − 1.
        assertThat(evaluation.aurac(RowOrder.TRAINED)).isCloseTo((0.6 + 1.6) / 3, within(1e-15));
    }

    @Test
    void auracOfAFlatCurveAndOfOneRankIsTheValueItself() {
        assertThat(trained(Metric.MACRO_F1, at(3, 0, 0.25), at(8, 1, 0.25)).aurac(RowOrder.TRAINED))
                .isCloseTo(0.25, within(1e-15));
        assertThat(trained(Metric.ACCURACY, at(5, 0.4, 0)).aurac(RowOrder.TRAINED))
                .isEqualTo(0.4);
    }

    @Test
    void theFileHasTheseKeysInThisOrderAndIsReadBack() throws Exception {
        String json = both().toJson();
        ObjectMapper mapper = new ObjectMapper();
        assertThat(mapper.readTree(json).toString())
                .isEqualTo("{\"task\":\"wordnet\",\"metric\":\"accuracy\",\"aurac\":0.75,"
                        + "\"prefix\":[{\"rank\":1,\"accuracy\":0.5,\"macro-f1\":0.25},"
                        + "{\"rank\":2,\"accuracy\":1.0,\"macro-f1\":0.75}],"
                        + "\"canonical_aurac\":0.875,"
                        + "\"canonical\":[{\"rank\":1,\"accuracy\":0.75,\"macro-f1\":0.5},"
                        + "{\"rank\":2,\"accuracy\":1.0,\"macro-f1\":0.75}],"
                        + "\"suffix\":[{\"rank\":1,\"accuracy\":0.125,\"macro-f1\":0.0}],"
                        + "\"recommended\":{\"rank\":2,\"order\":\"trained\",\"standard_error\":0.0625}}");
        assertThat(Evaluation.parse(json, "evaluation.json")).isEqualTo(both());
    }

    @Test
    void aFileFromBeforeThereWereOrdersIsRead() {
        Evaluation evaluation = Evaluation.parse(
                "{\"task\":\"a\",\"metric\":\"f1\",\"aurac\":0.5,\"prefix\":[{\"rank\":1,\"f1\":0.5}],\"suffix\":[]}",
                "evaluation.json");
        assertThat(evaluation.prefixes()).containsOnlyKeys(RowOrder.TRAINED);
        assertThat(evaluation.recommended()).isEmpty();
        assertThat(evaluation.better(1)).contains(RowOrder.TRAINED);
        assertThat(evaluation.better(2)).isEmpty();
    }

    @Test
    void theBetterOrderAtARankIsAsTrainedWhereBothAreAlike() {
        assertThat(both().better(1)).contains(RowOrder.CANONICAL);
        assertThat(both().better(2)).contains(RowOrder.TRAINED);
        assertThat(both().better()).contains(RowOrder.CANONICAL);
    }

    @Test
    void theSmallestRankWithinOneStandardErrorOfTheBestIsRecommended() {
        Evaluation evaluation = trained(Metric.ACCURACY, at(1, 0.5, 0), at(2, 0.8, 0), at(3, 0.9, 0), at(4, 0.875, 0));
        assertThat(evaluation
                        .withRecommendation((order, rank) -> rank == 3 ? 0.125 : 9)
                        .recommended())
                .contains(new Recommendation(2, RowOrder.TRAINED, 0.125));
        assertThat(evaluation.withRecommendation((order, rank) -> 0).recommended())
                .contains(new Recommendation(3, RowOrder.TRAINED, 0));
    }

    @Test
    void aFileThatIsSomethingElseIsRefused() {
        assertThatThrownBy(() -> Evaluation.parse("{\"task\":\"a\",\"prefix\":[]}", "runs/a/evaluation.json"))
                .isInstanceOf(BadInputException.class)
                .hasMessage("runs/a/evaluation.json: 'metric' is missing. Run evaluate again.");
        assertThatThrownBy(() -> Evaluation.parse("{\"task\":\"a\"}", "runs/a/evaluation.json"))
                .isInstanceOf(BadInputException.class)
                .hasMessage("runs/a/evaluation.json: 'prefix' is missing. Run evaluate again.");
        assertThatThrownBy(() -> Evaluation.parse("{\"task\":", "runs/a/evaluation.json"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("is not JSON");
    }

    @Test
    void theTableHasARowForEachRankAndTheAurac() {
        assertThat(EvaluationTable.lines(trained(Metric.ACCURACY, at(1, 0.5, 0.25), at(2, 1, 0.75))))
                .containsExactly(
                        "rank  accuracy  macro-f1",
                        "   1    0.5000    0.2500",
                        "   2    1.0000    0.7500",
                        "AURAC (accuracy) 0.7500");
    }

    @Test
    void theOrdersStandSideBySide() {
        assertThat(EvaluationTable.lines(both()))
                .containsExactly(
                        "              as trained           canonical",
                        "rank  accuracy  macro-f1  accuracy  macro-f1",
                        "   1    0.5000    0.2500    0.7500    0.5000",
                        "   2    1.0000    0.7500    1.0000    0.7500",
                        "AURAC (accuracy) 0.7500 as trained, 0.8750 canonical",
                        "rank 2, as trained, is within one standard error (0.0625) of the best",
                        "last  accuracy  macro-f1",
                        "   1    0.1250    0.0000");
    }
}
