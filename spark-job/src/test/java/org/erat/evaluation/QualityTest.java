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

class QualityTest {
    private static RankQuality at(int rank, double accuracy, double f1) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        metrics.put("accuracy", accuracy);
        metrics.put("macro-f1", f1);
        return new RankQuality(rank, metrics);
    }

    @Test
    void auracIsTheTrapezoidAreaOverTheRangeOfRanks() {
        Quality quality =
                Quality.of("task", "accuracy", List.of(at(1, 0.5, 0), at(2, 0.7, 0), at(4, 0.9, 0)), List.of());
        // (0.5 + 0.7)/2 · 1 + (0.7 + 0.9)/2 · 2, over 4 − 1.
        assertThat(quality.aurac()).isCloseTo((0.6 + 1.6) / 3, within(1e-15));
    }

    @Test
    void auracOfAFlatCurveAndOfOneRankIsTheValueItself() {
        assertThat(Quality.of("task", "macro-f1", List.of(at(3, 0, 0.25), at(8, 1, 0.25)), List.of())
                        .aurac())
                .isCloseTo(0.25, within(1e-15));
        assertThat(Quality.of("task", "accuracy", List.of(at(5, 0.4, 0)), List.of())
                        .aurac())
                .isEqualTo(0.4);
    }

    @Test
    void theFileHasTheseKeysInThisOrderAndIsReadBack() throws Exception {
        Quality quality =
                Quality.of("wordnet", "accuracy", List.of(at(1, 0.5, 0.25), at(2, 1, 0.75)), List.of(at(1, 0.125, 0)));
        String json = quality.toJson();
        ObjectMapper mapper = new ObjectMapper();
        assertThat(mapper.readTree(json).toString())
                .isEqualTo("{\"task\":\"wordnet\",\"metric\":\"accuracy\",\"aurac\":0.75,"
                        + "\"prefix\":[{\"rank\":1,\"accuracy\":0.5,\"macro-f1\":0.25},"
                        + "{\"rank\":2,\"accuracy\":1.0,\"macro-f1\":0.75}],"
                        + "\"suffix\":[{\"rank\":1,\"accuracy\":0.125,\"macro-f1\":0.0}]}");
        assertThat(Quality.parse(json, "evaluation.json")).isEqualTo(quality);
    }

    @Test
    void aFileThatIsSomethingElseIsRefused() {
        assertThatThrownBy(() -> Quality.parse("{\"task\":\"a\"}", "runs/a/evaluation.json"))
                .isInstanceOf(BadInputException.class)
                .hasMessage("runs/a/evaluation.json: 'metric' is missing. Run evaluate again.");
        assertThatThrownBy(() -> Quality.parse("{\"task\":", "runs/a/evaluation.json"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("is not JSON");
    }

    @Test
    void theTableHasARowForEachRankAndTheAurac() {
        Quality quality =
                Quality.of("wordnet", "accuracy", List.of(at(1, 0.5, 0.25), at(2, 1, 0.75)), List.of(at(1, 0.125, 0)));
        assertThat(QualityTable.lines(quality))
                .containsExactly(
                        "rank  accuracy  macro-f1",
                        "   1    0.5000    0.2500",
                        "   2    1.0000    0.7500",
                        "AURAC (accuracy) 0.7500",
                        "last  accuracy  macro-f1",
                        "   1    0.1250    0.0000");
    }
}
