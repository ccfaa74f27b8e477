package org.erat.data.basemodel;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import org.erat.data.BadInputException;
import org.erat.data.JsonReason;
import org.erat.data.UsageException;

/**
 * Reading and writing of a Hugging Face {@code config.json}. Families that differ in name only are read as one:
 * {@code xlm-roberta} and {@code camembert} are {@code roberta}; all tanh approximations of GELU are {@code gelu_new}.
 */
public final class ModelConfigFile {
    private static final Map<String, String> MODEL_TYPES =
            Map.of("bert", "bert", "roberta", "roberta", "xlm-roberta", "roberta", "camembert", "roberta");
    private static final Map<String, String> ACTIVATIONS = Map.of(
            "gelu",
            "gelu",
            "gelu_new",
            "gelu_new",
            "gelu_pytorch_tanh",
            "gelu_new",
            "gelu_fast",
            "gelu_new",
            "relu",
            "relu");
    /** What the transformers library assumes for BERT and RoBERTa where the key is left out. */
    private static final double DEFAULT_LAYER_NORM_EPS = 1e-12;

    /** Far above any model; keeps a wrong number from filling memory with names of tensors. */
    private static final int MAX_LAYERS = 1000;

    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private ModelConfigFile() {}

    /**
     * Reads and checks a {@code config.json}.
     *
     * @throws BadInputException naming the file, the key and the value if it cannot be used
     */
    public static ModelConfig read(Path file) {
        JsonNode root;
        try {
            root = JSON.readTree(Files.readAllBytes(file));
        } catch (NoSuchFileException e) {
            throw new BadInputException(file + ": there is no such file. A base model needs its config.json.", e);
        } catch (IOException e) {
            throw new BadInputException(file + ": is not readable JSON: " + JsonReason.of(e), e);
        }
        if (!root.isObject()) {
            throw new BadInputException(file + ": is not a JSON object. Use the config.json of the model.");
        }
        refuseUnsupported(root, file);
        String modelType = oneOf(root, "model_type", MODEL_TYPES, file);
        ModelConfig config = new ModelConfig(
                modelType,
                size(root, "vocab_size", file),
                size(root, "hidden_size", file),
                size(root, "num_hidden_layers", file),
                size(root, "num_attention_heads", file),
                size(root, "intermediate_size", file),
                size(root, "max_position_embeddings", file),
                size(root, "type_vocab_size", file),
                epsilon(root, file),
                oneOf(root, "hidden_act", ACTIVATIONS, file),
                padTokenId(root, modelType, file));
        check(config, file.toString());
        return config;
    }

    /**
     * Writes a {@code config.json} that {@link #read} and the transformers library both understand.
     *
     * @throws UsageException if the file cannot be written
     */
    public static void write(ModelConfig config, Path file) {
        ObjectNode root = JSON.createObjectNode();
        root.putArray("architectures").add(config.modelType().equals("roberta") ? "RobertaModel" : "BertModel");
        root.put("model_type", config.modelType());
        root.put("vocab_size", config.vocabSize());
        root.put("hidden_size", config.hiddenSize());
        root.put("num_hidden_layers", config.numHiddenLayers());
        root.put("num_attention_heads", config.numAttentionHeads());
        root.put("intermediate_size", config.intermediateSize());
        root.put("max_position_embeddings", config.maxPositionEmbeddings());
        root.put("type_vocab_size", config.typeVocabSize());
        root.put("layer_norm_eps", config.layerNormEps());
        root.put("hidden_act", config.hiddenAct());
        root.put("pad_token_id", config.padTokenId());
        root.put("position_embedding_type", "absolute");
        root.put("torch_dtype", "float32");
        try {
            Files.writeString(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n");
        } catch (IOException e) {
            throw new UsageException(
                    file + ": cannot be written: " + e + ". Check permissions and free space of its directory.", e);
        }
    }

    /**
     * Checks what single values cannot show.
     *
     * @param where the file or archive that the configuration comes from, for the message
     * @throws BadInputException if the values do not fit together
     */
    static void check(ModelConfig config, String where) {
        if (config.numHiddenLayers() > MAX_LAYERS) {
            throw new BadInputException(where + ": num_hidden_layers " + config.numHiddenLayers() + " is more than "
                    + MAX_LAYERS + ". Correct config.json.");
        }
        if (config.hiddenSize() % config.numAttentionHeads() != 0) {
            throw new BadInputException(where + ": num_attention_heads " + config.numAttentionHeads()
                    + " does not divide hidden_size " + config.hiddenSize() + ". Correct config.json.");
        }
        if (config.padTokenId() >= config.vocabSize()) {
            throw new BadInputException(where + ": pad_token_id " + config.padTokenId() + " is not below vocab_size "
                    + config.vocabSize() + ". Correct config.json.");
        }
        if (config.maxLength() < 1) {
            throw new BadInputException(where + ": max_position_embeddings " + config.maxPositionEmbeddings()
                    + " leaves no position after the " + config.positionOffset()
                    + " that come before the first token. Correct config.json.");
        }
    }

    private static void refuseUnsupported(JsonNode root, Path file) {
        String positions = root.path("position_embedding_type").asText("absolute");
        if (!positions.equals("absolute")) {
            throw new BadInputException(file + ": position_embedding_type '" + positions
                    + "' is not supported. Use a model with absolute position embeddings.");
        }
        for (String key : new String[] {"is_decoder", "add_cross_attention"}) {
            if (root.path(key).asBoolean(false)) {
                throw new BadInputException(file + ": " + key + " true is not supported. Use an encoder.");
            }
        }
        if (!root.path("pruned_heads").isEmpty()) {
            throw new BadInputException(file + ": pruned_heads is not supported. Use a model with all its heads.");
        }
    }

    private static String oneOf(JsonNode root, String key, Map<String, String> known, Path file) {
        JsonNode value = required(root, key, file);
        String canonical = value.isTextual() ? known.get(value.textValue()) : null;
        if (canonical == null) {
            throw new BadInputException(file + ": " + key + " " + value + " is not supported. Use a model with one of "
                    + known.keySet().stream().sorted().toList() + ".");
        }
        return canonical;
    }

    private static int size(JsonNode root, String key, Path file) {
        JsonNode value = required(root, key, file);
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 1) {
            throw new BadInputException(file + ": " + key + " is " + value + ", not a whole number from 1.");
        }
        return value.intValue();
    }

    private static double epsilon(JsonNode root, Path file) {
        JsonNode value = root.path("layer_norm_eps");
        if (value.isMissingNode()) {
            return DEFAULT_LAYER_NORM_EPS;
        }
        if (!value.isNumber() || !(value.doubleValue() > 0) || value.doubleValue() >= 1) {
            throw new BadInputException(file + ": layer_norm_eps is " + value + ", not a number between 0 and 1.");
        }
        return value.doubleValue();
    }

    private static int padTokenId(JsonNode root, String modelType, Path file) {
        JsonNode value = root.path("pad_token_id");
        if (value.isMissingNode() || value.isNull()) {
            return modelType.equals("roberta") ? 1 : 0;
        }
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 0) {
            throw new BadInputException(file + ": pad_token_id is " + value + ", not a whole number from 0.");
        }
        return value.intValue();
    }

    private static JsonNode required(JsonNode root, String key, Path file) {
        JsonNode value = root.get(key);
        if (value == null) {
            throw new BadInputException(file + ": the key " + key + " is missing. Use the config.json of the model.");
        }
        return value;
    }
}
