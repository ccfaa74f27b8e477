package org.erat.data.architecture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FamiliesTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    // As published with bert-base-uncased, roberta-base, distilbert-base-uncased and electra-small-discriminator.
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
    private static final String DISTILBERT_BASE =
            """
            {"activation": "gelu", "architectures": ["DistilBertForMaskedLM"], "attention_dropout": 0.1, "dim": 768,
             "dropout": 0.1, "hidden_dim": 3072, "initializer_range": 0.02, "max_position_embeddings": 512,
             "model_type": "distilbert", "n_heads": 12, "n_layers": 6, "pad_token_id": 0, "qa_dropout": 0.1,
             "seq_classif_dropout": 0.2, "sinusoidal_pos_embds": false, "tie_weights_": true,
             "transformers_version": "4.10.0.dev0", "vocab_size": 30522}
            """;

    private static final String ELECTRA_SMALL =
            """
            {"architectures": ["ElectraForPreTraining"], "attention_probs_dropout_prob": 0.1, "embedding_size": 128,
             "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "hidden_size": 256, "initializer_range": 0.02,
             "intermediate_size": 1024, "layer_norm_eps": 1e-12, "max_position_embeddings": 512,
             "model_type": "electra", "num_attention_heads": 4, "num_hidden_layers": 12, "summary_activation": "gelu",
             "summary_last_dropout": 0.1, "summary_type": "first", "summary_use_proj": true, "type_vocab_size": 2,
             "vocab_size": 30522}
            """;

    @TempDir
    private Path directory;

    private Path file;

    @BeforeEach
    void writeBert() throws IOException {
        file = Files.writeString(directory.resolve("config.json"), BERT_BASE);
    }

    @Test
    void theConfigurationOfBertBaseIsRead() {
        Architecture architecture = read();
        assertThat(architecture).isEqualTo(base("bert", 30522, 2, Positions.ofAllTokens(512), 12, 1e-12, 0));
        assertThat(architecture.maxLength()).isEqualTo(512);
        assertThat(architecture.in(Projection.OUTPUT)).isEqualTo(3072);
        assertThat(architecture.out(Projection.INTERMEDIATE)).isEqualTo(3072);
        assertThat(architecture.out(Projection.KEY)).isEqualTo(768);
    }

    @Test
    void theConfigurationOfRobertaBaseIsRead() throws IOException {
        Files.writeString(file, ROBERTA_BASE);
        assertThat(read()).isEqualTo(base("roberta", 50265, 1, Positions.ofRealTokens(514, 1), 12, 1e-5, 1));
        assertThat(read().maxLength()).isEqualTo(512);
    }

    @Test
    void theConfigurationOfDistilBertBaseIsRead() throws IOException {
        Files.writeString(file, DISTILBERT_BASE);
        Architecture expected = base("distilbert", 30522, 0, Positions.ofAllTokens(512), 6, 1e-12, 0);
        assertThat(read()).isEqualTo(expected);
        edit("sinusoidal_pos_embds", true);
        assertThat(read()).isEqualTo(expected);
    }

    @Test
    void theConfigurationOfElectraSmallIsRead() throws IOException {
        Files.writeString(file, ELECTRA_SMALL);
        Architecture expected = Architecture.encoder(
                        "electra", 30522, 2, Positions.ofAllTokens(512), 12, 256, 4, 1024, Activation.GELU, 1e-12, 0)
                .withEmbeddingWidth(128);
        assertThat(read()).isEqualTo(expected);
        edit("embedding_size", null);
        assertThat(read()).isEqualTo(expected);
        edit("embedding_size", 256);
        assertThat(read().projectsEmbeddings()).isFalse();
        edit("embedding_size", 0);
        assertRefused("embedding_size is 0, not a whole number from 1");
    }

    @ParameterizedTest
    @CsvSource({"xlm-roberta, roberta", "camembert, roberta", "roberta, roberta", "bert, bert"})
    void everyModelTypeHasItsFamily(String modelType, String family) {
        edit("model_type", modelType);
        assertThat(read().family()).isEqualTo(family);
        assertThat(Families.of(ConfigJson.read(file))).isSameAs(Families.named(family));
    }

    @ParameterizedTest
    @CsvSource({
        "gelu, GELU",
        "gelu_new, GELU_TANH",
        "gelu_pytorch_tanh, GELU_TANH",
        "gelu_fast, GELU_TANH",
        "relu, RELU",
        "silu, SILU",
        "swish, SILU"
    })
    void everyNameOfAnActivationIsUnderstood(String name, Activation activation) {
        edit("hidden_act", name);
        assertThat(read().feedForward().activation()).isEqualTo(activation);
    }

    @Test
    void keysThatMayBeLeftOutHaveTheDefaultsOfTheTransformersLibrary() throws IOException {
        edit("layer_norm_eps", null);
        edit("pad_token_id", null);
        assertThat(read().norm().epsilon()).isEqualTo(1e-12);
        assertThat(read().padTokenId()).isZero();
        Files.writeString(file, ROBERTA_BASE);
        edit("pad_token_id", null);
        assertThat(read().padTokenId()).isEqualTo(1);
    }

    @Test
    void aConfigurationThatTheBertFamilyWritesIsReadBack() throws IOException {
        Architecture tanh = Architecture.encoder(
                "bert", 50, 3, Positions.ofAllTokens(16), 2, 8, 4, 12, Activation.GELU_TANH, 1e-6, 7);
        for (Architecture architecture : List.of(read(), tanh)) {
            Files.write(file, new Bert().config(architecture, "a graph").bytes());
            assertThat(read()).isEqualTo(architecture);
        }
    }

    @Test
    void aFamilyThatDoesNotExistIsAnsweredWithTheNearestAndWithAll() {
        assertThatThrownBy(() -> Families.named("distillbert"))
                .isInstanceOf(UsageException.class)
                .hasMessage(
                        "'distillbert' is not a family of models (did you mean 'distilbert'?)."
                                + " Use one of bert, roberta, distilbert, electra, modernbert, gpt2, llama, mistral, qwen2, qwen3.");
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
        edit(key, null);
        assertRefused("the key " + key + " is missing");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"vocab_size", "dim", "n_layers", "n_heads", "hidden_dim", "max_position_embeddings", "activation"
            })
    void aMissingKeyOfDistilBertIsNamed(String key) throws IOException {
        Files.writeString(file, DISTILBERT_BASE);
        edit(key, null);
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
        edit(key, value == Math.rint(value) ? (Object) (long) value : (Object) value);
        assertRefused(message);
    }

    @Test
    void headsOfDistilBertThatDoNotFitAreNamedByItsOwnKeys() throws IOException {
        Files.writeString(file, DISTILBERT_BASE);
        edit("n_heads", 7);
        assertRefused("n_heads 7 does not divide dim 768");
    }

    @ParameterizedTest
    @CsvSource({
        "model_type, mamba, 'model_type \"mamba\" is not supported. Use a model with one of [bert, camembert, distilbert, electra, gpt2, llama, mistral, modernbert, qwen2, qwen3, roberta, xlm-roberta]'",
        "hidden_act, tanh, hidden_act \"tanh\" is not supported",
        "position_embedding_type, relative_key, position_embedding_type 'relative_key' is not supported"
    })
    void anUnsupportedArchitectureIsNamed(String key, String value, String message) {
        edit(key, value);
        assertRefused(message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"is_decoder", "add_cross_attention"})
    void aDecoderIsRefused(String key) throws IOException {
        edit(key, true);
        assertRefused(key + " true is not supported");
        Files.writeString(file, DISTILBERT_BASE);
        edit(key, true);
        assertRefused(key + " true is not supported");
    }

    @Test
    void prunedHeadsAreRefused() throws IOException {
        edit("pruned_heads", Map.of("0", List.of(1)));
        assertRefused("pruned_heads is not supported");
        Files.writeString(file, DISTILBERT_BASE);
        edit("pruned_heads", Map.of("0", List.of(1)));
        assertRefused("pruned_heads is not supported");
    }

    @Test
    void aRobertaWithoutPositionsIsRefused() throws IOException {
        Files.writeString(file, ROBERTA_BASE);
        edit("max_position_embeddings", 2);
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

    private Architecture read() {
        return Families.architecture(ConfigJson.read(file));
    }

    private void assertRefused(String message) {
        assertThatThrownBy(this::read)
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining(message);
    }

    /** Sets a key, or removes it where {@code value} is null. */
    private void edit(String key, Object value) {
        try {
            ObjectNode root = (ObjectNode) JSON.readTree(file.toFile());
            if (value == null) {
                root.remove(key);
            } else {
                root.set(key, JSON.valueToTree(value));
            }
            Files.write(file, JSON.writeValueAsBytes(root));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Width 768, 12 heads, inner width 3072. */
    private static Architecture base(
            String family,
            int vocabulary,
            int tokenTypes,
            Positions positions,
            int blocks,
            double epsilon,
            int padTokenId) {
        return Architecture.encoder(
                family, vocabulary, tokenTypes, positions, blocks, 768, 12, 3072, Activation.GELU, epsilon, padTokenId);
    }
}
