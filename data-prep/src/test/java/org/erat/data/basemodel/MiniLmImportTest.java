package org.erat.data.basemodel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.file.Path;
import org.erat.data.architecture.Activation;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Positions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real all-MiniLM-L6-v2, from the jar that the build fetches. */
class MiniLmImportTest {
    @TempDir
    private static Path directory;

    private static Path out;

    @BeforeAll
    static void importOnce() throws IOException {
        URL model = MiniLmImportTest.class.getResource("/all-minilm-l6-v2.onnx");
        String jar = ((JarURLConnection) model.openConnection()).getJarFile().getName();
        out = directory.resolve("minilm");
        BaseModelImporter.importModel(jar, out, line -> {});
    }

    @Test
    void theArchitectureIsTheOneOfTheModelCard() {
        try (BaseModelDirectory model = BaseModelDirectory.open(out)) {
            assertThat(model.architecture())
                    .isEqualTo(Architecture.encoder(
                            "bert", 30522, 2, Positions.ofAllTokens(512), 6, 384, 12, 1536, Activation.GELU, 1e-12, 0));
            assertThat(model.hasPooler()).isTrue();
            assertThat(model.hasMaskedLanguageModelHead()).isFalse();
            assertThat(model.tensors()
                            .info("encoder.layer.5.intermediate.dense.weight")
                            .shape())
                    .containsExactly(1536, 384);
            assertThat(model.tensors()
                            .info("encoder.layer.5.output.dense.weight")
                            .shape())
                    .containsExactly(384, 1536);
        }
    }

    // Ids of the published vocabulary of bert-base-uncased.
    @Test
    void textsGetTheIdsOfBertAndNoPadding() throws IOException {
        try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.newInstance(out.resolve("tokenizer.json"))) {
            assertThat(tokenizer.encode("A man is eating food.").getIds())
                    .containsExactly(101, 1037, 2158, 2003, 5983, 2833, 1012, 102);
            Encoding pair = tokenizer.encode("a man", "food");
            assertThat(pair.getIds()).containsExactly(101, 1037, 2158, 102, 2833, 102);
            assertThat(pair.getTypeIds()).containsExactly(0, 0, 0, 0, 1, 1);
        }
    }

    // Similarities of the published model, to three digits. A square weight that is not turned, or two that are
    // exchanged, give other numbers.
    @Test
    void similaritiesAreThoseOfThePublishedModel() throws IOException {
        try (BaseModelDirectory model = BaseModelDirectory.open(out);
                HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.newInstance(out.resolve("tokenizer.json"))) {
            PlainEncoder encoder = new PlainEncoder(model);
            double[] food =
                    encoder.embedding(tokenizer.encode("A man is eating food.").getIds());
            assertThat(similarity(encoder, tokenizer, food, "A man is eating a piece of bread."))
                    .isCloseTo(0.755, within(1e-3));
            assertThat(similarity(encoder, tokenizer, food, "The girl is carrying a baby."))
                    .isCloseTo(-0.105, within(1e-3));
            assertThat(similarity(encoder, tokenizer, food, "A cheetah is running behind its prey."))
                    .isCloseTo(0.142, within(1e-3));
        }
    }

    private static double similarity(
            PlainEncoder encoder, HuggingFaceTokenizer tokenizer, double[] other, String text) {
        double[] embedding = encoder.embedding(tokenizer.encode(text).getIds());
        double product = 0;
        for (int h = 0; h < other.length; h++) {
            product += embedding[h] * other[h];
        }
        return product;
    }
}
