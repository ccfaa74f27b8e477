package org.erat.data.architecture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.erat.data.BadInputException;
import org.erat.data.architecture.Architecture.Biases;
import org.erat.data.architecture.Architecture.Heads;
import org.erat.data.architecture.Architecture.Mask;
import org.erat.data.architecture.Architecture.Norm;
import org.erat.data.architecture.Architecture.Pooling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is read of a ModernBERT's {@code config.json} in the keys of versions 4 and 5 of the library, and what is refused. */
class ModernBertTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** As published with ModernBERT-base, in part. */
    private static final String BASE =
            """
            {"architectures": ["ModernBertForMaskedLM"], "attention_bias": false, "attention_dropout": 0.0,
             "classifier_activation": "gelu", "classifier_bias": false, "classifier_dropout": 0.0,
             "classifier_pooling": "mean", "cls_token_id": 50281, "decoder_bias": true, "eos_token_id": 50282,
             "global_attn_every_n_layers": 3, "global_rope_theta": 160000.0, "hidden_activation": "gelu",
             "hidden_size": 768, "intermediate_size": 1152, "layer_norm_eps": 1e-05, "local_attention": 128,
             "local_rope_theta": 10000.0, "max_position_embeddings": 8192, "mlp_bias": false,
             "model_type": "modernbert", "norm_bias": false, "norm_eps": 1e-05, "num_attention_heads": 12,
             "num_hidden_layers": 22, "pad_token_id": 50283, "position_embedding_type": "absolute",
             "sep_token_id": 50282, "tie_word_embeddings": true, "vocab_size": 50368}
            """;

    /** The keys that version 5 writes in the place of those of version 4, of four blocks. */
    private static final String OF_VERSION_5 =
            """
            {'global_attn_every_n_layers': null, 'global_rope_theta': null, 'num_hidden_layers': 4,
             'layer_types': ['full_attention', 'sliding_attention', 'sliding_attention', 'full_attention'],
             'rope_parameters': {'full_attention': {'rope_type': 'default', 'rope_theta': 160000.0},
                                 'sliding_attention': {'rope_type': 'default', 'rope_theta': 10000.0}}}
            """;

    @TempDir
    private Path directory;

    @Test
    void theConfigurationOfModernBertBaseIsRead() throws IOException {
        Architecture base = read(BASE);
        RotaryScaling unscaled = new RotaryScaling.Unscaled();
        for (int block = 0; block < 22; block++) {
            boolean global = block % 3 == 0;
            // Keys up to 64 places away, on either side.
            assertThat(base.mask(block)).isEqualTo(global ? Mask.BIDIRECTIONAL : Mask.around(65));
            assertThat(((Positions.Rotary) base.positions()).rotation(block))
                    .isEqualTo(new Positions.Rotation(global ? 160_000 : 10_000, unscaled));
        }
        assertThat(base.maxLength()).isEqualTo(8192);
        assertThat(base.heads()).isEqualTo(new Heads(12, 12, 64));
        assertThat(base.feedForward()).isEqualTo(new Architecture.FeedForward(1152, Activation.GELU, true));
        assertThat(base.norm()).isEqualTo(new Norm(Norm.Kind.LAYER_WITHOUT_BIAS, Architecture.Place.PRE, 1e-5));
        assertThat(base.biases()).isEqualTo(Biases.NONE);
        assertThat(base.tokenTypes()).isZero();
        assertThat(base.padTokenId()).isEqualTo(50283);
        assertThat(base.pooling()).isEqualTo(Pooling.MEAN);
        assertThat(JSON.readValue(JSON.writeValueAsBytes(base), Architecture.class))
                .isEqualTo(base);
    }

    @Test
    void theKeysOfVersion5MeanWhatThoseBeforeMeant() throws IOException {
        assertThat(read(edited(BASE, OF_VERSION_5))).isEqualTo(read(edited(BASE, "{'num_hidden_layers': 4}")));
    }

    @Test
    void whatIsLeftOutHasTheDefaultsOfTheTransformersLibrary() throws IOException {
        String few =
                """
                {"model_type": "modernbert", "vocab_size": 50368, "hidden_size": 768, "intermediate_size": 1152,
                 "num_hidden_layers": 22, "num_attention_heads": 12, "max_position_embeddings": 8192,
                 "hidden_activation": "gelu", "pad_token_id": 50283}
                """;
        assertThat(read(few)).isEqualTo(read(edited(BASE, "{'classifier_pooling': 'cls'}")));
        assertThat(((Positions.Rotary)
                                read(edited(BASE, "{'local_rope_theta': null}")).positions())
                        .rotations())
                .hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({"false, false, NONE", "true, false, ATTENTION", "false, true, FEED_FORWARD", "true, true, ALL"})
    void biasesAreThoseThatItsKeysName(boolean attention, boolean feedForward, Biases biases) throws IOException {
        Architecture read = read(edited(
                BASE,
                "{'attention_bias': %s, 'mlp_bias': %s, 'norm_bias': %s}"
                        .formatted(attention, feedForward, attention)));
        assertThat(read.biases()).isEqualTo(biases);
        assertThat(read.norm().kind()).isEqualTo(attention ? Norm.Kind.LAYER : Norm.Kind.LAYER_WITHOUT_BIAS);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{'classifier_pooling': 'max'}; classifier_pooling \"max\" is not supported. Use a model with one of"
                        + " [cls, mean].",
                "{'classifier_bias': true}; classifier_bias true is not supported",
                "{'classifier_activation': 'relu'}; classifier_activation 'relu' is not supported",
                "{'rope_scaling': {'type': 'linear', 'factor': 2}}; rope_scaling {\"type\":\"linear\",\"factor\":2} is"
                        + " not supported",
                "{'rope_parameters': {'full_attention': {'rope_theta': 10}}}; global_rope_theta 160000.0 contradicts"
                        + " rope_parameters.full_attention.rope_theta 10.0. Remove one of them.",
                "{'rope_parameters': {'sliding_attention': {'rope_type': 'yarn'}}};"
                        + " rope_parameters.sliding_attention.rope_type \"yarn\" is not supported",
                "{'layer_types': ['full_attention']}; layer_types has 1 entries for 22 blocks (num_hidden_layers)",
                "{'global_attn_every_n_layers': 0}; global_attn_every_n_layers is 0, not a whole number from 1",
                "{'num_attention_heads': 7}; num_attention_heads 7 does not divide hidden_size 768",
                "{'num_attention_heads': 256}; heads of width 3 (hidden_size / num_attention_heads) have no pairs",
                "{'hidden_activation': 'tanh'}; hidden_activation \"tanh\" is not supported",
                "{'is_decoder': true}; is_decoder true is not supported",
                "{'pad_token_id': 60000}; pad_token_id 60000 is not below vocab_size 50368"
            })
    void whatIsNotComputedIsRefusedByName(String changes, String message) throws IOException {
        String config = edited(BASE, changes);
        assertThatThrownBy(() -> read(config))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(directory.resolve("config.json") + ": " + message);
    }

    /** Names as the library saves them. */
    @Test
    void itsTensorsAreThoseOfItsCheckpointButForTheFusedOnes() throws IOException {
        Architecture two = read(edited(BASE, "{'num_hidden_layers': 2}"));
        Map<String, long[]> tensors = ModelTensors.required(two);
        assertThat(tensors.keySet())
                .containsExactly(
                        "embeddings.tok_embeddings.weight",
                        "embeddings.norm.weight",
                        "final_norm.weight",
                        "layers.0.attn.Wqkv.query.weight",
                        "layers.0.attn.Wqkv.key.weight",
                        "layers.0.attn.Wqkv.value.weight",
                        "layers.0.attn.Wo.weight",
                        "layers.0.mlp.Wi.gate.weight",
                        "layers.0.mlp.Wi.intermediate.weight",
                        "layers.0.mlp.Wo.weight",
                        "layers.0.mlp_norm.weight",
                        "layers.1.attn.Wqkv.query.weight",
                        "layers.1.attn.Wqkv.key.weight",
                        "layers.1.attn.Wqkv.value.weight",
                        "layers.1.attn.Wo.weight",
                        "layers.1.attn_norm.weight",
                        "layers.1.mlp.Wi.gate.weight",
                        "layers.1.mlp.Wi.intermediate.weight",
                        "layers.1.mlp.Wo.weight",
                        "layers.1.mlp_norm.weight");
        assertThat(tensors.get("layers.1.mlp.Wi.gate.weight")).containsExactly(1152, 768);
        assertThat(ModelTensors.pooler(two).keySet()).containsExactly("head.dense.weight", "head.norm.weight");
        Family family = Families.of(two);
        assertThat(family.stored(1, Projection.INTERMEDIATE))
                .isEqualTo(new Family.StoredProjection(
                        "layers.1.mlp.Wi", List.of(Projection.GATE, Projection.INTERMEDIATE), false));
        assertThat(family.stored(1, Projection.VALUE).module()).isEqualTo("layers.1.attn.Wqkv");
    }

    private Architecture read(String config) throws IOException {
        return Families.architecture(ConfigJson.read(Files.writeString(directory.resolve("config.json"), config)));
    }

    /** Sets keys, or removes those whose value is null where it does not mean something of its own. */
    private static String edited(String config, String changes) throws IOException {
        ObjectNode edited = (ObjectNode) JSON.readTree(config);
        edited.setAll((ObjectNode) JSON.readTree(changes.replace('\'', '"')));
        return edited.toString();
    }
}
