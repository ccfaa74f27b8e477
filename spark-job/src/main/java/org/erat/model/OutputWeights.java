package org.erat.model;

import java.nio.FloatBuffer;
import java.util.Optional;
import javax.annotation.Nullable;
import org.erat.compute.Backend;
import org.erat.compute.FrozenLinear;
import org.erat.compute.Tensor;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Family;
import org.erat.data.architecture.Family.MaskedLanguageModelHead;
import org.erat.data.architecture.ModelTensors;
import org.erat.data.safetensors.SafetensorsFile;
import org.erat.model.TransformerWeights.NormWeights;

/**
 * The frozen output layer of a language model. Shared by all tasks of a JVM, as the transformer's weights are.
 *
 * @param matrix [V,H] with its bias [V], a map over the table of the word embeddings or over one of its own
 * @param untied that table of its own, or null where both are tied
 * @param transform of a masked language model, or null
 */
record OutputWeights(FrozenLinear matrix, @Nullable Tensor untied, @Nullable Transform transform)
        implements AutoCloseable {
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
     * @throws org.erat.data.BadInputException if the checkpoint lacks it
     */
    static OutputWeights of(TransformerWeights model, Family family, SafetensorsFile file, Backend backend) {
        Architecture architecture = model.architecture();
        Optional<MaskedLanguageModelHead> masked = family.maskedLanguageModelHead();
        FloatBuffer bias = masked.isPresent()
                ? values(file, masked.get().bias(), architecture.vocabulary())
                : FloatBuffer.allocate(architecture.vocabulary());
        Tensor untied = untied(architecture, family, file, backend);
        return new OutputWeights(
                backend.frozenLinear(untied == null ? model.words() : untied, bias),
                untied,
                masked.map(head -> transform(head, architecture, file, backend)).orElse(null));
    }

    /** The output matrix where it is not that of the word embeddings; masked language models are tied. */
    @Nullable
    private static Tensor untied(Architecture architecture, Family family, SafetensorsFile file, Backend backend) {
        if (architecture.tied() || family.languageModelHead().isEmpty()) {
            return null;
        }
        long[] shape = {architecture.vocabulary(), architecture.width()};
        return backend.frozen(values(file, ModelTensors.outputMatrix(architecture), shape), shape);
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

    /** Frees the memory that the backend holds for them; a tied table stays the model's. */
    @Override
    public void close() {
        matrix.close();
        if (untied != null) {
            untied.close();
        }
        if (transform != null) {
            transform.close();
        }
    }
}
