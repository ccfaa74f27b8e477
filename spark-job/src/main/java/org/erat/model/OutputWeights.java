package org.erat.model;

import java.nio.FloatBuffer;
import java.util.Set;
import javax.annotation.Nullable;
import org.erat.compute.Backend;
import org.erat.compute.FrozenLinear;
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
 * @param matrix [V,H] with its bias [V], a map over the table of the word embeddings where both are tied
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
        FloatBuffer noBias = FloatBuffer.allocate(architecture.vocabulary());
        if (family.languageModelHead().isPresent()) {
            return new OutputWeights(
                    architecture.tied()
                            ? backend.frozenLinear(model.words(), noBias)
                            : untied(architecture, file, noBias, backend),
                    null);
        }
        MaskedLanguageModelHead masked = family.maskedLanguageModelHead()
                .orElseThrow(() -> new BadInputException(file.path() + ": models of the family " + family.name()
                        + " predict no tokens. Use a base model that is a language model."));
        requireTensors(ModelTensors.maskedLanguageModelHead(architecture).keySet(), file);
        return new OutputWeights(
                backend.frozenLinear(model.words(), values(file, masked.bias(), architecture.vocabulary())),
                transform(masked, architecture, file, backend));
    }

    private static void requireTensors(Set<String> tensors, SafetensorsFile file) {
        for (String tensor : tensors) {
            if (!file.names().contains(tensor)) {
                throw new BadInputException(file.path() + ": has no tensor " + tensor
                        + ", which predicts tokens. Prepare the base model from a checkpoint with its language-model"
                        + " head.");
            }
        }
    }

    /** The output matrix of a model whose word embeddings are another one. */
    private static FrozenLinear untied(
            Architecture architecture, SafetensorsFile file, FloatBuffer noBias, Backend backend) {
        requireTensors(ModelTensors.languageModelHead(architecture).keySet(), file);
        FloatBuffer matrix =
                values(file, ModelTensors.outputMatrix(architecture), architecture.vocabulary(), architecture.width());
        return backend.frozenLinear(new FloatBuffer[] {matrix}, new FloatBuffer[] {noBias}, architecture.width());
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
