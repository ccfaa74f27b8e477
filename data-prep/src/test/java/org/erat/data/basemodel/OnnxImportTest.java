package org.erat.data.basemodel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.erat.data.BadInputException;
import org.erat.data.architecture.Activation;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.ModelTensors;
import org.erat.data.safetensors.FloatTensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnnxImportTest {
    /** Square and non-square linear layers, and every number different from its default. */
    private static final Architecture ARCHITECTURE = SyntheticModel.bert(24, 2, 4, 1e-6, 3, Activation.RELU);

    @TempDir
    private Path directory;

    private static Map<String, FloatTensor> tensors() {
        Map<String, long[]> shapes = new LinkedHashMap<>(ModelTensors.required(ARCHITECTURE));
        shapes.putAll(ModelTensors.pooler(ARCHITECTURE));
        return SyntheticModel.tensors(shapes, 3);
    }

    private Path jar(byte[] model) {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        entries.put("META-INF/MANIFEST.MF", new byte[] {'\n'});
        entries.put("tiny.onnx", model);
        entries.put("tiny-tokenizer.json", SyntheticModel.bertTokenizer().bytes());
        return TestArchive.write(directory.resolve("tiny.jar"), entries);
    }

    private BaseModelImporter.Result importFrom(Path jar) {
        return BaseModelImporter.importModel(jar.toString(), directory.resolve("out"), line -> {});
    }

    @Test
    void anonymousWeightsAreFoundByTheirUseAndTurned() {
        Map<String, FloatTensor> tensors = tensors();
        assertThat(importFrom(jar(new OnnxModelBuilder(ARCHITECTURE).build(tensors)))
                        .architecture())
                .isEqualTo(ARCHITECTURE);
        PreparedModels.assertHolds(directory.resolve("out"), tensors);
    }

    @Test
    void aQuantizedModelIsRefused() {
        byte[] model = new OnnxModelBuilder(ARCHITECTURE)
                .with("DynamicQuantizeLinear", "/quantize")
                .build(tensors());
        assertRefused(model, "the model is quantized", "-q");
    }

    @Test
    void aRobertaGraphIsRefused() {
        byte[] model = new OnnxModelBuilder(ARCHITECTURE)
                .with("CumSum", "/embeddings/CumSum")
                .build(tensors());
        assertRefused(model, "as RoBERTa does", "Hugging Face directory");
    }

    @Test
    void aMissingWeightIsNamed() {
        Map<String, FloatTensor> tensors = tensors();
        tensors.remove("encoder.layer.1.attention.self.key.weight");
        assertRefused(
                new OnnxModelBuilder(ARCHITECTURE).build(tensors),
                "'encoder.layer.1.attention.self.key.weight' is missing");
    }

    @Test
    void aGraphOfAnotherKindIsRefused() {
        Map<String, FloatTensor> tensors = tensors();
        tensors.keySet().removeIf(name -> name.startsWith("embeddings."));
        assertRefused(new OnnxModelBuilder(ARCHITECTURE).build(tensors), "only BERT encoders");
    }

    @Test
    void aDamagedModelIsRefused() {
        byte[] model = new OnnxModelBuilder(ARCHITECTURE).build(tensors());
        assertRefused(Arrays.copyOf(model, model.length / 2), "is not a readable ONNX model");
        assertRefused(new byte[0], "it has no graph");
    }

    @Test
    void anArchiveWithoutATokenizerIsRefused() {
        byte[] model = new OnnxModelBuilder(ARCHITECTURE).build(tensors());
        Path jar = TestArchive.write(directory.resolve("no.jar"), Map.of("tiny.onnx", model));
        assertThatThrownBy(() -> importFrom(jar))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("0 entries that end with 'tokenizer.json'");
    }

    private void assertRefused(byte[] model, String... reasons) {
        PreparedModels.assertRefused(jar(model), reasons);
    }
}
