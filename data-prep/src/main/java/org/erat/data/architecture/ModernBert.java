package org.erat.data.architecture;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.erat.data.architecture.Architecture.Biases;
import org.erat.data.architecture.Architecture.FeedForward;
import org.erat.data.architecture.Architecture.Heads;
import org.erat.data.architecture.Architecture.Mask;
import org.erat.data.architecture.Architecture.Norm;
import org.erat.data.architecture.Architecture.Pooling;
import org.erat.data.architecture.Positions.Rotation;

/**
 * ModernBERT (Warner et al., arXiv 2412.13663), after {@code ModernBertModel} of the transformers library: norms before their
 * parts, a gate, rotary positions, and blocks whose queries see all keys between blocks whose queries see a window around
 * them, which have another rotation. The first block reads what the norm of the embeddings gives, and has no norm before its
 * attention. Checkpoints store query, key and value as one, and so the two maps of the gated part.
 */
public final class ModernBert implements Family {
    private static final String WIDTH = "hidden_size";
    private static final String HEADS = "num_attention_heads";
    private static final String ROTATIONS = "rope_parameters";

    /** What the transformers library assumes where keys are left out. */
    private static final int DEFAULT_GLOBAL_EVERY = 3;

    private static final int DEFAULT_WINDOW = 128;
    private static final double DEFAULT_EPSILON = 1e-5;
    private static final double DEFAULT_GLOBAL_THETA = 160_000;
    private static final double DEFAULT_LOCAL_THETA = 10_000;

    @Override
    public List<String> modelTypes() {
        return List.of("modernbert");
    }

    @Override
    public String classPrefix(String modelType) {
        return "ModernBert";
    }

    @Override
    public Architecture architecture(ConfigJson config) {
        EncoderKeys.requireEncoder(config);
        config.requireAbsent("rope_scaling", "Use a model whose rotary positions are not scaled.");
        config.requireNot("classifier_bias", "Use a model whose head has no bias in its dense layer.");
        config.requireText("classifier_activation", "gelu", "Use a model whose head has gelu.");
        int vocabulary = config.size("vocab_size");
        int width = config.size(WIDTH);
        int heads = config.size(HEADS);
        int blocks = DecoderConfig.blocks(config, "num_hidden_layers");
        DecoderConfig.requireDivides(config, HEADS, heads, WIDTH, width);
        if (width / heads % 2 != 0) {
            throw config.refused("heads of width " + width / heads + " (" + WIDTH + " / " + HEADS
                    + ") have no pairs of elements for rotary positions to rotate. Correct config.json.");
        }
        List<Boolean> local = local(config, blocks);
        return DecoderConfig.checked(
                config,
                () -> new Architecture(
                        name(),
                        vocabulary,
                        0,
                        positions(config, local),
                        blocks,
                        width,
                        width,
                        new Heads(heads, heads, width / heads),
                        masks(config, local),
                        new FeedForward(config.size("intermediate_size"), config.activation("hidden_activation"), true),
                        norm(config),
                        Biases.of(config.flag("attention_bias", false), config.flag("mlp_bias", false)),
                        true,
                        DecoderConfig.padTokenId(config, vocabulary),
                        pooling(config)));
    }

    /** Whether each block has a window: {@code layer_types} says it, else all but each n-th from the first on have. */
    private static List<Boolean> local(ConfigJson config, int blocks) {
        if (config.has(BlockTypes.KEY)) {
            return BlockTypes.sliding(config, blocks);
        }
        int every = config.size("global_attn_every_n_layers", DEFAULT_GLOBAL_EVERY);
        return IntStream.range(0, blocks).mapToObj(block -> block % every != 0).toList();
    }

    /** {@code local_attention} counts the keys on both sides. */
    private static List<Mask> masks(ConfigJson config, List<Boolean> local) {
        Mask window = Mask.around(config.size("local_attention", DEFAULT_WINDOW) / 2 + 1);
        return local.stream()
                .map(isLocal -> isLocal ? window : Mask.BIDIRECTIONAL)
                .toList();
    }

    private static Positions positions(ConfigJson config, List<Boolean> local) {
        Rotation global = rotation(config, BlockTypes.FULL, "global_rope_theta", DEFAULT_GLOBAL_THETA);
        // Version 4 of the library has null for that of the other blocks.
        double theta = config.isNull("local_rope_theta") ? global.theta() : DEFAULT_LOCAL_THETA;
        Rotation around = rotation(config, BlockTypes.SLIDING, "local_rope_theta", theta);
        return new Positions.Rotary(
                local.stream().map(isLocal -> isLocal ? around : global).toList(),
                config.size("max_position_embeddings"));
    }

    /**
     * The rotation of one kind of block, in both spellings of the transformers library: a key of its own, and an object in
     * {@code rope_parameters}.
     */
    private static Rotation rotation(ConfigJson config, String type, String key, double absent) {
        double theta = config.positive(key, absent);
        Optional<ConfigJson> stated = config.object(ROTATIONS).flatMap(all -> all.object(type));
        Rotation rotation = stated.map(settings -> RotarySettings.rotation(settings, theta))
                .orElse(new Rotation(theta, new RotaryScaling.Unscaled()));
        if (config.has(key) && rotation.theta() != theta) {
            throw config.refused(key + " " + theta + " contradicts " + ROTATIONS + "." + type + ".rope_theta "
                    + rotation.theta() + ". Remove one of them.");
        }
        return rotation;
    }

    private static Norm norm(ConfigJson config) {
        return new Norm(
                config.flag("norm_bias", false) ? Norm.Kind.LAYER : Norm.Kind.LAYER_WITHOUT_BIAS,
                Architecture.Place.PRE,
                config.epsilon("norm_eps", DEFAULT_EPSILON));
    }

    private static Pooling pooling(ConfigJson config) {
        String key = "classifier_pooling";
        Map<String, Pooling> known = Map.of("cls", Pooling.FIRST_TOKEN, "mean", Pooling.MEAN);
        return config.has(key) ? config.oneOf(key, known) : Pooling.FIRST_TOKEN;
    }

    @Override
    public List<String> prefixes() {
        return List.of("", "model.");
    }

    @Override
    public TaskHead sequenceClassifier(Architecture architecture) {
        TaskHead.Norm norm = new TaskHead.Norm(
                "head.norm",
                architecture.norm().kind().hasBias(),
                architecture.norm().epsilon());
        return TaskHead.normedDense("head.dense", Activation.GELU, norm, "classifier");
    }

    @Override
    public TaskHead tokenClassifier(Architecture architecture) {
        return sequenceClassifier(architecture);
    }

    /** Part of the head that predicts masked words in pretraining. */
    @Override
    public Optional<Pooler> pooler() {
        return Optional.of(new Pooler("head.dense", false, Optional.of("head.norm")));
    }

    @Override
    public String wordEmbeddings() {
        return "embeddings.tok_embeddings.weight";
    }

    @Override
    public Optional<String> positionEmbeddings() {
        return Optional.empty();
    }

    @Override
    public Optional<String> embeddingNorm() {
        return Optional.of("embeddings.norm");
    }

    @Override
    public String projection(int block, Projection projection) {
        String module =
                switch (projection) {
                    case QUERY -> "attn.Wqkv.query";
                    case KEY -> "attn.Wqkv.key";
                    case VALUE -> "attn.Wqkv.value";
                    case ATTENTION_OUTPUT -> "attn.Wo";
                    case GATE -> "mlp.Wi.gate";
                    case INTERMEDIATE -> "mlp.Wi.intermediate";
                    case OUTPUT -> "mlp.Wo";
                };
        return blockPath(block) + "." + module;
    }

    /** The first outputs of {@code Wi} pass the activation, which the library calls its input, and the others do not. */
    @Override
    public StoredProjection stored(int block, Projection projection) {
        return switch (projection) {
            case QUERY, KEY, VALUE ->
                new StoredProjection(
                        blockPath(block) + ".attn.Wqkv",
                        List.of(Projection.QUERY, Projection.KEY, Projection.VALUE),
                        false);
            case GATE, INTERMEDIATE ->
                new StoredProjection(
                        blockPath(block) + ".mlp.Wi", List.of(Projection.GATE, Projection.INTERMEDIATE), false);
            case ATTENTION_OUTPUT, OUTPUT ->
                new StoredProjection(projection(block, projection), List.of(projection), false);
        };
    }

    @Override
    public String attentionNorm(int block) {
        return blockPath(block) + ".attn_norm";
    }

    @Override
    public boolean hasAttentionNorm(int block) {
        return block > 0;
    }

    @Override
    public String feedForwardNorm(int block) {
        return blockPath(block) + ".mlp_norm";
    }

    @Override
    public Optional<String> finalNorm() {
        return Optional.of("final_norm");
    }

    @Override
    public String blockPath(int block) {
        return "layers." + block;
    }
}
