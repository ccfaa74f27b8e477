package org.erat.data.architecture;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/** BERT (Devlin et al. 2019), after {@code BertModel} of the transformers library. */
public class Bert implements Family {
    private static final String TOKEN_TYPES = "type_vocab_size";
    private static final String EPSILON = "layer_norm_eps";
    private static final String PADDING = "pad_token_id";
    private static final EncoderKeys KEYS = new EncoderKeys(
            "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act");

    /** What the transformers library assumes for BERT and RoBERTa where the key is left out. */
    private static final double DEFAULT_EPSILON = 1e-12;

    @Override
    public List<String> modelTypes() {
        return List.of("bert");
    }

    @Override
    public Architecture architecture(ConfigJson config) {
        EncoderKeys.requireEncoder(config);
        int padTokenId = config.count(PADDING, defaultPadTokenId());
        return KEYS.read(
                config,
                name(),
                config.size(TOKEN_TYPES),
                this::positions,
                config.epsilon(EPSILON, DEFAULT_EPSILON),
                padTokenId);
    }

    /** Id of the padding token where the key is left out. */
    int defaultPadTokenId() {
        return 0;
    }

    /** How tokens know their place, in a table of so many rows. */
    Positions.Learned positions(int rows, int padTokenId) {
        return Positions.ofAllTokens(rows);
    }

    /**
     * The {@code config.json} of a model that came without one. {@link #architecture} checks it and reads it back.
     *
     * @param where what the architecture was derived from, for messages
     */
    public ConfigJson config(Architecture architecture, String where) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.putArray("architectures").add("BertModel");
        root.put("model_type", name());
        root.put("vocab_size", architecture.vocabulary());
        root.put(KEYS.width(), architecture.width());
        root.put(KEYS.blocks(), architecture.blocks());
        root.put(KEYS.heads(), architecture.heads().query());
        root.put(KEYS.inner(), architecture.feedForward().width());
        root.put("max_position_embeddings", architecture.positions().rows());
        root.put(TOKEN_TYPES, architecture.tokenTypes());
        root.put(EPSILON, architecture.norm().epsilon());
        root.put(KEYS.activation(), ConfigJson.nameOf(architecture.feedForward().activation()));
        root.put(PADDING, architecture.padTokenId());
        root.put("position_embedding_type", "absolute");
        root.put("torch_dtype", "float32");
        writeFurtherKeys(architecture, root);
        return ConfigJson.of(root, where);
    }

    /** Adds the keys that only another family of BERT's form has. */
    void writeFurtherKeys(Architecture architecture, ObjectNode config) {}

    @Override
    public List<String> prefixes() {
        return List.of("", "bert.");
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
    public Optional<String> tokenTypeEmbeddings() {
        return Optional.of("embeddings.token_type_embeddings.weight");
    }

    @Override
    public Optional<String> embeddingNorm() {
        return Optional.of("embeddings.LayerNorm");
    }

    @Override
    public String projection(int block, Projection projection) {
        String module =
                switch (projection) {
                    case QUERY -> "attention.self.query";
                    case KEY -> "attention.self.key";
                    case VALUE -> "attention.self.value";
                    case ATTENTION_OUTPUT -> "attention.output.dense";
                    case GATE -> throw new IllegalArgumentException("BERT has no gate");
                    case INTERMEDIATE -> "intermediate.dense";
                    case OUTPUT -> "output.dense";
                };
        return "encoder." + blockPath(block) + "." + module;
    }

    @Override
    public String attentionNorm(int block) {
        return "encoder." + blockPath(block) + ".attention.output.LayerNorm";
    }

    @Override
    public String feedForwardNorm(int block) {
        return "encoder." + blockPath(block) + ".output.LayerNorm";
    }

    @Override
    public String blockPath(int block) {
        return "layer." + block;
    }

    /** The pooler belongs to the head, as its dense layer. */
    @Override
    public TaskHead sequenceClassifier(Architecture architecture) {
        return TaskHead.dense("bert.pooler.dense", Activation.TANH, "classifier");
    }

    @Override
    public Optional<Pooler> pooler() {
        return Optional.of(new Pooler("pooler.dense", true, Optional.empty()));
    }

    @Override
    public Optional<MaskedLanguageModelHead> maskedLanguageModelHead() {
        return Optional.of(new MaskedLanguageModelHead(
                "cls.predictions.transform.dense",
                "cls.predictions.transform.LayerNorm",
                "cls.predictions.bias",
                "cls.predictions.decoder.weight"));
    }
}
