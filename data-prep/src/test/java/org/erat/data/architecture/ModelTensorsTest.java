package org.erat.data.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Names as the transformers library saves them, in the order of the forward pass; written out by hand. */
class ModelTensorsTest {
    @Test
    void bertHasTheTensorsOfItsCheckpoint() {
        Map<String, List<Long>> expected = new LinkedHashMap<>();
        expected.put("embeddings.word_embeddings.weight", List.of(100L, 8L));
        expected.put("embeddings.position_embeddings.weight", List.of(20L, 8L));
        expected.put("embeddings.token_type_embeddings.weight", List.of(2L, 8L));
        norm(expected, "embeddings.LayerNorm");
        for (String block : List.of("encoder.layer.0.", "encoder.layer.1.")) {
            linear(expected, block + "attention.self.query", 8, 8);
            linear(expected, block + "attention.self.key", 8, 8);
            linear(expected, block + "attention.self.value", 8, 8);
            linear(expected, block + "attention.output.dense", 8, 8);
            norm(expected, block + "attention.output.LayerNorm");
            linear(expected, block + "intermediate.dense", 12, 8);
            linear(expected, block + "output.dense", 8, 12);
            norm(expected, block + "output.LayerNorm");
        }
        assertTensors(ModelTensors.required(model("bert", 2)), expected);

        Map<String, List<Long>> pooler = new LinkedHashMap<>();
        linear(pooler, "pooler.dense", 8, 8);
        assertTensors(ModelTensors.pooler(model("bert", 2)), pooler);

        Map<String, List<Long>> head = new LinkedHashMap<>();
        linear(head, "cls.predictions.transform.dense", 8, 8);
        norm(head, "cls.predictions.transform.LayerNorm");
        head.put("cls.predictions.bias", List.of(100L));
        assertTensors(ModelTensors.maskedLanguageModelHead(model("bert", 2)), head);
    }

    @Test
    void robertaDiffersFromBertInItsHead() {
        assertThat(ModelTensors.required(model("roberta", 2)).keySet())
                .containsExactlyElementsOf(
                        ModelTensors.required(model("bert", 2)).keySet());
        Map<String, List<Long>> head = new LinkedHashMap<>();
        linear(head, "lm_head.dense", 8, 8);
        norm(head, "lm_head.layer_norm");
        head.put("lm_head.bias", List.of(100L));
        assertTensors(ModelTensors.maskedLanguageModelHead(model("roberta", 2)), head);
    }

    @Test
    void distilBertHasTheTensorsOfItsCheckpoint() {
        Map<String, List<Long>> expected = new LinkedHashMap<>();
        expected.put("embeddings.word_embeddings.weight", List.of(100L, 8L));
        expected.put("embeddings.position_embeddings.weight", List.of(20L, 8L));
        norm(expected, "embeddings.LayerNorm");
        for (String block : List.of("transformer.layer.0.", "transformer.layer.1.")) {
            linear(expected, block + "attention.q_lin", 8, 8);
            linear(expected, block + "attention.k_lin", 8, 8);
            linear(expected, block + "attention.v_lin", 8, 8);
            linear(expected, block + "attention.out_lin", 8, 8);
            norm(expected, block + "sa_layer_norm");
            linear(expected, block + "ffn.lin1", 12, 8);
            linear(expected, block + "ffn.lin2", 8, 12);
            norm(expected, block + "output_layer_norm");
        }
        assertTensors(ModelTensors.required(model("distilbert", 0)), expected);
        assertThat(ModelTensors.pooler(model("distilbert", 0))).isEmpty();

        Map<String, List<Long>> head = new LinkedHashMap<>();
        linear(head, "vocab_transform", 8, 8);
        norm(head, "vocab_layer_norm");
        head.put("vocab_projector.bias", List.of(100L));
        assertTensors(ModelTensors.maskedLanguageModelHead(model("distilbert", 0)), head);
    }

    @Test
    void electraHasNarrowEmbeddingsAndAMapFromThemToItsHiddenStates() {
        Map<String, List<Long>> expected = new LinkedHashMap<>();
        expected.put("embeddings.word_embeddings.weight", List.of(100L, 4L));
        expected.put("embeddings.position_embeddings.weight", List.of(20L, 4L));
        expected.put("embeddings.token_type_embeddings.weight", List.of(2L, 4L));
        expected.put("embeddings.LayerNorm.weight", List.of(4L));
        expected.put("embeddings.LayerNorm.bias", List.of(4L));
        linear(expected, "embeddings_project", 8, 4);
        Architecture electra = model("electra", 2).withEmbeddingWidth(4);
        Map<String, long[]> required = new LinkedHashMap<>(ModelTensors.required(electra));
        required.keySet().removeIf(name -> name.startsWith("encoder."));
        assertTensors(required, expected);
        assertThat(ModelTensors.required(model("electra", 2))).doesNotContainKey("embeddings_project.weight");
        assertThat(ModelTensors.pooler(electra)).isEmpty();
        assertThat(ModelTensors.maskedLanguageModelHead(electra)).isEmpty();
    }

    /** PEFT takes a pattern as a part of a module's path: that of block 1 must not match block 11. */
    @Test
    void theBlockPathIsAWholePartOfEveryModulePathOfItsBlock() {
        for (String name : Families.names()) {
            Family family = Families.named(name);
            for (Projection projection : model(name, 2).projections()) {
                assertThat("." + family.projection(11, projection))
                        .contains("." + family.blockPath(11) + ".")
                        .doesNotContain("." + family.blockPath(1) + ".");
            }
        }
    }

    private static Architecture model(String family, int tokenTypes) {
        return Architecture.encoder(
                family, 100, tokenTypes, Positions.ofAllTokens(20), 2, 8, 2, 12, Activation.GELU, 1e-12, 0);
    }

    private static void linear(Map<String, List<Long>> shapes, String name, long out, long in) {
        shapes.put(name + ".weight", List.of(out, in));
        shapes.put(name + ".bias", List.of(out));
    }

    private static void norm(Map<String, List<Long>> shapes, String name) {
        shapes.put(name + ".weight", List.of(8L));
        shapes.put(name + ".bias", List.of(8L));
    }

    private static void assertTensors(Map<String, long[]> actual, Map<String, List<Long>> expected) {
        assertThat(actual.keySet()).containsExactlyElementsOf(expected.keySet());
        expected.forEach((name, shape) -> assertThat(actual.get(name))
                .as(name)
                .containsExactly(shape.stream().mapToLong(Long::longValue).toArray()));
    }
}
