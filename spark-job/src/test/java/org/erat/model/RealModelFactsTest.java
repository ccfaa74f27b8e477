package org.erat.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.erat.compute.Activation;
import org.erat.compute.Backend;
import org.erat.compute.Backends;
import org.erat.compute.FrozenLinear;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.basemodel.TensorNames;
import org.erat.data.safetensors.SafetensorsFile;
import org.erat.data.tokenized.PaddedBatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What is publicly known of real models comes out of the encoder: weights, tokenizer and arithmetic fit together. */
class RealModelFactsTest {

    /**
     * Mean-pooled cosines of the sentences of the sentence-transformers semantic search example: .755, −.105 and .142 by
     * the reference implementation. Tolerance: half a unit of the last digit given.
     */
    @ParameterizedTest
    @ValueSource(strings = {"nd4j", "cpu"})
    void miniLmKnowsWhichSentenceIsNear(String backend) {
        Path directory = MiniLm.directory();
        PaddedBatch batch = MiniLm.encode(
                directory,
                "A man is eating food.",
                "A man is eating a piece of bread.",
                "The girl is carrying a baby.",
                "A cheetah is running behind its prey.");
        INDArray vectors;
        try (BaseModelDirectory model = BaseModelDirectory.open(directory);
                Kernels kernels = Backends.choose(backend, "f32").open(1)) {
            Encoder encoder = encoder(model, Backends.choose(backend, "f32"), kernels);
            try (Encoder.Pass pass = forward(encoder, batch);
                    Tensor pooled = kernels.meanPool(pass.hidden(), pass.shape())) {
                vectors = download(kernels, pooled);
            }
            assertThat(kernels.outstanding()).isZero();
        }
        assertThat(cosine(vectors, 0, 1)).isCloseTo(0.755, within(0.0006));
        assertThat(cosine(vectors, 0, 2)).isCloseTo(-0.105, within(0.0006));
        assertThat(cosine(vectors, 0, 3)).isCloseTo(0.142, within(0.0006));
    }

    private static double cosine(INDArray vectors, int a, int b) {
        INDArray x = vectors.getRow(a);
        INDArray y = vectors.getRow(b);
        return x.mul(y).sumNumber().doubleValue()
                / (x.norm2Number().doubleValue() * y.norm2Number().doubleValue());
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
        PaddedBatch batch = MiniLm.encode(directory, "the capital of france is [MASK] .");
        List<Map.Entry<String, Double>> best;
        try (BaseModelDirectory model = BaseModelDirectory.open(directory);
                Kernels kernels = Backends.choose("cpu", "f32").open(2)) {
            Backend backend = Backends.choose("cpu", "f32");
            Encoder encoder = encoder(model, backend, kernels);
            try (Encoder.Pass pass = forward(encoder, batch)) {
                int mask = IntStream.range(0, batch.length())
                        .filter(t -> batch.tokenIds()[t] == 103)
                        .findFirst()
                        .orElseThrow();
                best = predictions(model, backend, kernels, pass.hidden().rows(mask, mask + 1));
            }
        }
        System.out.println("[MASK]: " + best.subList(0, 5));
        assertThat(best.get(0).getKey()).isEqualTo("paris");
        assertThat(best.get(0).getValue()).isCloseTo(0.417, within(0.001));
        assertThat(best.get(1).getKey()).isEqualTo("lille");
        assertThat(best.get(1).getValue()).isCloseTo(0.071, within(0.001));
        assertThat(best.get(2).getKey()).isEqualTo("lyon");
        assertThat(best.get(2).getValue()).isCloseTo(0.063, within(0.001));
    }

    /** Dense, GELU, norm, then the word embeddings as output weights: words by falling probability. */
    private static List<Map.Entry<String, Double>> predictions(
            BaseModelDirectory model, Backend backend, Kernels kernels, Tensor hidden) {
        SafetensorsFile file = model.tensors();
        int width = model.config().hiddenSize();
        int words = model.config().vocabSize();
        Tensor dense = kernels.linear(hidden, linear(file, backend, TensorNames.MLM_DENSE, width));
        Tensor activated = kernels.activation(Activation.GELU, dense);
        Tensor normal = kernels.layerNorm(
                activated,
                backend.frozen(file.floats(TensorNames.weight(TensorNames.MLM_NORM)), width),
                backend.frozen(file.floats(TensorNames.bias(TensorNames.MLM_NORM)), width),
                model.config().layerNormEps(),
                kernels.allocate(1),
                kernels.allocate(1));
        FrozenLinear output = backend.frozenLinear(
                new FloatBuffer[] {file.floats(TensorNames.WORD_EMBEDDINGS)},
                new FloatBuffer[] {file.floats(TensorNames.MLM_BIAS)},
                width);
        double[] logits =
                download(kernels, kernels.linear(normal, output)).data().asDouble();
        double largest = Arrays.stream(logits).max().orElseThrow();
        double sum =
                Arrays.stream(logits).map(logit -> Math.exp(logit - largest)).sum();
        List<String> vocabulary = vocabulary(model);
        return IntStream.range(0, words)
                .boxed()
                .sorted(Comparator.comparingDouble(word -> -logits[word]))
                .limit(10)
                .map(word -> Map.entry(vocabulary.get(word), Math.exp(logits[word] - largest) / sum))
                .toList();
    }

    private static FrozenLinear linear(SafetensorsFile file, Backend backend, String name, int in) {
        return backend.frozenLinear(
                new FloatBuffer[] {file.floats(TensorNames.weight(name))},
                new FloatBuffer[] {file.floats(TensorNames.bias(name))},
                in);
    }

    private static List<String> vocabulary(BaseModelDirectory model) {
        try {
            Map<String, Integer> ids = new HashMap<>();
            new ObjectMapper()
                    .readTree(model.tokenizerFile().toFile())
                    .path("model")
                    .path("vocab")
                    .fields()
                    .forEachRemaining(e -> ids.put(e.getKey(), e.getValue().asInt()));
            String[] words = new String[model.config().vocabSize()];
            ids.forEach((word, id) -> words[id] = word);
            return List.of(words);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Encoder encoder(BaseModelDirectory model, Backend backend, Kernels kernels) {
        return new Encoder(kernels, EncoderWeights.of(model.config(), model.tensors(), backend));
    }

    private static Encoder.Pass forward(Encoder encoder, PaddedBatch batch) {
        TokenBatch tokens = new TokenBatch(batch.tokenIds(), batch.typeIds(), batch.lengths(), batch.length());
        return encoder.forward(tokens, block -> new BlockAdapters(Map.of()));
    }

    private static INDArray download(Kernels kernels, Tensor tensor) {
        INDArray values = Nd4j.create(DataType.FLOAT, tensor.shape());
        kernels.download(tensor, values);
        return values;
    }
}
