package org.erat.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.Adapters;
import org.erat.adapter.RowSelection;
import org.erat.adapter.RowsBySlot;
import org.erat.adapter.Window;
import org.erat.compute.Backend;
import org.erat.compute.Backends;
import org.erat.compute.FrozenLinear;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.compute.TestTensors;
import org.erat.config.Activations;
import org.erat.config.ComputeSettings;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.ComputeSettings.Weights;
import org.erat.config.Precision;
import org.erat.data.architecture.Family.MaskedLanguageModelHead;
import org.erat.data.architecture.ModelTensors;
import org.erat.data.architecture.Projection;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.safetensors.SafetensorsFile;
import org.erat.data.tokenized.Batch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is publicly known of real models comes out of the transformer: weights, tokenizer and arithmetic fit together. */
class RealModelFactsTest {
    private static ComputeSettings compute(DeviceChoice device) {
        return new ComputeSettings(device, 2, Precision.F32, Weights.PACKED, Activations.KEPT);
    }

    /** Runs a model whose adapters are zero, and takes its last hidden states. */
    private static void run(
            BaseModelDirectory model, DeviceChoice device, Batch batch, BiConsumer<Kernels, Tensor> hidden) {
        AdapterLayout layout = new AdapterLayout(model.architecture(), 1, List.of(Projection.QUERY));
        RowsBySlot rows = RowsBySlot.everywhere(RowSelection.of(new Window(0, 1), 1));
        Backend backend = Backends.choose(compute(device));
        try (Kernels kernels = backend.open(2);
                TransformerWeights weights =
                        TransformerWeights.of(model.architecture(), model.family(), model.tensors(), backend)) {
            DoubleBuffer zeros = DoubleBuffer.allocate((int) layout.length());
            try (Tensor values = kernels.memory().upload(zeros, 1, layout.length())) {
                new Transformer(kernels, weights, Activations.KEPT)
                        .infer(
                                batch,
                                List.of(Adapters.of(layout, values, rows)),
                                (selection, states) -> hidden.accept(kernels, states));
            }
            assertThat(kernels.memory().outstanding()).isZero();
        }
    }

    /**
     * Mean-pooled cosines of the sentences of the sentence-transformers semantic search example: .755, −.105 and .142 by
     * the reference implementation. Tolerance: half a unit of the last digit given.
     */
    @ParameterizedTest
    @EnumSource(
            value = DeviceChoice.class,
            names = {"ND4J", "CPU"})
    void miniLmKnowsWhichSentenceIsNear(DeviceChoice device) {
        Path directory = MiniLm.directory();
        Batch batch = MiniLm.encode(
                directory,
                "A man is eating food.",
                "A man is eating a piece of bread.",
                "The girl is carrying a baby.",
                "A cheetah is running behind its prey.");
        double[][] vectors = new double[batch.size()][];
        try (BaseModelDirectory model = BaseModelDirectory.open(directory)) {
            int width = model.architecture().width();
            run(model, device, batch, (kernels, hidden) -> {
                try (Tensor pooled = kernels.tokens().meanPool(hidden, batch.lengths())) {
                    double[] all = TestTensors.doubles(kernels, pooled);
                    for (int b = 0; b < vectors.length; b++) {
                        vectors[b] = Arrays.copyOfRange(all, b * width, (b + 1) * width);
                    }
                }
            });
        }
        assertThat(cosine(vectors[0], vectors[1])).isCloseTo(0.755, within(0.0006));
        assertThat(cosine(vectors[0], vectors[2])).isCloseTo(-0.105, within(0.0006));
        assertThat(cosine(vectors[0], vectors[3])).isCloseTo(0.142, within(0.0006));
    }

    private static double cosine(double[] x, double[] y) {
        return product(x, y) / Math.sqrt(product(x, x) * product(y, y));
    }

    private static double product(double[] x, double[] y) {
        return IntStream.range(0, x.length).mapToDouble(i -> x[i] * y[i]).sum();
    }

    /**
     * The masked language model of BERT-base uncased, whose answers are known: paris .417, lille .071, lyon .063. Its
     * weights are too large for every build: runs where {@code -Derat.bert-base=DIR} names a prepared directory.
     */
    @Test
    void bertFillsTheMask() {
        String prepared = System.getProperty("erat.bert-base");
        assumeTrue(prepared != null, "no -Derat.bert-base=DIR");
        Path directory = Path.of(prepared);
        Batch batch = MiniLm.encode(directory, "the capital of france is [MASK] .");
        int mask = IntStream.range(0, batch.tokens())
                .filter(t -> batch.tokenIds()[t] == 103)
                .findFirst()
                .orElseThrow();
        Map<String, Double> chances = new HashMap<>();
        try (BaseModelDirectory model = BaseModelDirectory.open(directory)) {
            run(
                    model,
                    DeviceChoice.CPU,
                    batch,
                    (kernels, hidden) -> chances.putAll(predictions(model, kernels, hidden.rows(mask, mask + 1))));
        }
        List<String> best = chances.keySet().stream()
                .sorted(Comparator.comparingDouble(word -> -chances.get(word)))
                .toList();
        assertThat(best).startsWith("paris", "lille", "lyon");
        assertThat(chances.get("paris")).isCloseTo(0.417, within(0.001));
        assertThat(chances.get("lille")).isCloseTo(0.071, within(0.001));
        assertThat(chances.get("lyon")).isCloseTo(0.063, within(0.001));
    }

    /** Dense, activation, norm, then the word embeddings as output weights: probabilities of the words. */
    private static Map<String, Double> predictions(BaseModelDirectory model, Kernels kernels, Tensor hidden) {
        Backend backend = Backends.choose(compute(DeviceChoice.CPU));
        SafetensorsFile file = model.tensors();
        MaskedLanguageModelHead head = model.family().maskedLanguageModelHead().orElseThrow();
        int width = model.architecture().width();
        try (FrozenLinear dense = linear(
                        file, backend, ModelTensors.weight(head.dense()), ModelTensors.bias(head.dense()), width);
                FrozenLinear words = linear(file, backend, model.family().wordEmbeddings(), head.bias(), width);
                Tensor weight = backend.frozen(file.floats(ModelTensors.weight(head.norm())), width);
                Tensor bias = backend.frozen(file.floats(ModelTensors.bias(head.norm())), width);
                Tensor mean = kernels.memory().allocateSingle(1);
                Tensor rstd = kernels.memory().allocateSingle(1);
                Tensor inner = kernels.matrices().linear(hidden, dense);
                Tensor activated = kernels.pointwise()
                        .activation(model.architecture().feedForward().activation(), inner);
                Tensor normal = kernels.norms()
                        .layerNorm(
                                activated,
                                weight,
                                bias,
                                model.architecture().norm().epsilon(),
                                mean,
                                rstd);
                Tensor outputs = kernels.matrices().linear(normal, words)) {
            double[] logits = TestTensors.doubles(kernels, outputs);
            double largest = Arrays.stream(logits).max().orElseThrow();
            double sum = Arrays.stream(logits)
                    .map(logit -> Math.exp(logit - largest))
                    .sum();
            Map<String, Double> chances = new HashMap<>();
            vocabulary(model).forEach((word, id) -> chances.put(word, Math.exp(logits[id] - largest) / sum));
            return chances;
        }
    }

    private static FrozenLinear linear(SafetensorsFile file, Backend backend, String weight, String bias, int in) {
        return backend.frozenLinear(new FloatBuffer[] {file.floats(weight)}, new FloatBuffer[] {file.floats(bias)}, in);
    }

    private static Map<String, Integer> vocabulary(BaseModelDirectory model) {
        try {
            Map<String, Integer> ids = new HashMap<>();
            new ObjectMapper()
                    .readTree(model.tokenizerFile().toFile())
                    .path("model")
                    .path("vocab")
                    .fields()
                    .forEachRemaining(
                            entry -> ids.put(entry.getKey(), entry.getValue().asInt()));
            return ids;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
