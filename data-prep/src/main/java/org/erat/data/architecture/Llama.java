package org.erat.data.architecture;

import java.util.List;
import java.util.Optional;
import org.erat.data.architecture.Architecture.Biases;
import org.erat.data.architecture.Architecture.FeedForward;
import org.erat.data.architecture.Architecture.Heads;
import org.erat.data.architecture.Architecture.Mask;
import org.erat.data.architecture.Architecture.Norm;

/**
 * LLaMA 1 to 3 (Touvron et al., arXiv 2302.13971; Grattafiori et al., arXiv 2407.21783) and what has its form, as SmolLM2
 * does, after {@code LlamaModel} of the transformers library: rotary positions, RMS norms before their parts, a gate with
 * SiLU, query heads that share key and value.
 */
public class Llama implements Family {
    private static final String WIDTH = "hidden_size";
    private static final String HEADS = "num_attention_heads";
    private static final String KEY_VALUE_HEADS = "num_key_value_heads";
    private static final String HEAD_WIDTH = "head_dim";

    /** What the transformers library assumes where the key is left out. */
    private static final double DEFAULT_EPSILON = 1e-6;

    @Override
    public List<String> modelTypes() {
        return List.of("llama");
    }

    @Override
    public Architecture architecture(ConfigJson config) {
        DecoderConfig.requireSupported(config);
        int vocabulary = config.size("vocab_size");
        return DecoderConfig.checked(
                config,
                () -> new Architecture(
                        name(),
                        vocabulary,
                        0,
                        RotarySettings.read(config, config.size("max_position_embeddings")),
                        DecoderConfig.blocks(config, "num_hidden_layers"),
                        config.size(WIDTH),
                        config.size(WIDTH),
                        heads(config),
                        masks(config),
                        new FeedForward(config.size("intermediate_size"), config.activation("hidden_act"), true),
                        new Norm(
                                Norm.Kind.RMS, Architecture.Place.PRE, config.epsilon("rms_norm_eps", DEFAULT_EPSILON)),
                        biases(config),
                        config.flag("tie_word_embeddings", false),
                        DecoderConfig.padTokenId(config, vocabulary),
                        Architecture.Pooling.LAST_TOKEN));
    }

    private Heads heads(ConfigJson config) {
        int heads = config.size(HEADS);
        int keyValueHeads = config.size(KEY_VALUE_HEADS, defaultKeyValueHeads(heads));
        DecoderConfig.requireDivides(config, KEY_VALUE_HEADS, keyValueHeads, HEADS, heads);
        int width = config.size(HEAD_WIDTH, defaultHeadWidth());
        if (!config.has(HEAD_WIDTH) && width == 0) {
            DecoderConfig.requireDivides(config, HEADS, heads, WIDTH, config.size(WIDTH));
            width = config.size(WIDTH) / heads;
        }
        if (width % 2 != 0) {
            throw config.refused("heads of width " + width + " (" + HEAD_WIDTH + ", or " + WIDTH + " / " + HEADS
                    + ") have no pairs of elements for rotary positions to rotate. Correct config.json.");
        }
        return new Heads(heads, keyValueHeads, width, hasHeadNorms());
    }

    /** Heads of key and value where the key is left out. */
    int defaultKeyValueHeads(int heads) {
        return heads;
    }

    /** Width of a head where the key is left out; 0 for the share of one head in the width of the model. */
    int defaultHeadWidth() {
        return 0;
    }

    /** Whether the heads of query and key are normalized. */
    boolean hasHeadNorms() {
        return false;
    }

    /** Which keys a query sees, of each block, or one for all blocks. */
    List<Mask> masks(ConfigJson config) {
        return List.of(Mask.CAUSAL);
    }

    /** Which of the linear maps have a bias. */
    Biases biases(ConfigJson config) {
        return Biases.of(config.flag("attention_bias", false), config.flag("mlp_bias", false));
    }

    @Override
    public List<String> prefixes() {
        return List.of("", "model.");
    }

    @Override
    public TaskHead sequenceClassifier(Architecture architecture) {
        return TaskHead.plain("score");
    }

    @Override
    public TaskHead tokenClassifier(Architecture architecture) {
        return TaskHead.linear("score");
    }

    @Override
    public String wordEmbeddings() {
        return "embed_tokens.weight";
    }

    @Override
    public Optional<String> positionEmbeddings() {
        return Optional.empty();
    }

    @Override
    public String projection(int block, Projection projection) {
        String module =
                switch (projection) {
                    case QUERY -> "self_attn.q_proj";
                    case KEY -> "self_attn.k_proj";
                    case VALUE -> "self_attn.v_proj";
                    case ATTENTION_OUTPUT -> "self_attn.o_proj";
                    case GATE -> "mlp.gate_proj";
                    case INTERMEDIATE -> "mlp.up_proj";
                    case OUTPUT -> "mlp.down_proj";
                };
        return blockPath(block) + "." + module;
    }

    @Override
    public String attentionNorm(int block) {
        return blockPath(block) + ".input_layernorm";
    }

    @Override
    public String feedForwardNorm(int block) {
        return blockPath(block) + ".post_attention_layernorm";
    }

    @Override
    public Optional<String> finalNorm() {
        return Optional.of("norm");
    }

    @Override
    public String blockPath(int block) {
        return "layers." + block;
    }

    @Override
    public Optional<String> languageModelHead() {
        return Optional.of("lm_head");
    }
}
