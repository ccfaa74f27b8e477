package org.erat.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.RowSelection;
import org.erat.adapter.Window;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.erat.data.architecture.ModelTensors;
import org.erat.data.architecture.Projection;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.basemodel.BaseModelImporter;
import org.erat.data.safetensors.Dtype;
import org.erat.data.safetensors.SafetensorsFile;
import org.erat.data.safetensors.TensorInfo;
import org.erat.data.tokenized.TaskType;
import org.erat.dl4j.TinyLearners;
import org.erat.model.ReferenceDecoders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Models with an adapter in their weights, read back by the importer. */
class MergedModelTest {
    private static final int RANK = 3;

    /** Rounding of a weight to single precision, 6e-8, through two blocks. */
    private static final double SINGLE = 1e-5;

    /** Rounding to bf16, 4e-3 of a weight of 1, through two blocks with logits up to 10. */
    private static final double BF16 = 0.1;

    private static final long ONE_FILE = 1 << 20;

    private final Configuration hadoop = new Configuration();

    @TempDir
    private Path folder;

    static Stream<String> names() {
        return ReferenceDecoders.names();
    }

    private TrainedAdapter adapter(String name, Dtype dtype) throws IOException {
        ReferenceDecoders.write(folder.resolve("source"), ReferenceDecoders.named(name), dtype);
        Files.writeString(folder.resolve("source/generation_config.json"), "{\"eos_token_id\": 2}");
        TinyLearners tiny = TinyLearners.over(prepare("source"));
        tiny.task = TaskType.LANGUAGE_MODELING;
        tiny.projections = EnumSet.of(Projection.QUERY, Projection.VALUE, Projection.INTERMEDIATE, Projection.OUTPUT);
        tiny.alpha = 0.5;
        return TinyAdapters.random(tiny);
    }

    private Path prepare(String source) {
        Path prepared = folder.resolve(source + ".prepared");
        BaseModelImporter.importModel(folder.resolve(source).toString(), prepared, line -> {});
        return prepared;
    }

    private void merge(TrainedAdapter adapter, String out, long bytesOfAFile) {
        org.apache.hadoop.fs.Path prepared =
                new org.apache.hadoop.fs.Path(folder.resolve("source.prepared").toUri());
        try (BaseModelDirectory model = BaseModelDirectory.open(folder.resolve("source.prepared"))) {
            MergedModel.write(
                    adapter,
                    Export.uniform(adapter, RANK, false),
                    model,
                    TokenizerFiles.in(prepared, hadoop),
                    new org.apache.hadoop.fs.Path(folder.resolve(out).toUri()),
                    hadoop,
                    bytesOfAFile);
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void logitsOfAMergedModelAreThoseOfTheAdapter(String name) throws IOException {
        TrainedAdapter adapter = adapter(name, Dtype.F32);
        merge(adapter, "merged", ONE_FILE);
        requireLogits(adapter, SINGLE);
    }

    @ParameterizedTest
    @CsvSource({"gpt2", "mistral", "qwen3"})
    void logitsOfAMergedModelInBf16AreThoseOfTheAdapterToItsPrecision(String name) throws IOException {
        TrainedAdapter adapter = adapter(name, Dtype.BF16);
        merge(adapter, "merged", ONE_FILE);
        requireLogits(adapter, BF16);
    }

    private void requireLogits(TrainedAdapter adapter, double tolerance) throws IOException {
        AdapterLayout layout = adapter.layout();
        RowSelection rows =
                RowSelection.of(new Window(0, RANK), adapter.adapter().scale().of(RANK));
        double[] adapters = IntStream.range(0, (int) layout.length())
                .mapToDouble(i -> adapter.parameters()[i])
                .toArray();
        Path merged = prepare("merged");
        for (int[] ids : ReferenceDecoders.examples()) {
            Path base = folder.resolve("source.prepared");
            double[] expected = ReferenceDecoders.logits(base, layout, adapters, rows, ids);
            double[] without = ReferenceDecoders.logits(base, layout, new double[adapters.length], rows, ids);
            double[] actual = ReferenceDecoders.logits(merged, layout, new double[adapters.length], rows, ids);
            assertThat(actual).containsExactly(expected, within(tolerance));
            assertThat(IntStream.range(0, expected.length).mapToDouble(i -> Math.abs(expected[i] - without[i])))
                    .anyMatch(difference -> difference > 2 * tolerance);
        }
    }

    /** In the checkpoint's precision: W + ΔW by plain loops, to half a unit of the last place. */
    @ParameterizedTest
    @CsvSource({"gpt2, F32, 6e-8", "gpt2, F16, 4.9e-4", "qwen2, BF16, 3.91e-3", "mistral, F32, 6e-8"})
    void weightsAreThoseOfTheCheckpointWithTheAdaptersProductAdded(String name, Dtype dtype, double halfUnit)
            throws IOException {
        TrainedAdapter adapter = adapter(name, dtype);
        merge(adapter, "merged", ONE_FILE);
        Map<String, double[][]> deltas = new HashMap<>();
        for (AdapterLayout.Slot slot : adapter.layout().slots()) {
            deltas.put(
                    ModelTensors.weight(adapter.family().projection(slot.block(), slot.projection())),
                    LanguageModelExportTest.delta(adapter, slot, RANK));
        }
        try (BaseModelDirectory base = BaseModelDirectory.open(folder.resolve("source.prepared"));
                BaseModelDirectory merged = BaseModelDirectory.open(prepare("merged"))) {
            assertThat(base.dtype()).isEqualTo(dtype);
            assertThat(merged.dtype()).isEqualTo(dtype);
            assertThat(merged.architecture()).isEqualTo(base.architecture());
            assertThat(merged.tensors().names()).isEqualTo(base.tensors().names());
            for (String tensor : base.tensors().names()) {
                FloatBuffer before = base.tensors().floats(tensor);
                FloatBuffer after = merged.tensors().floats(tensor);
                double[][] delta = deltas.remove(tensor);
                if (delta == null) {
                    assertThat(after).as(tensor).isEqualTo(before);
                    continue;
                }
                int in = delta[0].length;
                for (int i = 0; i < before.remaining(); i++) {
                    double expected = before.get(i) + delta[i / in][i % in];
                    assertThat((double) after.get(i))
                            .as(tensor)
                            .isCloseTo(expected, within(halfUnit * Math.max(0.1, Math.abs(expected))));
                }
            }
        }
        assertThat(deltas).isEmpty();
    }

    /** Those that the library saved, but for one that is stored twice or under the other of two names. */
    @ParameterizedTest
    @MethodSource("names")
    void namesAndShapesAreTheCheckpoints(String name) throws IOException {
        merge(adapter(name, Dtype.F16), "merged", 2000);
        JsonNode source = ReferenceDecoders.named(name).path("tensors");
        Map<String, String> expected = new HashMap<>();
        source.fields()
                .forEachRemaining(tensor -> expected.put(
                        tensor.getKey(),
                        List.of(Dtype.F16, boxed(ReferenceDecoders.shape(tensor.getValue())))
                                .toString()));
        if (!expected.containsKey("model.embed_tokens.weight") && !expected.containsKey("transformer.wte.weight")) {
            expected.put("model.embed_tokens.weight", expected.remove("lm_head.weight"));
        }

        Map<String, String> found = new HashMap<>();
        try (Stream<Path> files = Files.list(folder.resolve("merged"))) {
            List<Path> weights = files.filter(file -> file.toString().endsWith(".safetensors"))
                    .toList();
            assertThat(weights.size()).isGreaterThan(2);
            for (Path file : weights) {
                assertThat(file.getFileName().toString())
                        .matches("model-0000\\d-of-0000" + weights.size() % 10 + "\\.safetensors|model-000\\d\\d-of-000"
                                + weights.size() + "\\.safetensors");
                try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
                    for (String tensor : tensors.names()) {
                        TensorInfo info = tensors.info(tensor);
                        found.put(
                                tensor,
                                List.of(info.dtype(), boxed(info.shape())).toString());
                    }
                }
            }
        }
        assertThat(found).isEqualTo(expected);
        assertThat(folder.resolve("merged/config.json")).hasSameBinaryContentAs(folder.resolve("source/config.json"));
        assertThat(folder.resolve("merged/generation_config.json"))
                .hasSameBinaryContentAs(folder.resolve("source/generation_config.json"));
        assertThat(folder.resolve("merged")).isDirectoryContaining("glob:**model.safetensors.index.json");
        assertThat(folder.resolve("merged")).isDirectoryContaining("glob:**tokenizer.json");
        // Of several files the importer reads what the index says.
        BaseModelDirectory.open(prepare("merged")).close();
    }

    private static List<Long> boxed(long... shape) {
        return LongStream.of(shape).boxed().toList();
    }

    @Test
    void onlyAMergedModelIsReplaced() throws IOException {
        TrainedAdapter adapter = adapter("gpt2", Dtype.F32);
        merge(adapter, "merged", ONE_FILE);
        merge(adapter, "merged", ONE_FILE);
        assertThatThrownBy(() -> merge(adapter, "source", ONE_FILE))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("is there already and is something else");
    }

    @Test
    void aValueThatThePrecisionCannotHoldIsRefused() throws IOException {
        TrainedAdapter adapter = adapter("gpt2", Dtype.F16);
        adapter.parameters()[0] = 3e6f;
        assertThatThrownBy(() -> merge(adapter, "merged", ONE_FILE))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("with the adapter, tensor 'transformer.h.0.attn.c_attn.weight' has the value ")
                .hasMessageContaining("which F16 cannot hold. Export the adapter without --merged.");
        assertThat(folder.resolve("merged")).doesNotExist();
    }

    @Test
    void aHeadThatNoClassHasIsRefused() throws IOException {
        TinyLearners tiny = TinyLearners.over(adapterless());
        TrainedAdapter classifier = TinyAdapters.random(tiny);
        assertThatThrownBy(() -> MergedModel.requireClass(classifier))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("none has one that reads the mean of all tokens")
                .hasMessageContaining("train with head.pooling = family");
    }

    private Path adapterless() throws IOException {
        ReferenceDecoders.write(folder.resolve("source"), ReferenceDecoders.named("gpt2"), Dtype.F32);
        return prepare("source");
    }
}
