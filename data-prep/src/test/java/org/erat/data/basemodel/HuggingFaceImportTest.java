package org.erat.data.basemodel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.erat.data.BadInputException;
import org.erat.data.FileSignatureTest;
import org.erat.data.architecture.Activation;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Bert;
import org.erat.data.safetensors.FloatTensor;
import org.erat.data.safetensors.SafetensorsWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HuggingFaceImportTest {
    @TempDir
    private Path directory;

    private final List<String> progress = new ArrayList<>();

    private Path out() {
        return directory.resolve("out");
    }

    private BaseModelImporter.Result importFrom(Path source) {
        return BaseModelImporter.importModel(source.toString(), out(), progress::add);
    }

    private static Path source(Path directory, Architecture architecture, Map<String, FloatTensor> tensors) {
        return SyntheticModel.huggingFace(directory.resolve("source"), architecture, tensors);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "bert."})
    void aBertDirectoryIsPreparedWithOrWithoutItsPrefix(String prefix) throws IOException {
        Map<String, FloatTensor> tensors = SyntheticModel.complete(SyntheticModel.BERT);
        Map<String, FloatTensor> stored = new LinkedHashMap<>(SyntheticModel.prefixed(prefix, tensors));
        stored.put("cls.seq_relationship.bias", tensors.get("pooler.dense.bias"));

        BaseModelImporter.Result result = importFrom(source(directory, SyntheticModel.BERT, stored));

        assertThat(result).isEqualTo(new BaseModelImporter.Result(SyntheticModel.BERT, false));
        PreparedModels.assertHolds(out(), tensors);
        try (BaseModelDirectory model = BaseModelDirectory.open(out())) {
            assertThat(model.architecture()).isEqualTo(SyntheticModel.BERT);
            assertThat(model.family()).isInstanceOf(Bert.class);
            assertThat(model.hasPooler()).isTrue();
            assertThat(model.hasMaskedLanguageModelHead()).isTrue();
            assertThat(model.maskTokenId()).hasValue(4);
        }
        assertThat(progress)
                .anyMatch(line -> line.contains("100 %"))
                .anyMatch(line -> line.matches("reading \\d+ tensors, [1-9]\\S* values"))
                // The command says that it is done.
                .noneMatch(line -> line.contains("prepared"));
        try (Stream<Path> entries = Files.list(out())) {
            assertThat(entries.map(p -> p.getFileName().toString()))
                    .containsExactlyInAnyOrder(
                            "config.json",
                            "model.safetensors",
                            "tokenizer.json",
                            "tokenizer_config.json",
                            "source.json");
        }
    }

    @Test
    void aRobertaDirectoryIsPreparedWithItsHead() throws IOException {
        Map<String, FloatTensor> tensors = SyntheticModel.complete(SyntheticModel.ROBERTA);
        Map<String, FloatTensor> stored = SyntheticModel.prefixed("roberta.", tensors);
        assertThat(stored).containsKeys("roberta.pooler.dense.weight", "lm_head.layer_norm.weight");

        importFrom(source(directory, SyntheticModel.ROBERTA, stored));

        PreparedModels.assertHolds(out(), tensors);
        try (BaseModelDirectory model = BaseModelDirectory.open(out())) {
            assertThat(model.architecture()).isEqualTo(SyntheticModel.ROBERTA);
            assertThat(model.hasMaskedLanguageModelHead()).isTrue();
            assertThat(model.maskTokenId()).hasValue(4);
        }
        String tokenizer = Files.readString(out().resolve("tokenizer.json"));
        assertThat(tokenizer).contains("\"truncation\":null", "\"padding\":null");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "distilbert."})
    void aDistilBertDirectoryIsPreparedWithItsHead(String prefix) {
        Map<String, FloatTensor> tensors = SyntheticModel.complete(SyntheticModel.DISTILBERT);
        Map<String, FloatTensor> stored = new LinkedHashMap<>(SyntheticModel.prefixed(prefix, tensors));
        assertThat(stored).containsKeys(prefix + "transformer.layer.1.ffn.lin2.bias", "vocab_projector.bias");
        stored.put("vocab_projector.weight", tensors.get("embeddings.word_embeddings.weight"));

        importFrom(source(directory, SyntheticModel.DISTILBERT, stored));

        PreparedModels.assertHolds(out(), tensors);
        try (BaseModelDirectory model = BaseModelDirectory.open(out())) {
            assertThat(model.architecture()).isEqualTo(SyntheticModel.DISTILBERT);
            assertThat(model.hasPooler()).isFalse();
            assertThat(model.hasMaskedLanguageModelHead()).isTrue();
        }
    }

    @Test
    void theConfigurationIsKeptByteForByte() throws IOException {
        Path source = source(directory, SyntheticModel.BERT, SyntheticModel.complete(SyntheticModel.BERT));
        String text = "\n" + SyntheticModel.config(SyntheticModel.BERT) + "  \n";
        Files.writeString(source.resolve("config.json"), text);

        importFrom(source);

        assertThat(out().resolve("config.json")).hasContent(text);
        assertThat(Files.readString(out().resolve("config.json")))
                .isEqualTo(text)
                .contains("initializer_range");
    }

    /** Its masked-language-model head had BERT's names for RoBERTa too. */
    @ParameterizedTest
    @ValueSource(strings = {"bert", "roberta"})
    void aDirectoryThatAnEarlierVersionPreparedIsOpened(String family) throws IOException {
        Architecture architecture = family.equals("bert") ? SyntheticModel.BERT : SyntheticModel.ROBERTA;
        Map<String, FloatTensor> stored = new LinkedHashMap<>();
        SyntheticModel.complete(architecture)
                .forEach((name, tensor) -> stored.put(
                        name.replace("lm_head.dense", "cls.predictions.transform.dense")
                                .replace("lm_head.layer_norm", "cls.predictions.transform.LayerNorm")
                                .replace("lm_head.bias", "cls.predictions.bias"),
                        tensor));
        Path prepared = source(directory, architecture, stored);
        Files.writeString(
                prepared.resolve("config.json"),
                """
                {
                  "architectures" : [ "%sModel" ],
                  "model_type" : "%s",
                  "vocab_size" : 24,
                  "hidden_size" : 8,
                  "num_hidden_layers" : %d,
                  "num_attention_heads" : %d,
                  "intermediate_size" : 12,
                  "max_position_embeddings" : %d,
                  "type_vocab_size" : %d,
                  "layer_norm_eps" : %s,
                  "hidden_act" : "gelu",
                  "pad_token_id" : %d,
                  "position_embedding_type" : "absolute",
                  "torch_dtype" : "float32"
                }
                """
                        .formatted(
                                family.equals("bert") ? "Bert" : "Roberta",
                                family,
                                architecture.blocks(),
                                architecture.heads().query(),
                                architecture.positions().rows(),
                                architecture.tokenTypes(),
                                architecture.norm().epsilon(),
                                architecture.padTokenId()));

        try (BaseModelDirectory model = BaseModelDirectory.open(prepared)) {
            assertThat(model.architecture()).isEqualTo(architecture);
            assertThat(model.hasPooler()).isTrue();
        }
    }

    @Test
    void oldNamesOfLayerNormAreUnderstood() {
        Map<String, FloatTensor> tensors = SyntheticModel.complete(SyntheticModel.BERT);
        Map<String, FloatTensor> stored = new LinkedHashMap<>();
        SyntheticModel.prefixed("bert.", tensors)
                .forEach((name, tensor) -> stored.put(
                        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"),
                        tensor));

        importFrom(source(directory, SyntheticModel.BERT, stored));

        PreparedModels.assertHolds(out(), tensors);
    }

    @Test
    void weightsInSeveralFilesArePutTogether() throws IOException {
        Map<String, FloatTensor> tensors = SyntheticModel.complete(SyntheticModel.BERT);
        Path source = source(directory, SyntheticModel.BERT, tensors);
        Files.delete(source.resolve("model.safetensors"));
        StringBuilder index = new StringBuilder();
        List<Map<String, FloatTensor>> shards = List.of(new LinkedHashMap<>(), new LinkedHashMap<>());
        int i = 0;
        for (Map.Entry<String, FloatTensor> entry : tensors.entrySet()) {
            int shard = i++ % 2;
            shards.get(shard).put(entry.getKey(), entry.getValue());
            index.append(index.isEmpty() ? "" : ",")
                    .append("\"%s\":\"model-0000%d-of-00002.safetensors\"".formatted(entry.getKey(), shard + 1));
        }
        for (int shard = 0; shard < 2; shard++) {
            Path file = source.resolve("model-0000%d-of-00002.safetensors".formatted(shard + 1));
            SafetensorsWriter.write(file, shards.get(shard), Map.of());
        }
        Files.writeString(
                source.resolve("model.safetensors.index.json"), "{\"metadata\":{},\"weight_map\":{" + index + "}}");

        importFrom(source);

        PreparedModels.assertHolds(out(), tensors);
    }

    @Test
    void anIndexThatReachesOutsideOfItsDirectoryIsRefused() throws IOException {
        Path source = source(directory, SyntheticModel.BERT, SyntheticModel.complete(SyntheticModel.BERT));
        Files.delete(source.resolve("model.safetensors"));
        Files.writeString(
                source.resolve("model.safetensors.index.json"), "{\"weight_map\":{\"w\":\"../secret.safetensors\"}}");
        PreparedModels.assertRefused(source, "model.safetensors.index.json", "'../secret.safetensors' is not the name");
    }

    @Test
    void aHeadWithOutputWeightsOfItsOwnIsLeftOut() {
        Map<String, FloatTensor> tensors = SyntheticModel.complete(SyntheticModel.BERT);
        Map<String, FloatTensor> stored = new LinkedHashMap<>(tensors);
        float[] other = SyntheticModel.values(
                tensors.get("embeddings.word_embeddings.weight").values());
        other[0]++;
        stored.put("cls.predictions.decoder.weight", new FloatTensor(new long[] {24, 8}, FloatBuffer.wrap(other)));

        importFrom(source(directory, SyntheticModel.BERT, stored));

        try (BaseModelDirectory model = BaseModelDirectory.open(out())) {
            assertThat(model.hasMaskedLanguageModelHead()).isFalse();
            assertThat(model.hasPooler()).isTrue();
        }
    }

    @Test
    void aTruncatedFileIsRefused() throws IOException {
        Path source = source(directory, SyntheticModel.BERT, SyntheticModel.complete(SyntheticModel.BERT));
        Path file = source.resolve("model.safetensors");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(channel.size() - 1);
        }
        PreparedModels.assertRefused(source, file.toString(), "do not lie inside");
    }

    @Test
    void aMissingTensorIsNamed() {
        Map<String, FloatTensor> tensors = new LinkedHashMap<>(SyntheticModel.complete(SyntheticModel.BERT));
        tensors.remove("encoder.layer.1.output.dense.bias");
        PreparedModels.assertRefused(
                source(directory, SyntheticModel.BERT, tensors),
                "/model.safetensors: tensor 'encoder.layer.1.output.dense.bias' is missing");
    }

    @Test
    void aTensorOfTheWrongShapeIsNamedWithBothShapes() {
        Map<String, FloatTensor> tensors = new LinkedHashMap<>(SyntheticModel.complete(SyntheticModel.BERT));
        tensors.put(
                "encoder.layer.0.intermediate.dense.weight",
                new FloatTensor(new long[] {8, 12}, FloatBuffer.allocate(96)));
        PreparedModels.assertRefused(
                source(directory, SyntheticModel.BERT, tensors),
                "'encoder.layer.0.intermediate.dense.weight' has shape [8, 12], but [12, 8] is expected");
    }

    @Test
    void weightsOfAnotherFamilyAreRefused() {
        PreparedModels.assertRefused(
                source(
                        directory,
                        SyntheticModel.BERT,
                        Map.of(
                                "wte.weight",
                                SyntheticModel.complete(SyntheticModel.BERT).get("embeddings.word_embeddings.weight"))),
                "/model.safetensors: tensor 'embeddings.word_embeddings.weight' is missing",
                "of the family bert");
    }

    @Test
    void aTokenizerWithTooManyTokensIsRefused() {
        Architecture smaller = SyntheticModel.bert(23, 2, 2, 1e-12, 2, Activation.GELU);
        PreparedModels.assertRefused(
                source(directory, smaller, SyntheticModel.complete(smaller)),
                "tokenizer.json: a tokenizer that does not match the model",
                "token ids go up to 23, the model has vocab_size 23");
    }

    /** The tokenizers library ends the process that loads such a file: another one, here. */
    @Test
    void aTokenizerThatTheNativeLibraryDoesNotSurviveIsRefused() throws IOException {
        Path source = source(directory, SyntheticModel.BERT, SyntheticModel.complete(SyntheticModel.BERT));
        Path tokenizer = source.resolve("tokenizer.json");
        ObjectNode root = (ObjectNode) new ObjectMapper().readTree(tokenizer.toFile());
        ((ObjectNode) root.path("post_processor").path("special_tokens")).remove("[SEP]");
        Files.writeString(tokenizer, root.toString());
        PreparedModels.assertRefused(
                source, "tokenizer.json: the tokenizer cannot be used", "Save it again with the transformers library");
    }

    @Test
    void settingsForPythonsLibrariesTravelWithThePreparedModel() throws IOException {
        Path source = source(directory, SyntheticModel.BERT, SyntheticModel.complete(SyntheticModel.BERT));
        Files.writeString(
                source.resolve("tokenizer_config.json"),
                "{\"tokenizer_class\": \"BertTokenizer\", \"do_lower_case\": false, \"model_max_length\": 9,"
                        + " \"mask_token\": {\"content\": \"[UNK]\"}}");
        Files.writeString(source.resolve("special_tokens_map.json"), "{\"cls_token\": \"[CLS]\"}");
        Files.writeString(source.resolve("generation_config.json"), "{\"pad_token_id\": 0}");

        importFrom(source);

        for (String name : List.of("special_tokens_map.json", "generation_config.json")) {
            assertThat(out().resolve(name)).hasSameBinaryContentAs(source.resolve(name));
        }
        assertThat(new ObjectMapper()
                        .readTree(out().resolve("tokenizer_config.json").toFile()))
                .isEqualTo(new ObjectMapper()
                        .readTree(source.resolve("tokenizer_config.json").toFile()));
        assertThat(new ObjectMapper()
                        .readTree(out().resolve("tokenizer.json").toFile())
                        .at("/normalizer/lowercase")
                        .asBoolean(true))
                .isFalse();
        assertThat(progress).anyMatch(line -> line.contains("normalizer is replaced by that of BertTokenizer"));
        try (BaseModelDirectory model = BaseModelDirectory.open(out())) {
            assertThat(model.maxLength()).isEqualTo(9);
            assertThat(model.maskTokenId()).as("the token that they name").hasValue(1);
        }
    }

    @Test
    void aConfigurationThatWasEditedInThePreparedModelIsRefused() throws IOException {
        importFrom(source(directory, SyntheticModel.BERT, SyntheticModel.complete(SyntheticModel.BERT)));
        Path config = out().resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("\"gelu\"", "\"relu\""));
        assertThatThrownBy(() -> BaseModelDirectory.open(out()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("config.json: has SHA-256 ")
                .hasMessageContaining("it was changed or damaged");
    }

    @Test
    void aTokenizerThatCutsAtTheLeftOrAddsTokensOfItsOwnIsRefused() throws IOException {
        Path source = source(directory, SyntheticModel.BERT, SyntheticModel.complete(SyntheticModel.BERT));
        Path config = source.resolve("tokenizer_config.json");
        Files.writeString(config, "{\"truncation_side\": \"left\"}");
        PreparedModels.assertRefused(source, "tokenizer_config.json: truncation_side left is not supported");
        Files.writeString(config, "{\"added_tokens_decoder\": {\"23\": {\"content\": \"<new>\"}}}");
        PreparedModels.assertRefused(source, "tokenizer_config.json: adds the token '<new>' with id 23");
        Files.writeString(config, "{\"do_lower_case\": 3}");
        PreparedModels.assertRefused(source, "tokenizer_config.json: do_lower_case is 3, not true or false");
    }

    @Test
    void aTokenizerThatCannotBeLoadedIsRefused() throws IOException {
        Path source = source(directory, SyntheticModel.BERT, SyntheticModel.complete(SyntheticModel.BERT));
        Files.writeString(source.resolve("tokenizer.json"), "{\"model\":{\"type\":\"Other\",\"vocab\":{\"a\":1}}}");
        PreparedModels.assertRefused(source, "tokenizer.json: the tokenizer cannot be used");
        Files.writeString(source.resolve("tokenizer.json"), "{}");
        PreparedModels.assertRefused(source, "tokenizer.json: is not a tokenizer");
        Files.delete(source.resolve("tokenizer.json"));
        PreparedModels.assertRefused(source, "tokenizer.json: is missing", "save_pretrained");
    }

    @Test
    void jsonThatIsCutShortIsReportedInOneLineWithItsPlace() throws IOException {
        for (String name : List.of("config.json", "tokenizer.json")) {
            Path source =
                    source(directory.resolve(name), SyntheticModel.BERT, SyntheticModel.complete(SyntheticModel.BERT));
            String text = Files.readString(source.resolve(name));
            Files.writeString(source.resolve(name), text.substring(0, text.length() / 2));
            assertThatThrownBy(() ->
                            BaseModelImporter.importModel(source.toString(), directory.resolve("out"), line -> {}))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContainingAll(name + ": is not readable JSON: ", ", line ", ", column ")
                    .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"config.json", "tokenizer.json", "model.safetensors", "model.safetensors.index.json"})
    void whatIsInPlaceOfAFileIsNamedWithTheFix(String name) throws IOException {
        Path source = source(directory, SyntheticModel.BERT, SyntheticModel.complete(SyntheticModel.BERT));
        if (name.endsWith("index.json")) {
            Files.delete(source.resolve("model.safetensors"));
        }
        Path file = source.resolve(name);
        Files.writeString(file, FileSignatureTest.LFS_POINTER);
        PreparedModels.assertRefused(source, name + ": is a Git LFS pointer", "Run git lfs pull");
        Files.writeString(file, "<!DOCTYPE html><title>404</title>");
        PreparedModels.assertRefused(source, name + ": is an HTML page", "Download the file again");
        Files.writeString(file, "");
        PreparedModels.assertRefused(source, name + ": is empty", "again");
        Files.write(file, new byte[] {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, '{'});
        PreparedModels.assertRefused(source, name + ": is compressed with gzip");
        Files.write(file, new byte[] {(byte) 0x80, 2, (byte) 0x8a, 10, 'l'});
        PreparedModels.assertRefused(source, name + ": is a Python pickle", "safe_serialization=True");
        Files.writeString(file, "PK\u0003\u0004");
        PreparedModels.assertRefused(source, name + ": is a zip archive");
    }

    @ParameterizedTest
    @ValueSource(strings = {"config.json", "tokenizer.json", "model.safetensors.index.json"})
    void jsonThatIsNestedWithoutEndIsRefused(String name) throws IOException {
        Path source = source(directory, SyntheticModel.BERT, SyntheticModel.complete(SyntheticModel.BERT));
        if (name.endsWith("index.json")) {
            Files.delete(source.resolve("model.safetensors"));
        }
        for (String deep : List.of("[".repeat(5_000_000), "{\"model\":".repeat(1000))) {
            Files.writeString(source.resolve(name), deep);
            PreparedModels.assertRefused(
                    source, name + ": is not readable JSON: it is nested more than 128 levels deep");
        }
    }

    /** Deeper than the native tokenizer reads, not deeper than JSON may be. */
    @Test
    void aTokenizerThatIsNestedDeeplyIsRefused() throws IOException {
        Path source = source(directory, SyntheticModel.BERT, SyntheticModel.complete(SyntheticModel.BERT));
        Files.writeString(
                source.resolve("tokenizer.json"),
                "{\"normalizer\":" + "[".repeat(126) + "]".repeat(126)
                        + ",\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":1}}}");
        PreparedModels.assertRefused(source, "tokenizer.json: the tokenizer cannot be used");
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void aWeightThatIsNoNumberIsRefusedWithItsPlace(float value) {
        Map<String, FloatTensor> tensors = new LinkedHashMap<>(SyntheticModel.complete(SyntheticModel.BERT));
        String name = "encoder.layer.1.attention.output.dense.weight";
        float[] values = SyntheticModel.values(tensors.get(name).values());
        values[3 * 8 + 5] = value;
        values[4 * 8 + 1] = value;
        tensors.put(name, new FloatTensor(new long[] {8, 8}, FloatBuffer.wrap(values)));
        PreparedModels.assertRefused(
                source(directory, SyntheticModel.BERT, tensors),
                "tensor '" + name + "' holds " + value + " at [3, 5]",
                "another copy or checkpoint");
    }

    @Test
    void aConfigurationOfBeforeTheEmbeddingsWereResizedIsNamed() {
        Architecture resized = SyntheticModel.bert(26, 2, 2, 1e-12, 2, Activation.GELU);
        Path source = source(directory, resized, SyntheticModel.complete(resized));
        SyntheticModel.edit(source.resolve("config.json"), "vocab_size", 24);
        PreparedModels.assertRefused(
                source,
                "config.json: vocab_size is 24, but the word embeddings in " + source.resolve("model.safetensors")
                        + " have 26 rows",
                "set vocab_size to 26 in config.json");
    }

    @Test
    void weightsOfBeforeTheEmbeddingsWereResizedAreNamed() {
        Architecture before = SyntheticModel.bert(22, 2, 2, 1e-12, 2, Activation.GELU);
        Path source = source(directory, before, SyntheticModel.complete(before));
        SyntheticModel.edit(source.resolve("config.json"), "vocab_size", 24);
        PreparedModels.assertRefused(
                source,
                "vocab_size is 24",
                "have 22 rows, and the tokenizer has token ids up to 23",
                "The weights are too small");
    }

    @Test
    void pickledWeightsAreRefusedWithTheWayToConvertThem() throws IOException {
        Path source = source(directory, SyntheticModel.BERT, SyntheticModel.complete(SyntheticModel.BERT));
        Files.move(source.resolve("model.safetensors"), source.resolve("pytorch_model.bin"));
        PreparedModels.assertRefused(source, "PyTorch .bin file only", "safe_serialization=True");
        Files.delete(source.resolve("pytorch_model.bin"));
        PreparedModels.assertRefused(source, "model.safetensors: is missing");
    }

    @Test
    void aBadConfigurationIsRefused() {
        Path source = source(directory, SyntheticModel.BERT, SyntheticModel.complete(SyntheticModel.BERT));
        SyntheticModel.edit(source.resolve("config.json"), "num_attention_heads", 3);
        PreparedModels.assertRefused(source, "config.json: num_attention_heads 3 does not divide hidden_size 8");
    }
}
