package org.erat.data.architecture;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A family of models, one file each. It turns a {@code config.json} into an {@link Architecture}, and a part of the model
 * into the name of its tensors. Names are those of the Hugging Face checkpoint without a prefix. A linear map
 * {@code NAME} has a {@code NAME.weight} [out,in] and, where {@link Architecture.Biases} says so, a {@code NAME.bias} [out]. A
 * norm of hidden states has a weight [H], and layer normalization a bias [H].
 * {@link ModelTensors} lists all tensors of a model with their shapes. Families are stateless. {@link Families} finds
 * them.
 */
public interface Family {
    /** Values of {@code model_type} that this family reads; the first one is its name. */
    List<String> modelTypes();

    /** Name of the family, which {@link Architecture#family} holds. */
    default String name() {
        return modelTypes().get(0);
    }

    /**
     * The architecture that a {@code config.json} describes.
     *
     * @throws org.erat.data.BadInputException naming the file, the key and the value if it cannot be used
     */
    Architecture architecture(ConfigJson config);

    /** What may stand before every name in a checkpoint: {@code ""}, {@code "bert."}. */
    List<String> prefixes();

    /** What stands before every name in a model with a head: the last of {@link #prefixes}. */
    default String prefixInModelWithHead() {
        List<String> prefixes = prefixes();
        return prefixes.get(prefixes.size() - 1);
    }

    /**
     * What stands before {@code ForSequenceClassification} in the name of a class of the transformers library.
     *
     * @param modelType one of {@link #modelTypes}
     */
    default String classPrefix(String modelType) {
        return modelType.substring(0, 1).toUpperCase(Locale.ROOT) + modelType.substring(1);
    }

    /**
     * The head of the family's {@code ForSequenceClassification}, on the state of {@link Architecture#pooling}.
     * Names are those in that class.
     */
    TaskHead sequenceClassifier(Architecture architecture);

    /** The head of the family's {@code ForTokenClassification}. Names are those in that class. */
    default TaskHead tokenClassifier(Architecture architecture) {
        return TaskHead.linear("classifier");
    }

    /** Word embeddings [V,E]. */
    String wordEmbeddings();

    /** Position embeddings [P,E]; empty where the family has no such table. */
    Optional<String> positionEmbeddings();

    /** Token type embeddings [·,E]; empty where the family has none. */
    default Optional<String> tokenTypeEmbeddings() {
        return Optional.empty();
    }

    /** The norm [E] after the embeddings; empty where the family has none. */
    default Optional<String> embeddingNorm() {
        return Optional.empty();
    }

    /** The linear map [H,E] with a bias after that norm, where {@link Architecture#projectsEmbeddings} says so. */
    default String embeddingProjection() {
        throw new IllegalArgumentException(name() + " has embeddings as wide as its hidden states");
    }

    /** A projection of a block. */
    String projection(int block, Projection projection);

    /** How checkpoints store a projection: under its own name, [out,in], unless the family says otherwise. */
    default StoredProjection stored(int block, Projection projection) {
        return new StoredProjection(projection(block, projection), List.of(projection), false);
    }

    /**
     * How the checkpoints of a family store a projection.
     *
     * @param module the module that computes it, whose tensors a checkpoint holds and whose path a PEFT adapter names
     * @param fused the projections that the module computes side by side, in the order of its outputs; this one alone
     *     where it is not fused
     * @param transposed whether the module's weight is [in,out], which PEFT calls {@code fan_in_fan_out}
     */
    record StoredProjection(String module, List<Projection> fused, boolean transposed) {
        public StoredProjection {
            fused = List.copyOf(fused);
        }
    }

    /** The norm [D] of the heads of query or key, where {@link Architecture.Heads#normalized} says that there are norms. */
    default String headNorm(int block, Projection projection) {
        throw new IllegalArgumentException(name() + " has no norms of heads");
    }

    /** The norm of a block's attention. */
    String attentionNorm(int block);

    /** Whether there is such a norm: a block that follows the norm of the embeddings may do without. */
    default boolean hasAttentionNorm(int block) {
        return true;
    }

    /** The norm of a block's feed-forward part. */
    String feedForwardNorm(int block);

    /** The norm after the last block; empty where the family has none, as where norms stand behind their parts. */
    default Optional<String> finalNorm() {
        return Optional.empty();
    }

    /**
     * The part of the module paths that stands for one block, for PEFT's patterns: {@code layer.3} occurs in the paths of
     * all modules of block 3 and of no other.
     */
    String blockPath(int block);

    /**
     * The layers of a classifier's head that pretraining has trained, so that the head may start with them. A checkpoint may
     * lack them. Empty where the family has none.
     */
    default Optional<Pooler> pooler() {
        return Optional.empty();
    }

    /**
     * Layers of a classifier's head in a checkpoint.
     *
     * @param dense linear map [H,H]
     * @param biased whether it has a bias
     * @param norm the norm [H] behind its activation; empty for none
     */
    record Pooler(String dense, boolean biased, Optional<String> norm) {}

    /** The masked-language-model head. A checkpoint may lack it. Empty where the family has none. */
    default Optional<MaskedLanguageModelHead> maskedLanguageModelHead() {
        return Optional.empty();
    }

    /**
     * The output matrix of a causal language model, a linear map [V,H] without a bias that stands outside of the model, so
     * that its name never has a prefix. It is the word embeddings where {@link Architecture#tied} says so. A checkpoint
     * may lack it. Empty where the family has none.
     */
    default Optional<String> languageModelHead() {
        return Optional.empty();
    }

    /**
     * A masked-language-model head: logits = E·norm(f(dense(x))) + bias, where E are the word embeddings and f is the
     * activation of the feed-forward parts. It stands outside of the model, so that its names never have a prefix.
     *
     * @param dense linear map [H,H]
     * @param norm norm of width H
     * @param bias name of the tensor [V]
     * @param output name of the tensor [V,H] of checkpoints that store E a second time
     */
    record MaskedLanguageModelHead(String dense, String norm, String bias, String output) {}
}
