package org.erat.data.architecture;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/**
 * ELECTRA (Clark et al., arXiv 2003.10555), after {@code ElectraModel} of the transformers library: BERT's encoder without a
 * pooler, on embeddings of a width of their own. Checkpoints of discriminators and of generators are read alike; the layers
 * that either was trained with on top are left out.
 */
public final class Electra extends Bert {
    private static final String EMBEDDING_WIDTH = "embedding_size";

    /** What the transformers library assumes where the key is left out. */
    private static final int DEFAULT_EMBEDDING_WIDTH = 128;

    @Override
    public List<String> modelTypes() {
        return List.of("electra");
    }

    @Override
    public Architecture architecture(ConfigJson config) {
        return super.architecture(config).withEmbeddingWidth(config.size(EMBEDDING_WIDTH, DEFAULT_EMBEDDING_WIDTH));
    }

    @Override
    void writeFurtherKeys(Architecture architecture, ObjectNode config) {
        config.put(EMBEDDING_WIDTH, architecture.embeddingWidth());
    }

    @Override
    public List<String> prefixes() {
        return List.of("", "electra.");
    }

    @Override
    public String embeddingProjection() {
        return "embeddings_project";
    }

    /** GELU with the error function, whatever the activation of the feed-forward parts. */
    @Override
    public TaskHead sequenceClassifier(Architecture architecture) {
        return TaskHead.droppedDense("classifier.dense", Activation.GELU, "classifier.out_proj");
    }

    @Override
    public Optional<Pooler> pooler() {
        return Optional.empty();
    }

    @Override
    public Optional<MaskedLanguageModelHead> maskedLanguageModelHead() {
        return Optional.empty();
    }
}
