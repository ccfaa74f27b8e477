package org.erat.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.erat.data.BadInputException;
import org.junit.jupiter.api.Test;

class EvaluationTest {
    private static RankMetrics at(int rank, double accuracy, double f1) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        metrics.put("accuracy", accuracy);
        metrics.put("macro-f1", f1);
        return new RankMetrics(rank, metrics);
    }

    @Test
    void auracIsTheTrapezoidAreaOverTheRangeOfRanks() {
        Evaluation evaluation =
                Evaluation.of("task", "accuracy", List.of(at(1, 0.5, 0), at(2, 0.7, 0), at(4, 0.9, 0)), List.of());
        // (0.5 + 0.7)/2 · 1 + (0.7 + 0.9)/2 · 2, over 4 − 1.
        assertThat(evaluation.aurac()).isCloseTo((0.6 + 1.6) / 3, within(1e-15));
    }

    @Test
    void auracOfAFlatCurveAndOfOneRankIsTheValueItself() {
        assertThat(Evaluation.of("task", "macro-f1", List.of(at(3, 0, 0.25), at(8, 1, 0.25)), List.of())
                        .aurac())
                .isCloseTo(0.25, within(1e-15));
        assertThat(Evaluation.of("task", "accuracy", List.of(at(5, 0.4, 0)), List.of())
                        .aurac())
                .isEqualTo(0.4);
    }

    @Test
    void theFileHasTheseKeysInThisOrderAndIsReadBack() throws Exception {
        Evaluation evaluation = Evaluation.of(
                "wordnet", "accuracy", List.of(at(1, 0.5, 0.25), at(2, 1, 0.75)), List.of(at(1, 0.125, 0)));
        String json = evaluation.toJson();
        ObjectMapper mapper = new ObjectMapper();
        assertThat(mapper.readTree(json).toString())
                .isEqualTo("{\"task\":\"wordnet\",\"metric\":\"accuracy\",\"aurac\":0.75,"
                        + "\"prefix\":[{\"rank\":1,\"accuracy\":0.5,\"macro-f1\":0.25},"
                        + "{\"rank\":2,\"accuracy\":1.0,\"macro-f1\":0.75}],"
                        + "\"suffix\":[{\"rank\":1,\"accuracy\":0.125,\"macro-f1\":0.0}]}");
        assertThat(Evaluation.parse(json, "evaluation.json")).isEqualTo(evaluation);
    }

    @Test
    void aFileThatIsSomethingElseIsRefused() {
        assertThatThrownBy(() -> Evaluation.parse("{\"task\":\"a\"}", "runs/a/evaluation.json"))
                .isInstanceOf(BadInputException.class)
                .hasMessage("runs/a/evaluation.json: 'metric' is missing. Run evaluate again.");
        assertThatThrownBy(() -> Evaluation.parse("{\"task\":", "runs/a/evaluation.json"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("is not JSON");
    }

    @Test
    void theTableHasARowForEachRankAndTheAurac() {
        Evaluation evaluation = Evaluation.of(
                "wordnet", "accuracy", List.of(at(1, 0.5, 0.25), at(2, 1, 0.75)), List.of(at(1, 0.125, 0)));
        assertThat(EvaluationTable.lines(evaluation))
                .containsExactly(
                        "rank  accuracy  macro-f1",
                        "   1    0.5000    0.2500",
                        "   2    1.0000    0.7500",
                        "AURAC (accuracy) 0.7500",
                        "last  accuracy  macro-f1",
                        "   1    0.1250    0.0000");
    }
}
