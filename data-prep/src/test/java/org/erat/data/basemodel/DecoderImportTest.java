package org.erat.data.basemodel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.commons.io.FileUtils;
import org.erat.data.architecture.ConfigJson;
import org.erat.data.architecture.Families;
import org.erat.data.architecture.ModelTensors;
import org.erat.data.safetensors.FloatTensor;
import org.erat.data.safetensors.SafetensorsWriter;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Decoders in the forms that checkpoints have: fused and transposed maps, and one output matrix under either name. */
class DecoderImportTest {
    private static final String GPT2 =
            """
            {"model_type": "gpt2", "vocab_size": 24, "n_embd": 4, "n_head": 2, "n_layer": 2, "n_positions": 8,
             "activation_function": "gelu_new", "eos_token_id": 2}
            """;
    private static final String LLAMA =
            """
            {"model_type": "llama", "vocab_size": 24, "hidden_size": 8, "intermediate_size": 12,
             "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "hidden_act": "silu",
             "max_position_embeddings": 16, "tie_word_embeddings": %s}
            """;

    @TempDir
    private Path directory;

    private Path source;

    @BeforeEach
    void createSource() throws IOException {
        source = Files.createDirectory(directory.resolve("source"));
        Files.write(source.resolve("tokenizer.json"), SyntheticModel.robertaTokenizer());
    }

    private Path out() {
        return directory.resolve("out");
    }

    private void importModel() {
        BaseModelImporter.importModel(source.toString(), out(), line -> {});
    }

    /** The prepared tensors of the model that a configuration describes. */
    private Map<String, FloatTensor> configure(String config) throws IOException {
        Path file = Files.writeString(source.resolve("config.json"), config);
        Map<String, long[]> shapes =
                new LinkedHashMap<>(ModelTensors.required(Families.architecture(ConfigJson.read(file))));
        return SyntheticModel.tensors(shapes, 5);
    }

    private void store(Map<String, FloatTensor> tensors) {
        SafetensorsWriter.write(source.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
    }

    /** GPT-2's checkpoint of prepared tensors: maps are [in,out], and query, key and value lie side by side. */
    private static Map<String, FloatTensor> checkpoint(String prefix, Map<String, FloatTensor> prepared) {
        Map<String, FloatTensor> stored = new LinkedHashMap<>();
        prepared.forEach((name, tensor) -> {
            boolean map = name.matches(".*(attn|mlp)\\..*\\.weight");
            if (!name.contains("c_attn")) {
                stored.put(prefix + name, map ? sideBySide(tensor) : tensor);
            }
        });
        for (String block : new String[] {"h.0", "h.1"}) {
            String path = block + ".attn.c_attn";
            for (String kind : new String[] {".weight", ".bias"}) {
                stored.put(
                        prefix + path + kind,
                        sideBySide(
                                prepared.get(path + ".query" + kind),
                                prepared.get(path + ".key" + kind),
                                prepared.get(path + ".value" + kind)));
            }
            // The mask of causal attention, which old checkpoints hold.
            stored.put(prefix + block + ".attn.bias", new FloatTensor(new long[] {1}, FloatBuffer.allocate(1)));
        }
        return stored;
    }

    /** Matrices [out,in] as one [in, all outs], or vectors one after the other. */
    private static FloatTensor sideBySide(FloatTensor... parts) {
        boolean vectors = parts[0].shape().length == 1;
        int in = vectors ? 1 : (int) parts[0].shape()[1];
        int out = (int) parts[0].shape()[0];
        float[] values = new float[in * parts.length * out];
        for (int part = 0; part < parts.length; part++) {
            float[] given = SyntheticModel.values(parts[part].values());
            for (int o = 0; o < out; o++) {
                for (int i = 0; i < in; i++) {
                    values[(i * parts.length + part) * out + o] = given[o * in + i];
                }
            }
        }
        long all = (long) parts.length * out;
        return new FloatTensor(vectors ? new long[] {all} : new long[] {in, all}, FloatBuffer.wrap(values));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "transformer."})
    void fusedAndTransposedMapsOfGpt2ArePutIntoTheLayoutOfOthers(String prefix) throws IOException {
        Map<String, FloatTensor> prepared = configure(GPT2);
        store(checkpoint(prefix, prepared));
        importModel();
        PreparedModels.assertHolds(out(), prepared);
        try (BaseModelDirectory model = BaseModelDirectory.open(out())) {
            assertThat(model.hasLanguageModelHead()).isTrue();
        }
    }

    @Test
    void aFusedMapThatIsMissingOrOfAnotherShapeIsNamed() throws IOException {
        Map<String, FloatTensor> stored = checkpoint("transformer.", configure(GPT2));
        FloatTensor fused = stored.remove("transformer.h.1.attn.c_attn.weight");
        store(stored);
        PreparedModels.assertRefused(
                source, "/model.safetensors: tensor 'transformer.h.1.attn.c_attn.weight' is missing");
        stored.put("transformer.h.1.attn.c_attn.weight", new FloatTensor(new long[] {12, 4}, fused.values()));
        store(stored);
        PreparedModels.assertRefused(
                source, "'transformer.h.1.attn.c_attn.weight' has shape [12, 4], but [4, 12] is expected");
    }

    @ParameterizedTest
    @CsvSource({"true, false", "false, true", "true, true"})
    void theOneMatrixOfATiedModelIsReadUnderEitherName(boolean asEmbeddings, boolean asHead) throws IOException {
        Map<String, FloatTensor> prepared = configure(LLAMA.formatted("true"));
        Map<String, FloatTensor> stored = SyntheticModel.prefixed("model.", prepared);
        FloatTensor matrix = stored.remove("model.embed_tokens.weight");
        if (asEmbeddings) {
            stored.put("model.embed_tokens.weight", matrix);
        }
        if (asHead) {
            stored.put("lm_head.weight", matrix);
        }
        store(stored);
        importModel();
        PreparedModels.assertHolds(out(), prepared);
        try (BaseModelDirectory model = BaseModelDirectory.open(out())) {
            assertThat(model.hasLanguageModelHead()).isTrue();
        }
    }

    @Test
    void aHeadOfItsOwnIsKeptWhereTheModelIsNotTiedAndRefusedWhereItIs() throws IOException {
        Map<String, FloatTensor> prepared = configure(LLAMA.formatted("false"));
        prepared.put(
                "lm_head.weight",
                SyntheticModel.tensors(Map.of("x", new long[] {24, 8}), 6).get("x"));
        store(SyntheticModel.prefixed("model.", prepared));
        importModel();
        PreparedModels.assertHolds(out(), prepared);
        FileUtils.deleteDirectory(out().toFile());
        configure(LLAMA.formatted("true"));
        PreparedModels.assertRefused(
                source,
                "config.json: tie_word_embeddings is true, or left out where that means true, but ",
                "/model.safetensors holds a 'lm_head.weight' that is not 'model.embed_tokens.weight'. Set"
                        + " tie_word_embeddings to false.");
    }

    @Test
    void aModelThatIsNotTiedMayLackItsHeadButNotItsEmbeddings() throws IOException {
        Map<String, FloatTensor> prepared = configure(LLAMA.formatted("false"));
        store(SyntheticModel.prefixed("model.", prepared));
        importModel();
        try (BaseModelDirectory model = BaseModelDirectory.open(out())) {
            assertThat(model.hasLanguageModelHead()).isFalse();
        }
        FileUtils.deleteDirectory(out().toFile());
        prepared.put("lm_head.weight", prepared.remove("embed_tokens.weight"));
        store(SyntheticModel.prefixed("model.", prepared));
        PreparedModels.assertRefused(source, "tensor 'embed_tokens.weight' is missing");
    }

    /** Rotary settings that do not fit the weights. */
    @Test
    void headsOfAnotherWidthThanTheWeightsHaveAreNamedWithBothShapes() throws IOException {
        Map<String, FloatTensor> prepared = configure(LLAMA.formatted("true"));
        store(SyntheticModel.prefixed("model.", prepared));
        SyntheticModel.edit(source.resolve("config.json"), "head_dim", 6);
        PreparedModels.assertRefused(
                source, "'model.layers.0.self_attn.q_proj.weight' has shape [8, 8], but [12, 8] is expected");
    }
}
