package org.erat.data.basemodel;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.erat.data.BadInputException;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.ConfigJson;
import org.erat.data.architecture.ModelTensors;
import org.erat.data.safetensors.Dtype;
import org.erat.data.safetensors.TensorSource;

/** A model in a foreign format, seen through the names, shapes and orientation of a prepared one. */
interface ModelSource extends AutoCloseable {
    /** The configuration: the file of the source, or one that was derived from it. */
    ConfigJson config();

    /** The architecture that {@link #config} describes, checked. */
    Architecture architecture();

    /**
     * The tensors by the names of {@link ModelTensors}: all required ones, and those optional parts that the source has
     * in full. Values are read when asked for.
     *
     * @throws BadInputException if one is missing or of another shape
     */
    default Map<String, TensorSource> tensors() {
        Map<String, TensorSource> tensors = new LinkedHashMap<>();
        BiConsumer<String, long[]> add = (name, shape) -> tensors.put(name, tensor(name, shape));
        ModelTensors.required(architecture()).forEach(add);
        if (hasPooler()) {
            ModelTensors.pooler(architecture()).forEach(add);
        }
        if (hasMaskedLanguageModelHead()) {
            ModelTensors.maskedLanguageModelHead(architecture()).forEach(add);
        }
        if (holdsAll(ModelTensors.languageModelHead(architecture()))) {
            ModelTensors.languageModelHead(architecture()).forEach(add);
        }
        return tensors;
    }

    /**
     * One tensor.
     *
     * @param name one of {@link ModelTensors}
     * @throws BadInputException if it is missing or of another shape
     */
    TensorSource tensor(String name, long[] shape);

    /**
     * Whether a tensor is there.
     *
     * @param name one of {@link ModelTensors}
     */
    boolean holds(String name);

    /** Whether all tensors of the pooler are there. */
    default boolean hasPooler() {
        return holdsAll(ModelTensors.pooler(architecture()));
    }

    /** Whether all tensors of the masked language model head are there, and it is tied to the word embeddings. */
    default boolean hasMaskedLanguageModelHead() {
        return holdsAll(ModelTensors.maskedLanguageModelHead(architecture()));
    }

    private boolean holdsAll(Map<String, long[]> part) {
        return !part.isEmpty() && part.keySet().stream().allMatch(this::holds);
    }

    /** The precision of its weights: that of most values, where there are several. */
    default Dtype dtype() {
        return Dtype.F32;
    }

    /** The tokenizer as the source has it. */
    TokenizerJson tokenizer();

    /** How Python's libraries use the tokenizer. */
    default TokenizerConfig tokenizerConfig() {
        return TokenizerConfig.none();
    }

    /** Further files for Python's libraries, which no training reads, by name. */
    default Map<String, byte[]> companions() {
        return Map.of();
    }

    @Override
    void close();
}
