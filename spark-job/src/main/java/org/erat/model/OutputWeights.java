package org.erat.model;

import java.nio.FloatBuffer;
import java.util.Optional;
import javax.annotation.Nullable;
import org.erat.compute.Backend;
import org.erat.compute.FrozenLinear;
import org.erat.compute.Tensor;
import org.erat.data.BadInputException;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Family;
import org.erat.data.architecture.Family.MaskedLanguageModelHead;
import org.erat.data.architecture.ModelTensors;
import org.erat.data.safetensors.SafetensorsFile;
import org.erat.model.TransformerWeights.NormWeights;

/**
 * The frozen output layer of a language model. Shared by all tasks of a JVM, as the transformer's weights are.
 *
 * @param matrix [V,H] with its bias [V], a map over the table of the word embeddings
 * @param transform of a masked language model, or null
 */
record OutputWeights(FrozenLinear matrix, @Nullable Transform transform) implements AutoCloseable {
    /**
     * What a masked language model puts before its output matrix: norm(f(dense(x))).
     *
     * @param dense [H,H]
     */
    record Transform(FrozenLinear dense, NormWeights norm) implements AutoCloseable {
        @Override
        public void close() {
            dense.close();
            norm.close();
        }
    }

    /**
     * Lays out the output layer of a model.
     *
     * @param model the model's other weights, which must stay open as long as these are in use; likewise {@code file}
     * @throws BadInputException if the checkpoint lacks it
     */
    static OutputWeights of(TransformerWeights model, Family family, SafetensorsFile file, Backend backend) {
        Architecture architecture = model.architecture();
        Optional<MaskedLanguageModelHead> masked = family.maskedLanguageModelHead();
        if (masked.isEmpty()) {
            return new OutputWeights(
                    map(model.words(), FloatBuffer.allocate(architecture.vocabulary()), backend), null);
        }
        for (String tensor : ModelTensors.maskedLanguageModelHead(architecture).keySet()) {
            if (!file.names().contains(tensor)) {
                throw new BadInputException(file.path() + ": has no tensor " + tensor
                        + ", which predicts tokens. Prepare the base model from a checkpoint with its masked-language-model"
                        + " head.");
            }
        }
        return new OutputWeights(
                map(model.words(), values(file, masked.get().bias(), architecture.vocabulary()), backend),
                transform(masked.get(), architecture, file, backend));
    }

    private static FrozenLinear map(Tensor table, FloatBuffer bias, Backend backend) {
        return backend.frozenLinear(table, bias);
    }

    private static Transform transform(
            MaskedLanguageModelHead head, Architecture architecture, SafetensorsFile file, Backend backend) {
        int width = architecture.width();
        FloatBuffer weight = values(file, ModelTensors.weight(head.dense()), width, width);
        FloatBuffer bias = values(file, ModelTensors.bias(head.dense()), width);
        return new Transform(
                backend.frozenLinear(new FloatBuffer[] {weight}, new FloatBuffer[] {bias}, width),
                new NormWeights(
                        backend.frozen(values(file, ModelTensors.weight(head.norm()), width), width),
                        backend.frozen(values(file, ModelTensors.bias(head.norm()), width), width)));
    }

    private static FloatBuffer values(SafetensorsFile file, String name, long... shape) {
        file.require(name, shape);
        return file.floats(name);
    }

    /** Frees the memory that the backend holds for them; the table stays the model's. */
    @Override
    public void close() {
        matrix.close();
        if (transform != null) {
            transform.close();
        }
    }
}
