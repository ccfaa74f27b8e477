package org.erat.data.architecture;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.erat.data.BadInputException;
import org.erat.data.FileSignature;
import org.erat.data.Json;
import org.erat.data.JsonReason;

/**
 * A {@code config.json} of the Hugging Face transformers library, read by type. Every error names the file, the key and
 * the value.
 */
public final class ConfigJson {
    private static final ObjectMapper JSON = Json.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /** Names of the activations of feed-forward parts; the first one is written. */
    private static final Map<Activation, List<String>> ACTIVATIONS = Map.of(
            Activation.GELU, List.of("gelu"),
            Activation.GELU_TANH, List.of("gelu_new", "gelu_pytorch_tanh", "gelu_fast"),
            Activation.RELU, List.of("relu"),
            Activation.SILU, List.of("silu", "swish"));

    private final String where;
    private final byte[] bytes;
    private final JsonNode root;

    private ConfigJson(String where, byte[] bytes, JsonNode root) {
        this.where = where;
        this.bytes = bytes;
        this.root = root;
    }

    /**
     * Reads a file.
     *
     * @throws BadInputException if there is none, or it is not a JSON object
     */
    public static ConfigJson read(Path file) {
        byte[] bytes;
        JsonNode root;
        try {
            bytes = Json.bytes(file);
            root = JSON.readTree(bytes);
        } catch (NoSuchFileException e) {
            throw new BadInputException(file + ": there is no such file. A base model needs its config.json.", e);
        } catch (IOException e) {
            throw FileSignature.explain(
                    file, new BadInputException(file + ": is not readable JSON: " + JsonReason.of(e), e));
        }
        if (!root.isObject()) {
            throw FileSignature.explain(
                    file, new BadInputException(file + ": is not a JSON object. Use the config.json of the model."));
        }
        return new ConfigJson(file.toString(), bytes, root);
    }

    /**
     * A configuration that is not a file.
     *
     * @param where what it was derived from, for messages
     */
    static ConfigJson of(ObjectNode root, String where) {
        try {
            String text = JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
            return new ConfigJson(where, text.getBytes(StandardCharsets.UTF_8), root);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The file, byte by byte. */
    public byte[] bytes() {
        return bytes.clone();
    }

    /** A whole number from 1; the key must be there. */
    int size(String key) {
        JsonNode value = required(key);
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 1) {
            throw refused(key + " is " + value + ", not a whole number from 1.");
        }
        return value.intValue();
    }

    /** A whole number from 0, or {@code absent} where the key is missing or null. */
    int tokenId(String key, int absent) {
        JsonNode value = root.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return absent;
        }
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 0) {
            throw refused(key + " is " + value + ", not a whole number from 0.");
        }
        return value.intValue();
    }

    /** A number between 0 and 1, both excluded, or {@code absent} where the key is missing. */
    double epsilon(String key, double absent) {
        JsonNode value = root.path(key);
        if (value.isMissingNode()) {
            return absent;
        }
        if (!value.isNumber() || !(value.doubleValue() > 0) || value.doubleValue() >= 1) {
            throw refused(key + " is " + value + ", not a number between 0 and 1.");
        }
        return value.doubleValue();
    }

    /** The activation of the feed-forward parts; the key must be there. */
    Activation activation(String key) {
        Map<String, Activation> known = new TreeMap<>();
        ACTIVATIONS.forEach((activation, names) -> names.forEach(name -> known.put(name, activation)));
        return oneOf(key, known);
    }

    /** The name that {@link #activation} reads as {@code activation}. */
    static String nameOf(Activation activation) {
        return ACTIVATIONS.get(activation).get(0);
    }

    /** What one of the names in {@code known} stands for; the key must be there. */
    <T> T oneOf(String key, Map<String, T> known) {
        JsonNode value = required(key);
        T meaning = value.isTextual() ? known.get(value.textValue()) : null;
        if (meaning == null) {
            throw refused(key + " " + value + " is not supported. Use a model with one of "
                    + known.keySet().stream().sorted().toList() + ".");
        }
        return meaning;
    }

    /** Refuses a text other than {@code supported}; a missing key is fine. */
    void requireText(String key, String supported, String fix) {
        String value = root.path(key).asText(supported);
        if (!value.equals(supported)) {
            throw refused(key + " '" + value + "' is not supported. " + fix);
        }
    }

    /** Refuses {@code true}; a missing key is fine. */
    void requireNot(String key, String fix) {
        if (root.path(key).asBoolean(false)) {
            throw refused(key + " true is not supported. " + fix);
        }
    }

    /** Refuses a list or map with something in it; a missing key is fine. */
    void requireEmpty(String key, String fix) {
        if (!root.path(key).isEmpty()) {
            throw refused(key + " is not supported. " + fix);
        }
    }

    /** An error that says where the configuration comes from. */
    BadInputException refused(String reason) {
        return new BadInputException(where + ": " + reason);
    }

    private JsonNode required(String key) {
        JsonNode value = root.get(key);
        if (value == null) {
            throw refused("the key " + key + " is missing. Use the config.json of the model.");
        }
        return value;
    }
}
