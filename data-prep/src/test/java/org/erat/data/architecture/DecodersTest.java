package org.erat.data.architecture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.erat.data.BadInputException;
import org.erat.data.architecture.Architecture.Biases;
import org.erat.data.architecture.Architecture.Heads;
import org.erat.data.architecture.Architecture.Mask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the families of decoders read from a {@code config.json}, and what they refuse. */
class DecodersTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    // As published with gpt2, Llama-3.2-1B, Mistral-7B-v0.1, Qwen2.5-0.5B and Qwen3-0.6B, in part.
    private static final String GPT2 =
            """
            {"activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"], "attn_pdrop": 0.1,
             "bos_token_id": 50256, "embd_pdrop": 0.1, "eos_token_id": 50256, "initializer_range": 0.02,
             "layer_norm_epsilon": 1e-05, "model_type": "gpt2", "n_ctx": 1024, "n_embd": 768, "n_head": 12,
             "n_layer": 12, "n_positions": 1024, "resid_pdrop": 0.1, "vocab_size": 50257}
            """;
    private static final String LLAMA3 =
            """
            {"architectures": ["LlamaForCausalLM"], "attention_bias": false, "bos_token_id": 128000,
             "eos_token_id": [128001, 128008], "head_dim": 64, "hidden_act": "silu", "hidden_size": 2048,
             "intermediate_size": 8192, "max_position_embeddings": 131072, "mlp_bias": false, "model_type": "llama",
             "num_attention_heads": 32, "num_hidden_layers": 16, "num_key_value_heads": 8, "pretraining_tp": 1,
             "rms_norm_eps": 1e-05, "rope_scaling": {"factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
             "original_max_position_embeddings": 8192, "rope_type": "llama3"}, "rope_theta": 500000.0,
             "tie_word_embeddings": true, "torch_dtype": "bfloat16", "vocab_size": 128256}
            """;
    private static final String MISTRAL =
            """
            {"bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu", "hidden_size": 4096,
             "intermediate_size": 14336, "max_position_embeddings": 32768, "model_type": "mistral",
             "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8, "rms_norm_eps": 1e-05,
             "rope_theta": 10000.0, "sliding_window": 4096, "tie_word_embeddings": false, "vocab_size": 32000}
            """;
    private static final String QWEN2 =
            """
            {"attention_dropout": 0.0, "bos_token_id": 151643, "eos_token_id": 151643, "hidden_act": "silu",
             "hidden_size": 896, "intermediate_size": 4864, "max_position_embeddings": 32768, "max_window_layers": 24,
             "model_type": "qwen2", "num_attention_heads": 14, "num_hidden_layers": 24, "num_key_value_heads": 2,
             "rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "sliding_window": 32768, "tie_word_embeddings": true,
             "use_sliding_window": false, "vocab_size": 151936}
            """;
    private static final String QWEN3 =
            """
            {"attention_bias": false, "bos_token_id": 151643, "eos_token_id": 151645, "head_dim": 128,
             "hidden_act": "silu", "hidden_size": 1024, "intermediate_size": 3072, "max_position_embeddings": 40960,
             "max_window_layers": 28, "model_type": "qwen3", "num_attention_heads": 16, "num_hidden_layers": 28,
             "num_key_value_heads": 8, "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 1000000,
             "sliding_window": null, "tie_word_embeddings": true, "use_sliding_window": false, "vocab_size": 151936}
            """;

    @TempDir
    private Path directory;

    private Path write(String config) throws IOException {
        return Files.writeString(directory.resolve("config.json"), config);
    }

    private Architecture read(String config) throws IOException {
        return Families.architecture(ConfigJson.read(write(config)));
    }

    @Test
    void gpt2IsRead() throws IOException {
        Architecture gpt2 = read(GPT2);
        assertThat(gpt2.positions()).isEqualTo(new Positions.Learned(1024, 0, false));
        assertThat(gpt2.heads()).isEqualTo(new Heads(12, 12, 64));
        assertThat(gpt2.feedForward()).isEqualTo(new Architecture.FeedForward(3072, Activation.GELU_TANH, false));
        assertThat(gpt2.norm())
                .isEqualTo(new Architecture.Norm(Architecture.Norm.Kind.LAYER, Architecture.Place.PRE, 1e-5));
        assertThat(gpt2.biases()).isEqualTo(Biases.ALL);
        assertThat(gpt2.mask(0)).isEqualTo(Mask.CAUSAL);
        assertThat(gpt2.tied()).isTrue();
        assertThat(gpt2.padTokenId()).isEqualTo(50256);
        assertThat(ModelTensors.outputMatrix(gpt2)).isEqualTo("wte.weight");
    }

    @Test
    void llama3IsRead() throws IOException {
        Architecture llama = read(LLAMA3);
        assertThat(llama.positions())
                .isEqualTo(new Positions.Rotary(500000, new RotaryScaling.Llama3(32, 1, 4, 8192), 131072));
        assertThat(llama.heads()).isEqualTo(new Heads(32, 8, 64));
        assertThat(llama.feedForward()).isEqualTo(new Architecture.FeedForward(8192, Activation.SILU, true));
        assertThat(llama.norm())
                .isEqualTo(new Architecture.Norm(Architecture.Norm.Kind.RMS, Architecture.Place.PRE, 1e-5));
        assertThat(llama.biases()).isEqualTo(Biases.NONE);
        assertThat(llama.padTokenId()).isEqualTo(128001);
        assertThat(llama.maxLength()).isEqualTo(131072);
        assertThat(llama.tied()).isTrue();
    }

    @Test
    void mistralQwen2AndQwen3AreRead() throws IOException {
        Architecture mistral = read(MISTRAL);
        assertThat(mistral.mask(0)).isEqualTo(Mask.slidingWindow(4096));
        assertThat(mistral.tied()).isFalse();
        assertThat(ModelTensors.outputMatrix(mistral)).isEqualTo("lm_head.weight");
        Architecture qwen2 = read(QWEN2);
        assertThat(qwen2.biases()).isEqualTo(Biases.QUERY_KEY_VALUE);
        assertThat(qwen2.mask(0)).isEqualTo(Mask.CAUSAL);
        Architecture qwen3 = read(QWEN3);
        assertThat(qwen3.heads()).isEqualTo(new Heads(16, 8, 128, true));
        assertThat(qwen3.out(Projection.QUERY)).isEqualTo(2048);
        assertThat(qwen3.positions()).isEqualTo(new Positions.Rotary(1e6, new RotaryScaling.Unscaled(), 40960));
        assertThat(ModelTensors.required(qwen3).get("layers.27.self_attn.k_norm.weight"))
                .containsExactly(128);
    }

    /** The keys of version 5 of the transformers library mean what those before meant. */
    @Test
    void bothSpellingsOfRotarySettingsAreRead() throws IOException {
        Architecture before = read(LLAMA3);
        ObjectNode root = (ObjectNode) JSON.readTree(LLAMA3);
        ObjectNode parameters = (ObjectNode) root.remove("rope_scaling");
        parameters.set("rope_theta", root.remove("rope_theta"));
        root.set("rope_parameters", parameters);
        assertThat(read(root.toString())).isEqualTo(before);
        root.putObject("rope_scaling").put("type", "linear").put("factor", 2.0);
        root.remove("rope_parameters");
        assertThat(read(root.toString()).positions())
                .isEqualTo(new Positions.Rotary(10000, new RotaryScaling.Linear(2), 131072));
    }

    /** Wavelengths 2π/f of the formula's three cases, with an original length of 8192. */
    @Test
    void llama3ScalesByWavelength() {
        RotaryScaling scaling = new RotaryScaling.Llama3(32, 1, 4, 8192);
        double longWave = 2 * Math.PI / 10000;
        double shortWave = 2 * Math.PI / 1000;
        double between = 2 * Math.PI / 4096;
        assertThat(scaling.of(longWave)).isCloseTo(longWave / 32, within(1e-15));
        assertThat(scaling.of(shortWave)).isCloseTo(shortWave, within(1e-15));
        // s = (8192 / 4096 − 1) / (4 − 1) = 1/3
        assertThat(scaling.of(between)).isCloseTo(2 * between / 3 / 32 + between / 3, within(1e-15));
    }

    @ParameterizedTest
    @CsvSource({"false, false, NONE", "true, false, ATTENTION", "false, true, FEED_FORWARD", "true, true, ALL"})
    void biasesOfLlamaAreThoseThatItsKeysName(boolean attention, boolean feedForward, Biases biases)
            throws IOException {
        String config = edited(LLAMA3, "{\"attention_bias\": " + attention + ", \"mlp_bias\": " + feedForward + "}");
        assertThat(read(config).biases()).isEqualTo(biases);
        assertThat(biases.on(Projection.ATTENTION_OUTPUT)).isEqualTo(attention);
        assertThat(biases.on(Projection.GATE)).isEqualTo(feedForward);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{'use_sliding_window': true, 'max_window_layers': 0}; 0, 1, 2, 3",
                "{'use_sliding_window': true, 'max_window_layers': 24}; -1",
                "{'use_sliding_window': true, 'max_window_layers': 2}; 2, 3",
                "{'use_sliding_window': true, 'max_window_layers': 2, 'sliding_window': null}; -1",
                "{'use_sliding_window': true, 'layer_types': ['sliding_attention', 'full_attention',"
                        + " 'full_attention', 'sliding_attention']}; 0, 3",
                "{'layer_types': ['full_attention', 'full_attention', 'full_attention', 'full_attention']}; -1"
            })
    void blocksOfQwen2HaveTheWindowsThatTheKeysSay(String changes, String withWindow) throws IOException {
        Architecture qwen2 = read(edited(edited(QWEN2, "{'num_hidden_layers': 4}"), changes));
        List<String> blocks = List.of(withWindow.split(", "));
        for (int block = 0; block < 4; block++) {
            assertThat(qwen2.mask(block))
                    .isEqualTo(blocks.contains(Integer.toString(block)) ? Mask.slidingWindow(32768) : Mask.CAUSAL);
        }
    }

    @Test
    void whatIsLeftOutHasTheDefaultsOfTheTransformersLibrary() throws IOException {
        String few =
                """
                {"model_type": "%s", "vocab_size": 10, "hidden_size": 64, "intermediate_size": 20,
                 "num_hidden_layers": 1, "num_attention_heads": 8, "max_position_embeddings": 16, "hidden_act": "silu"}
                """;
        Architecture llama = read(few.formatted("llama"));
        assertThat(llama.heads()).isEqualTo(new Heads(8, 8, 8));
        assertThat(llama.norm().epsilon()).isEqualTo(1e-6);
        assertThat(llama.positions()).isEqualTo(new Positions.Rotary(10000, new RotaryScaling.Unscaled(), 16));
        assertThat(llama.tied()).isFalse();
        assertThat(llama.padTokenId()).isZero();
        assertThat(read(few.formatted("mistral")).mask(0)).isEqualTo(Mask.slidingWindow(4096));
        assertThat(read(edited(few.formatted("mistral"), "{'sliding_window': null}"))
                        .mask(0))
                .isEqualTo(Mask.CAUSAL);
        assertThat(read(few.formatted("qwen3")).heads()).isEqualTo(new Heads(8, 8, 128, true));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{'rope_scaling': {'rope_type': 'yarn', 'factor': 4}}; rope_scaling.rope_type \"yarn\" is not supported."
                        + " Use a model with one of [default, linear, llama3].",
                "{'rope_scaling': {'factor': 4}}; the key rope_scaling.type is missing",
                "{'rope_scaling': {'type': 'linear', 'factor': 0}}; rope_scaling.factor is 0, not a number above 0.",
                "{'rope_parameters': {'rope_type': 'default', 'rope_theta': 10}}; rope_scaling and rope_parameters"
                        + " contradict each other",
                "{'rope_scaling': null, 'rope_parameters': {'rope_theta': 10}}; rope_theta 500000.0 contradicts",
                "{'partial_rotary_factor': 0.5}; partial_rotary_factor 0.5 is not supported. Use a model that rotates",
                "{'head_dim': 7}; heads of width 7 (head_dim, or hidden_size / num_attention_heads) have no pairs",
                "{'num_key_value_heads': 5}; num_key_value_heads 5 does not divide num_attention_heads 32",
                "{'head_dim': null, 'num_attention_heads': 24}; num_attention_heads 24 does not divide hidden_size 2048",
                "{'final_logit_softcapping': 30.0}; final_logit_softcapping 30.0 is not supported",
                "{'num_local_experts': 8}; num_local_experts 8 is not supported. Use a dense model",
                "{'use_parallel_residual': true}; use_parallel_residual true is not supported",
                "{'quantization_config': {'bits': 4}}; quantization_config {\"bits\":4} is not supported",
                "{'attention_bias': 1}; attention_bias is 1, not true or false",
                "{'eos_token_id': 200000}; eos_token_id 200000 is not below vocab_size 128256",
                "{'num_hidden_layers': 5000}; num_hidden_layers 5000 is more than 1000"
            })
    void whatNoDecoderHereComputesIsRefusedByName(String changes, String message) throws IOException {
        String config = edited(LLAMA3, changes);
        assertThatThrownBy(() -> read(config))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(directory.resolve("config.json") + ": " + message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{'scale_attn_by_inverse_layer_idx': true}; scale_attn_by_inverse_layer_idx true is not supported",
                "{'scale_attn_weights': false}; scale_attn_weights false is not supported",
                "{'add_cross_attention': true}; add_cross_attention true is not supported",
                "{'n_head': 7}; n_head 7 does not divide n_embd 768"
            })
    void whatNoGpt2HereComputesIsRefusedByName(String changes, String message) throws IOException {
        String config = edited(GPT2, changes);
        assertThatThrownBy(() -> read(config))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{'layer_types': ['full_attention']}; layer_types has 1 entries for 24 blocks (num_hidden_layers)",
                "{'num_hidden_layers': 1, 'layer_types': ['sliding_attention']}; layer_types [\"sliding_attention\"]"
                        + " is not supported. Set use_sliding_window to true",
                "{'num_hidden_layers': 1, 'layer_types': ['linear_attention']}; layer_types [\"linear_attention\"] is"
                        + " not supported. Use a model whose blocks all have full_attention or sliding_attention."
            })
    void typesOfBlocksThatDoNotFitAreRefused(String changes, String message) throws IOException {
        String config = edited(QWEN2, changes);
        assertThatThrownBy(() -> read(config))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(message);
    }

    @Test
    void gpt2StoresQueryKeyAndValueAsOneAndAllMapsTransposed() {
        Family family = Families.named("gpt2");
        List<Projection> attention = List.of(Projection.QUERY, Projection.KEY, Projection.VALUE);
        for (Projection projection : attention) {
            assertThat(family.stored(1, projection))
                    .isEqualTo(new Family.StoredProjection("h.1.attn.c_attn", attention, true));
        }
        assertThat(family.stored(1, Projection.OUTPUT))
                .isEqualTo(new Family.StoredProjection("h.1.mlp.c_proj", List.of(Projection.OUTPUT), true));
        assertThat(Families.named("llama").stored(1, Projection.KEY))
                .isEqualTo(new Family.StoredProjection("layers.1.self_attn.k_proj", List.of(Projection.KEY), false));
    }

    @ParameterizedTest
    @ValueSource(strings = {GPT2, LLAMA3, MISTRAL, QWEN2, QWEN3})
    void anArchitectureIsReadBackFromJson(String config) throws IOException {
        Architecture architecture = read(config);
        assertThat(JSON.readValue(JSON.writeValueAsBytes(architecture), Architecture.class))
                .isEqualTo(architecture);
    }

    private static String edited(String config, String changes) throws IOException {
        ObjectNode edited = (ObjectNode) JSON.readTree(config);
        edited.setAll((ObjectNode) JSON.readTree(changes.replace('\'', '"')));
        return edited.toString();
    }
}
