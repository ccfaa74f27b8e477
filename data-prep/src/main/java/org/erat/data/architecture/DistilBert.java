package org.erat.data.architecture;

import java.util.List;
import java.util.Optional;

/**
 * DistilBERT (Sanh et al. 2019), after {@code DistilBertModel} of the transformers library: BERT's encoder without token
 * types and without a pooler. Checkpoints store the position table for either value of
 * {@code sinusoidal_pos_embds}. Tokenizers may give token types; the model ignores them.
 */
public final class DistilBert implements Family {
    private static final EncoderKeys KEYS = new EncoderKeys("dim", "n_layers", "n_heads", "hidden_dim", "activation");

    /** Fixed in the transformers library's code. */
    private static final double EPSILON = 1e-12;

    @Override
    public List<String> modelTypes() {
        return List.of("distilbert");
    }

    @Override
    public String classPrefix(String modelType) {
        return "DistilBert";
    }

    @Override
    public TaskHead sequenceClassifier(Architecture architecture) {
        return TaskHead.dense("pre_classifier", Activation.RELU, "classifier");
    }

    @Override
    public Architecture architecture(ConfigJson config) {
        EncoderKeys.requireEncoder(config);
        return KEYS.read(
                config,
                name(),
                0,
                (rows, pad) -> Positions.ofAllTokens(rows),
                EPSILON,
                config.count("pad_token_id", 0));
    }

    @Override
    public List<String> prefixes() {
        return List.of("", "distilbert.");
    }

    @Override
    public String wordEmbeddings() {
        return "embeddings.word_embeddings.weight";
    }

    @Override
    public Optional<String> positionEmbeddings() {
        return Optional.of("embeddings.position_embeddings.weight");
    }

    @Override
    public Optional<String> embeddingNorm() {
        return Optional.of("embeddings.LayerNorm");
    }

    @Override
    public String projection(int block, Projection projection) {
        String module =
                switch (projection) {
                    case QUERY -> "attention.q_lin";
                    case KEY -> "attention.k_lin";
                    case VALUE -> "attention.v_lin";
                    case ATTENTION_OUTPUT -> "attention.out_lin";
                    case GATE -> throw new IllegalArgumentException("DistilBERT has no gate");
                    case INTERMEDIATE -> "ffn.lin1";
                    case OUTPUT -> "ffn.lin2";
                };
        return "transformer." + blockPath(block) + "." + module;
    }

    @Override
    public String attentionNorm(int block) {
        return "transformer." + blockPath(block) + ".sa_layer_norm";
    }

    @Override
    public String feedForwardNorm(int block) {
        return "transformer." + blockPath(block) + ".output_layer_norm";
    }

    @Override
    public String blockPath(int block) {
        return "layer." + block;
    }

    @Override
    public Optional<MaskedLanguageModelHead> maskedLanguageModelHead() {
        return Optional.of(new MaskedLanguageModelHead(
                "vocab_transform", "vocab_layer_norm", "vocab_projector.bias", "vocab_projector.weight"));
    }
}
