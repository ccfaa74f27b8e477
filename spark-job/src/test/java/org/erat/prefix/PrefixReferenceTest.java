package org.erat.prefix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import java.util.zip.CRC32;
import org.erat.adapter.AdapterLayout;
import org.erat.config.Method;
import org.erat.data.SplitMix64;
import org.erat.data.basemodel.BaseModelImporter;
import org.erat.data.safetensors.FloatTensor;
import org.erat.data.safetensors.SafetensorsWriter;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;
import org.erat.data.tokenized.TaskType;
import org.erat.dl4j.TinyLearners;
import org.erat.learner.LearnerProbe;
import org.erat.learner.LearnerSpec;
import org.erat.model.ModelRuntime;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Losses and gradients of adapters of a BERT as a prefix language model, against those of the transformers library and
 * autograd: {@code src/test/python/reference_prefix.py} makes them. It arranges tokens in its own way.
 *
 * <p>Both sides compute in double precision, and ten digits are stored: 1e-8, relative where a value is above 1.
 */
class PrefixReferenceTest {
    private static final double TOLERANCE = 1e-8;
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final JsonNode REFERENCE = read();

    @TempDir
    private Path directory;

    private static JsonNode read() {
        try (InputStream file = PrefixReferenceTest.class.getResourceAsStream("reference-prefix.json")) {
            return JSON.readTree(file);
        } catch (IOException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    static Stream<String> cases() {
        return StreamSupport.stream(REFERENCE.path("cases").spliterator(), false)
                .map(each -> each.path("name").asText());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void lossesAndGradientsAreThoseOfTheTransformersLibrary(String name) throws IOException {
        JsonNode expected = StreamSupport.stream(REFERENCE.path("cases").spliterator(), false)
                .filter(each -> each.path("name").asText().equals(name))
                .findFirst()
                .orElseThrow();
        TinyLearners tiny = TinyLearners.over(prepare(expected.path("tensors")));
        tiny.projections = TinyBaseModel.PROJECTIONS;
        tiny.task = TaskType.LANGUAGE_MODELING;
        tiny.pseudoMask = name.equals("pseudo-mask");
        tiny.method = Method.LORA;
        tiny.rank = 1;
        tiny.alpha = 1;
        LearnerSpec spec = tiny.spec();
        AdapterLayout layout = spec.adapterLayout();
        Batch formed = formed(spec);
        int vocabulary = spec.architecture().vocabulary();
        try (LearnerProbe probe = new LearnerProbe(spec, adapters(layout), formed, 0)) {
            LearnerProbe.Loss loss = probe.loss();
            int[] classes = ((Targets.TokenClasses) formed.targets()).known();
            double[] losses = new double[classes.length];
            for (int i = 0; i < losses.length; i++) {
                double[] logits = Arrays.copyOfRange(loss.outputs(), i * vocabulary, (i + 1) * vocabulary);
                losses[i] = Math.log(Arrays.stream(logits).map(Math::exp).sum()) - logits[classes[i]];
            }
            assertClose(losses, expected.path("losses"), "losses");
            assertThat(loss.value()).isCloseTo(Arrays.stream(losses).average().orElseThrow(), within(TOLERANCE));
            for (AdapterLayout.Slot slot : layout.slots()) {
                String key = slot.block() + "." + slot.projection().key();
                JsonNode gradient = expected.path("gradients").path(key);
                int a = (int) slot.rowOfA(0);
                int b = (int) slot.rowOfB(0);
                assertClose(Arrays.copyOfRange(loss.gradient(), a, a + slot.in()), gradient.path("a"), key + ".a");
                assertClose(Arrays.copyOfRange(loss.gradient(), b, b + slot.out()), gradient.path("b"), key + ".b");
            }
        }
    }

    private static void assertClose(double[] actual, JsonNode expected, String what) throws IOException {
        double[] values = JSON.treeToValue(expected, double[].class);
        assertThat(actual).as(what).hasSameSizeAs(values);
        for (int i = 0; i < values.length; i++) {
            assertThat(actual[i])
                    .as("%s %d", what, i)
                    .isCloseTo(values[i], within(TOLERANCE * Math.max(1, Math.abs(values[i]))));
        }
    }

    private static double[] adapters(AdapterLayout layout) {
        double[] all = new double[(int) layout.length()];
        for (AdapterLayout.Slot slot : layout.slots()) {
            String key = slot.block() + "." + slot.projection().key();
            System.arraycopy(values(key + ".a", slot.in()), 0, all, (int) slot.rowOfA(0), slot.in());
            System.arraycopy(values(key + ".b", slot.out()), 0, all, (int) slot.rowOfB(0), slot.out());
        }
        return all;
    }

    private static Batch formed(LearnerSpec spec) throws IOException {
        try (ModelRuntime runtime =
                ModelRuntime.acquire(spec.modelUri(), spec.modelSha256(), spec.architecture(), spec.compute())) {
            return PassInputs.of(spec.head(), runtime).evaluation(plain());
        }
    }

    /** The examples as a data set holds them. */
    private static Batch plain() throws IOException {
        int[][][] examples = JSON.treeToValue(REFERENCE.path("examples"), int[][][].class);
        int tokens = Stream.of(examples)
                .mapToInt(example -> example[0].length + example[1].length)
                .max()
                .orElseThrow();
        int[] tokenIds = new int[examples.length * tokens];
        int[] typeIds = new int[tokenIds.length];
        int[] lengths = new int[examples.length];
        int[] next = new int[tokenIds.length];
        Arrays.fill(next, Targets.NONE);
        for (int b = 0; b < examples.length; b++) {
            int[] source = examples[b][0];
            int[] target = examples[b][1];
            int start = b * tokens + source.length;
            lengths[b] = source.length + target.length;
            System.arraycopy(source, 0, tokenIds, b * tokens, source.length);
            System.arraycopy(target, 0, tokenIds, start, target.length);
            System.arraycopy(target, 0, next, start - 1, target.length);
            Arrays.fill(typeIds, start, start + target.length, 1);
        }
        return new Batch(tokenIds, typeIds, lengths, new long[lengths.length], new Targets.TokenClasses(next));
    }

    /** Writes a directory as the library saves it, and prepares it. */
    private Path prepare(JsonNode shapes) throws IOException {
        Path source = Files.createDirectory(directory.resolve("source"));
        Files.writeString(
                source.resolve("config.json"), REFERENCE.path("config").toString());
        Map<String, FloatTensor> tensors = new LinkedHashMap<>();
        shapes.fields().forEachRemaining(tensor -> {
            long[] shape = StreamSupport.stream(tensor.getValue().spliterator(), false)
                    .mapToLong(JsonNode::asLong)
                    .toArray();
            tensors.put(tensor.getKey(), new FloatTensor(shape, weights(tensor.getKey(), shape)));
        });
        SafetensorsWriter.write(source.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
        Files.writeString(
                source.resolve("tokenizer.json"),
                """
                {"version": "1.0", "truncation": null, "padding": null, "normalizer": null, "decoder": null,
                 "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null,
                 "added_tokens": [{"id": %d, "content": "[MASK]", "single_word": false, "lstrip": false,
                     "rstrip": false, "normalized": false, "special": true}],
                 "model": {"type": "WordLevel", "vocab": {"a": 0, "b": 1}, "unk_token": "a"}}
                """
                        .formatted(REFERENCE.path("mask_token").asInt()));
        Path prepared = directory.resolve("prepared");
        BaseModelImporter.importModel(source.toString(), prepared, line -> {});
        return prepared;
    }

    private static FloatBuffer weights(String name, long... shape) {
        int shift = name.endsWith("LayerNorm.weight") ? 1 : 0;
        double[] values = values(name, (int) Arrays.stream(shape).reduce(1, Math::multiplyExact));
        FloatBuffer weights = FloatBuffer.allocate(values.length);
        for (double value : values) {
            weights.put((float) (value + shift));
        }
        return weights.flip();
    }

    /** As the script has them. */
    private static double[] values(String name, int count) {
        CRC32 crc = new CRC32();
        crc.update(name.getBytes(StandardCharsets.UTF_8));
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = (SplitMix64.mix((crc.getValue() << 32) + i) >>> 40) * 0x1p-24 - 0.5;
        }
        return values;
    }
}
