package org.erat.data.basemodel;

import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Family;
import org.erat.data.architecture.ModelTensors;
import org.erat.data.safetensors.Dtype;
import org.erat.data.safetensors.TensorSource;

/**
 * The tensors of a prepared model under the names and in the shapes in which the transformers library saves those of a model
 * with a head: the way back from {@link HuggingFaceSource}. An output matrix that is the word embeddings is stored once.
 */
public final class CheckpointTensors {
    private final BaseModelDirectory model;
    private final Map<String, FusedTensor> fused;
    private final Change change;

    private CheckpointTensors(BaseModelDirectory model, Change change) {
        this.model = model;
        this.fused = FusedTensor.of(model.architecture());
        this.change = change;
    }

    /** What is made of a tensor before it is stored. */
    @FunctionalInterface
    public interface Change {
        /**
         * Gives the values to store.
         *
         * @param name of the tensor in the checkpoint
         * @param values by outputs: of a weight [out,in], also where the checkpoint stores [in,out]; not to be written to
         * @return other values of the same shape, or {@code values}
         */
        FloatBuffer of(String name, FloatBuffer values);
    }

    /**
     * The tensors of the transformer itself, without pooler and language-model head, in the order of the forward pass. Values
     * are read when asked for.
     *
     * @param dtype in which they are stored
     */
    public static Map<String, TensorSource> of(BaseModelDirectory model, Dtype dtype, Change change) {
        return new CheckpointTensors(model, change).sources(dtype);
    }

    /** The output matrix of a causal language model; empty where it is the word embeddings. */
    public static Map<String, TensorSource> languageModelHead(BaseModelDirectory model, Dtype dtype, Change change) {
        Map<String, TensorSource> sources = new LinkedHashMap<>();
        ModelTensors.languageModelHead(model.architecture())
                .forEach((name, shape) -> sources.put(
                        name,
                        new TensorSource(
                                dtype,
                                shape,
                                () -> change.of(name, model.tensors().floats(name)))));
        return sources;
    }

    private Map<String, TensorSource> sources(Dtype dtype) {
        Architecture architecture = model.architecture();
        Family family = model.family();
        Map<String, TensorSource> sources = new LinkedHashMap<>();
        ModelTensors.required(architecture).forEach((name, shape) -> {
            FusedTensor whole = fused.get(name);
            String stored = family.prefixInModelWithHead() + (whole == null ? name : whole.name());
            if (whole == null) {
                sources.put(stored, new TensorSource(dtype, shape, () -> change.of(stored, values(name))));
            } else {
                sources.putIfAbsent(
                        stored, new TensorSource(dtype, whole.shape(), () -> whole.stored(joined(stored, whole))));
            }
        });
        return sources;
    }

    private FloatBuffer values(String name) {
        return model.tensors().floats(name);
    }

    /** The values of all projections that a tensor of the checkpoint holds, by outputs. */
    private FloatBuffer joined(String stored, FusedTensor whole) {
        FloatBuffer all = FloatBuffer.allocate(whole.elements());
        fused.forEach((name, part) -> {
            if (part.name().equals(whole.name())) {
                part.put(values(name), all);
            }
        });
        return change.of(stored, all);
    }
}
