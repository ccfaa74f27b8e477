package org.erat.data.basemodel;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.erat.data.BadInputException;
import org.erat.data.safetensors.TensorSource;

/** A model in a foreign format, seen through the names, shapes and orientation of a prepared one. */
interface ModelSource extends AutoCloseable {
    /** The architecture, checked. */
    ModelConfig config();

    /**
     * The tensors by the names of {@link TensorNames}: all required ones, and those optional parts that the source has in
     * full. Values are read when asked for.
     *
     * @throws BadInputException if one is missing or of another shape
     */
    default Map<String, TensorSource> tensors() {
        Map<String, TensorSource> tensors = new LinkedHashMap<>();
        BiConsumer<String, long[]> add = (name, shape) -> tensors.put(name, tensor(name, shape));
        TensorNames.required(config()).forEach(add);
        if (hasPooler()) {
            TensorNames.pooler(config()).forEach(add);
        }
        if (hasMaskedLanguageModelHead()) {
            TensorNames.maskedLanguageModelHead(config()).forEach(add);
        }
        return tensors;
    }

    /**
     * One tensor.
     *
     * @param name one of {@link TensorNames}
     * @throws BadInputException if it is missing or of another shape
     */
    TensorSource tensor(String name, long[] shape);

    /**
     * Whether a tensor is there.
     *
     * @param name one of {@link TensorNames}
     */
    boolean holds(String name);

    /** Whether all tensors of the pooler are there. */
    default boolean hasPooler() {
        return TensorNames.pooler(config()).keySet().stream().allMatch(this::holds);
    }

    /** Whether all tensors of the masked language model head are there, and it is tied to the word embeddings. */
    default boolean hasMaskedLanguageModelHead() {
        return TensorNames.maskedLanguageModelHead(config()).keySet().stream().allMatch(this::holds);
    }

    /** The tokenizer as the source has it. */
    TokenizerJson tokenizer();

    @Override
    void close();
}
