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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
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

    /** What messages put before a key: the keys of the objects around it. */
    private final String path;

    private ConfigJson(String where, byte[] bytes, JsonNode root, String path) {
        this.where = where;
        this.bytes = bytes;
        this.root = root;
        this.path = path;
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
        return new ConfigJson(file.toString(), bytes, root, "");
    }

    /**
     * A configuration that is not a file.
     *
     * @param where what it was derived from, for messages
     */
    static ConfigJson of(ObjectNode root, String where) {
        try {
            String text = JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
            return new ConfigJson(where, text.getBytes(StandardCharsets.UTF_8), root, "");
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
            throw refused(path + key + " is " + value + ", not a whole number from 1.");
        }
        return value.intValue();
    }

    /** A whole number from 1, or {@code absent} where the key is missing or null. */
    int size(String key, int absent) {
        return has(key) ? size(key) : absent;
    }

    /** A number above 0; the key must be there. */
    double positive(String key) {
        JsonNode value = required(key);
        if (!value.isNumber() || !(value.doubleValue() > 0) || Double.isInfinite(value.doubleValue())) {
            throw refused(path + key + " is " + value + ", not a number above 0.");
        }
        return value.doubleValue();
    }

    /** A number above 0, or {@code absent} where the key is missing or null. */
    double positive(String key, double absent) {
        return has(key) ? positive(key) : absent;
    }

    /** True or false, or {@code absent} where the key is missing or null. */
    boolean flag(String key, boolean absent) {
        if (!has(key)) {
            return absent;
        }
        JsonNode value = root.get(key);
        if (!value.isBoolean()) {
            throw refused(path + key + " is " + value + ", not true or false.");
        }
        return value.booleanValue();
    }

    /** Whether the key is there and is not null. */
    boolean has(String key) {
        return root.hasNonNull(key);
    }

    /** Whether the key is there and is null. */
    boolean isNull(String key) {
        return root.path(key).isNull();
    }

    /** The texts of a list. */
    List<String> texts(String key) {
        List<String> texts = new ArrayList<>();
        required(key).forEach(text -> texts.add(text.asText()));
        return texts;
    }

    /** The object under a key, whose errors name both keys; empty where the key is missing or null. */
    Optional<ConfigJson> object(String key) {
        if (!has(key)) {
            return Optional.empty();
        }
        if (!root.get(key).isObject()) {
            throw refused(path + key + " is " + root.get(key) + ", not an object.");
        }
        return Optional.of(new ConfigJson(where, bytes, root.get(key), path + key + "."));
    }

    /** Whether each key of {@code other} has the same value here. */
    boolean hasValuesOf(ConfigJson other) {
        return other.root.properties().stream()
                .allMatch(entry -> entry.getValue().equals(root.get(entry.getKey())));
    }

    /** A whole number from 0, or {@code absent} where the key is missing or null. */
    int count(String key, int absent) {
        if (!has(key)) {
            return absent;
        }
        JsonNode value = root.get(key);
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 0) {
            throw refused(key + " is " + value + ", not a whole number from 0.");
        }
        return value.intValue();
    }

    /** The first of one or several token ids; empty where the key is missing or null, or its number is negative. */
    OptionalInt firstTokenId(String key) {
        JsonNode value = root.path(key).isArray() ? root.path(key).path(0) : root.path(key);
        if (!value.isMissingNode() && !value.isNull() && !value.canConvertToInt()) {
            throw refused(path + key + " is " + value + ", not a whole number.");
        }
        int id = value.asInt(-1);
        return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
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
            throw refused(path + key + " " + value + " is not supported. Use a model with one of "
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

    /** Refuses any value; a missing key or null is fine. */
    void requireAbsent(String key, String fix) {
        if (has(key)) {
            throw unsupported(key, fix);
        }
    }

    /** The error of a value that is not supported. */
    BadInputException unsupported(String key, String fix) {
        return refused(path + key + " " + root.get(key) + " is not supported. " + fix);
    }

    /** Refuses a list or map with something in it; a missing key is fine. */
    void requireEmpty(String key, String fix) {
        if (!root.path(key).isEmpty()) {
            throw refused(key + " is not supported. " + fix);
        }
    }

    /** An error that says where the configuration comes from. */
    public BadInputException refused(String reason) {
        return new BadInputException(where + ": " + reason);
    }

    private JsonNode required(String key) {
        JsonNode value = root.get(key);
        if (value == null) {
            throw refused("the key " + path + key + " is missing. Use the config.json of the model.");
        }
        return value;
    }
}
