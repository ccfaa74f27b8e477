package org.erat.data.basemodel;

import java.util.Map;
import org.erat.data.safetensors.TensorSource;

/** A model in a foreign format, seen through the names, shapes and orientation of a prepared one. */
interface ModelSource extends AutoCloseable {
    /** The architecture, checked. */
    ModelConfig config();

    /**
     * The tensors by the names of {@link TensorNames}: all required ones, and those optional parts that the source has in
     * full. Values are read when asked for.
     */
    Map<String, TensorSource> tensors();

    /** The tokenizer as the source has it. */
    TokenizerJson tokenizer();

    @Override
    void close();
}
