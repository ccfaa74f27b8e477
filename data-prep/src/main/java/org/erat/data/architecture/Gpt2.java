package org.erat.data.architecture;

import java.util.List;
import java.util.Optional;
import org.erat.data.architecture.Architecture.Biases;
import org.erat.data.architecture.Architecture.FeedForward;
import org.erat.data.architecture.Architecture.Heads;
import org.erat.data.architecture.Architecture.Mask;
import org.erat.data.architecture.Architecture.Norm;

/**
 * GPT-2 (Radford et al. 2019), after {@code GPT2Model} of the transformers library: learned positions, layer norms before
 * their parts. Checkpoints store linear maps as [in,out], and query, key and value as one.
 */
public final class Gpt2 implements Family {
    private static final String WIDTH = "n_embd";
    private static final String HEADS = "n_head";

    /** What the transformers library assumes where the key is left out. */
    private static final double DEFAULT_EPSILON = 1e-5;

    @Override
    public List<String> modelTypes() {
        return List.of("gpt2");
    }

    @Override
    public String classPrefix(String modelType) {
        return "GPT2";
    }

    @Override
    public TaskHead sequenceClassifier(Architecture architecture) {
        return TaskHead.plain("score");
    }

    @Override
    public Architecture architecture(ConfigJson config) {
        DecoderConfig.requireSupported(config);
        config.requireNot("scale_attn_by_inverse_layer_idx", "Use a model whose scores are divided by √D only.");
        if (!config.flag("scale_attn_weights", true)) {
            throw config.unsupported("scale_attn_weights", "Use a model whose scores are divided by √D.");
        }
        int vocabulary = config.size("vocab_size");
        int width = config.size(WIDTH);
        int heads = config.size(HEADS);
        DecoderConfig.requireDivides(config, HEADS, heads, WIDTH, width);
        int positions = config.size(config.has("n_positions") ? "n_positions" : "n_ctx");
        return DecoderConfig.checked(
                config,
                () -> new Architecture(
                        name(),
                        vocabulary,
                        0,
                        Positions.ofAllTokens(positions),
                        DecoderConfig.blocks(config, "n_layer"),
                        width,
                        width,
                        new Heads(heads, heads, width / heads),
                        List.of(Mask.CAUSAL),
                        new FeedForward(
                                config.size("n_inner", 4 * width), config.activation("activation_function"), false),
                        new Norm(
                                Norm.Kind.LAYER,
                                Architecture.Place.PRE,
                                config.epsilon("layer_norm_epsilon", DEFAULT_EPSILON)),
                        Biases.ALL,
                        config.flag("tie_word_embeddings", true),
                        DecoderConfig.padTokenId(config, vocabulary),
                        Architecture.Pooling.LAST_TOKEN));
    }

    @Override
    public List<String> prefixes() {
        return List.of("", "transformer.");
    }

    @Override
    public String wordEmbeddings() {
        return "wte.weight";
    }

    @Override
    public Optional<String> positionEmbeddings() {
        return Optional.of("wpe.weight");
    }

    @Override
    public String projection(int block, Projection projection) {
        String module =
                switch (projection) {
                    case QUERY -> "attn.c_attn.query";
                    case KEY -> "attn.c_attn.key";
                    case VALUE -> "attn.c_attn.value";
                    case ATTENTION_OUTPUT -> "attn.c_proj";
                    case GATE -> throw new IllegalArgumentException("GPT-2 has no gate");
                    case INTERMEDIATE -> "mlp.c_fc";
                    case OUTPUT -> "mlp.c_proj";
                };
        return blockPath(block) + "." + module;
    }

    @Override
    public StoredProjection stored(int block, Projection projection) {
        return switch (projection) {
            case QUERY, KEY, VALUE ->
                new StoredProjection(
                        blockPath(block) + ".attn.c_attn",
                        List.of(Projection.QUERY, Projection.KEY, Projection.VALUE),
                        true);
            default -> new StoredProjection(projection(block, projection), List.of(projection), true);
        };
    }

    @Override
    public String attentionNorm(int block) {
        return blockPath(block) + ".ln_1";
    }

    @Override
    public String feedForwardNorm(int block) {
        return blockPath(block) + ".ln_2";
    }

    @Override
    public Optional<String> finalNorm() {
        return Optional.of("ln_f");
    }

    @Override
    public String blockPath(int block) {
        return "h." + block;
    }

    @Override
    public Optional<String> languageModelHead() {
        return Optional.of("lm_head");
    }
}
