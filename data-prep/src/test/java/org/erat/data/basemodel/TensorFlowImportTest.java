package org.erat.data.basemodel;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.erat.data.architecture.Activation;
import org.erat.data.architecture.Architecture;
import org.erat.data.safetensors.FloatTensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TensorFlowImportTest {
    private static final Architecture ARCHITECTURE = SyntheticModel.bert(24, 3, 4, 1e-6, 2, Activation.RELU);
    private static final String DATA = "variables/variables.data-00000-of-00001";
    private static final String INDEX = "variables/variables.index";

    @TempDir
    private Path directory;

    private static Map<String, byte[]> model() {
        return TensorFlowModelBuilder.build(ARCHITECTURE, SyntheticModel.complete(ARCHITECTURE), false);
    }

    /** A jar with the checkpoint as a zip inside. */
    private Path jar(Map<String, byte[]> model) {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        entries.put("META-INF/large.txt", new byte[5000]);
        entries.put("com/models/tiny-bert", TestArchive.bytes(model));
        return TestArchive.write(directory.resolve("tiny.jar"), entries);
    }

    private BaseModelImporter.Result importFrom(Path jar) {
        return BaseModelImporter.importModel(jar.toString(), directory.resolve("out"), line -> {});
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aCheckpointInsideAJarIsPrepared(boolean snappy) {
        Map<String, FloatTensor> tensors = SyntheticModel.complete(ARCHITECTURE);
        Path jar = jar(TensorFlowModelBuilder.build(ARCHITECTURE, tensors, snappy));
        assertThat(importFrom(jar).architecture()).isEqualTo(ARCHITECTURE);
        PreparedModels.assertHolds(directory.resolve("out"), tensors);
    }

    @Test
    void aCheckpointAtTheTopOfAnArchiveIsPreparedWithoutTheHeadThatItLacks() {
        Map<String, FloatTensor> tensors = SyntheticModel.complete(ARCHITECTURE);
        tensors.keySet().removeIf(name -> name.startsWith("cls."));
        Path zip = TestArchive.write(
                directory.resolve("tiny.zip"), TensorFlowModelBuilder.build(ARCHITECTURE, tensors, false));
        importFrom(zip);
        PreparedModels.assertHolds(directory.resolve("out"), tensors);
    }

    @Test
    void theTokenizerIsBuiltFromTheVocabulary() {
        Map<String, byte[]> model = model();
        importFrom(jar(model));
        assertThat(directory.resolve("out/tokenizer.json"))
                .content()
                .contains("\"lowercase\":true", "\"[MASK]\":4", "\"s\":23");
    }

    @Test
    void theTokenizerKeepsCaseWhereTheModelSaysSo() {
        Map<String, byte[]> model = model();
        model.put("assets/model.json", "{\"doLowerCase\": false}".getBytes(StandardCharsets.UTF_8));
        importFrom(jar(model));
        assertThat(directory.resolve("out/tokenizer.json")).content().contains("\"lowercase\":false");
    }

    @Test
    void damagedValuesAreFoundByTheirChecksum() {
        Map<String, byte[]> model = model();
        model.get(DATA)[100] ^= 1;
        assertRefused(model, "the checksum of variable 'module/bert/embeddings/word_embeddings' is wrong");
    }

    @Test
    void aDamagedIndexIsRefused() {
        Map<String, byte[]> model = model();
        model.get(INDEX)[40] ^= 1;
        assertRefused(model, INDEX, "the checksum of a block is wrong");
        model.put(INDEX, Arrays.copyOf(model.get(INDEX), 100));
        assertRefused(model, "does not end as a LevelDB table does");
    }

    @Test
    void aDataFileCutShortIsRefused() {
        Map<String, byte[]> model = model();
        model.put(DATA, Arrays.copyOf(model.get(DATA), model.get(DATA).length / 2));
        assertRefused(model, "lies outside of its data file");
        model.remove(DATA);
        assertRefused(model, "'" + DATA + "' is missing");
    }

    @Test
    void aMissingVariableIsNamed() {
        Map<String, FloatTensor> tensors = SyntheticModel.complete(ARCHITECTURE);
        tensors.remove("encoder.layer.1.attention.self.value.weight");
        assertRefused(
                TensorFlowModelBuilder.build(ARCHITECTURE, tensors, false),
                "'module/bert/encoder/layer_1/attention/self/value/kernel' is missing");
    }

    @Test
    void aVocabularyThatDoesNotFitIsRefused() {
        Map<String, byte[]> model = model();
        byte[] more = (new String(model.get("assets/vocab.txt"), StandardCharsets.UTF_8) + "\nextra")
                .getBytes(StandardCharsets.UTF_8);
        model.put("assets/vocab.txt", more);
        assertRefused(model, "a tokenizer that does not match the model");
        model.put("assets/vocab.txt", "[PAD]\n[UNK]".getBytes(StandardCharsets.UTF_8));
        assertRefused(model, "the token [CLS] is missing from the vocabulary");
        model.put("assets/vocab.txt", new byte[] {(byte) 0xff});
        assertRefused(model, "assets/vocab.txt: is not valid UTF-8");
    }

    @Test
    void aGraphThatDoesNotTellTheHeadsIsRefused() {
        Map<String, byte[]> model = model();
        model.put("saved_model.pb", new byte[0]);
        assertRefused(model, "its number of attention heads cannot be told");
    }

    private void assertRefused(Map<String, byte[]> model, String... reasons) {
        PreparedModels.assertRefused(jar(model), reasons);
    }
}
