package org.erat.data.basemodel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelConfigFileTest {
    @TempDir
    private Path directory;

    private Path file;

    // As published with bert-base-uncased and roberta-base.
    private static final String BERT_BASE =
            """
            {"architectures": ["BertForMaskedLM"], "attention_probs_dropout_prob": 0.1, "gradient_checkpointing": false,
             "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "hidden_size": 768, "initializer_range": 0.02,
             "intermediate_size": 3072, "layer_norm_eps": 1e-12, "max_position_embeddings": 512, "model_type": "bert",
             "num_attention_heads": 12, "num_hidden_layers": 12, "pad_token_id": 0,
             "position_embedding_type": "absolute", "transformers_version": "4.6.0.dev0", "type_vocab_size": 2,
             "use_cache": true, "vocab_size": 30522}
            """;
    private static final String ROBERTA_BASE =
            """
            {"architectures": ["RobertaForMaskedLM"], "attention_probs_dropout_prob": 0.1, "bos_token_id": 0,
             "eos_token_id": 2, "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "hidden_size": 768,
             "initializer_range": 0.02, "intermediate_size": 3072, "layer_norm_eps": 1e-05,
             "max_position_embeddings": 514, "model_type": "roberta", "num_attention_heads": 12,
             "num_hidden_layers": 12, "pad_token_id": 1, "type_vocab_size": 1, "vocab_size": 50265}
            """;

    @BeforeEach
    void writeValidFile() throws IOException {
        file = Files.writeString(directory.resolve("config.json"), BERT_BASE);
    }

    @Test
    void theConfigurationOfBertBaseIsRead() {
        ModelConfig config = ModelConfigFile.read(file);
        assertThat(config).isEqualTo(new ModelConfig("bert", 30522, 768, 12, 12, 3072, 512, 2, 1e-12, "gelu", 0));
        assertThat(config.maxLength()).isEqualTo(512);
    }

    @Test
    void theConfigurationOfRobertaBaseIsRead() throws IOException {
        Files.writeString(file, ROBERTA_BASE);
        ModelConfig config = ModelConfigFile.read(file);
        assertThat(config).isEqualTo(new ModelConfig("roberta", 50265, 768, 12, 12, 3072, 514, 1, 1e-5, "gelu", 1));
        assertThat(config.maxLength()).isEqualTo(512);
    }

    @ParameterizedTest
    @CsvSource({
        "model_type, xlm-roberta, roberta",
        "model_type, camembert, roberta",
        "hidden_act, gelu_pytorch_tanh, gelu_new",
        "hidden_act, relu, relu"
    })
    void otherNamesOfTheSameThingAreUnderstood(String key, String value, String read) {
        SyntheticModel.edit(file, key, value);
        ModelConfig config = ModelConfigFile.read(file);
        assertThat(List.of(config.modelType(), config.hiddenAct())).contains(read);
    }

    @Test
    void whatIsWrittenIsReadBack() {
        for (ModelConfig config : List.of(SyntheticModel.BERT, SyntheticModel.ROBERTA)) {
            ModelConfigFile.write(config, file);
            assertThat(ModelConfigFile.read(file)).isEqualTo(config);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "model_type",
                "vocab_size",
                "hidden_size",
                "num_hidden_layers",
                "num_attention_heads",
                "intermediate_size",
                "max_position_embeddings",
                "type_vocab_size",
                "hidden_act"
            })
    void aMissingKeyIsNamed(String key) {
        SyntheticModel.edit(file, key, null);
        assertRefused("the key " + key + " is missing");
    }

    @ParameterizedTest
    @CsvSource({
        "num_attention_heads, 7, num_attention_heads 7 does not divide hidden_size 768",
        "hidden_size, 0, 'hidden_size is 0, not a whole number from 1'",
        "hidden_size, 768.5, 'hidden_size is 768.5, not a whole number'",
        "vocab_size, 3000000000, 'vocab_size is 3000000000, not a whole number'",
        "num_hidden_layers, 2000000000, num_hidden_layers 2000000000 is more than 1000",
        "layer_norm_eps, -1, 'layer_norm_eps is -1, not a number between 0 and 1'",
        "pad_token_id, 30522, pad_token_id 30522 is not below vocab_size 30522",
        "pad_token_id, -1, 'pad_token_id is -1, not a whole number from 0'"
    })
    void anImpossibleNumberIsNamed(String key, double value, String message) {
        SyntheticModel.edit(file, key, value == Math.rint(value) ? (Object) (long) value : (Object) value);
        assertRefused(message);
    }

    @ParameterizedTest
    @CsvSource({
        "model_type, gpt2, model_type \"gpt2\" is not supported",
        "hidden_act, silu, hidden_act \"silu\" is not supported",
        "position_embedding_type, relative_key, position_embedding_type 'relative_key' is not supported"
    })
    void anUnsupportedArchitectureIsNamed(String key, String value, String message) {
        SyntheticModel.edit(file, key, value);
        assertRefused(message);
    }

    @Test
    void aDecoderIsRefused() {
        SyntheticModel.edit(file, "is_decoder", true);
        assertRefused("is_decoder true is not supported");
    }

    @Test
    void prunedHeadsAreRefused() {
        SyntheticModel.edit(file, "pruned_heads", java.util.Map.of("0", List.of(1)));
        assertRefused("pruned_heads is not supported");
    }

    @Test
    void aRobertaWithoutPositionsIsRefused() throws IOException {
        Files.writeString(file, ROBERTA_BASE);
        SyntheticModel.edit(file, "max_position_embeddings", 2);
        assertRefused("leaves no position after the 2");
    }

    @Test
    void aFileThatIsNotJsonIsNamed() throws IOException {
        Files.writeString(file, "{\"hidden_size\": 768, ");
        assertRefused("is not readable JSON");
        Files.writeString(file, "[]");
        assertRefused("is not a JSON object");
        Files.writeString(file, BERT_BASE.replace("{", "{\"vocab_size\": 1, "));
        assertRefused("Duplicate field 'vocab_size'");
        Files.delete(file);
        assertRefused("there is no such file");
    }

    @Test
    void aPlaceThatCannotBeWrittenIsNamed() {
        assertThatThrownBy(() -> ModelConfigFile.write(SyntheticModel.BERT, directory.resolve("no/config.json")))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("cannot be written");
    }

    private void assertRefused(String message) {
        assertThatThrownBy(() -> ModelConfigFile.read(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining(message);
    }
}
