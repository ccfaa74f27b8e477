package org.erat.export;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.erat.data.BadInputException;
import org.erat.data.FileSignature;
import org.erat.data.Json;
import org.erat.data.JsonReason;
import org.erat.data.safetensors.SafetensorsFile;
import org.erat.data.safetensors.TensorInfo;

/**
 * A directory with a LoRA adapter in PEFT's format, trained by this job or any other program. Written after the behaviour of PEFT 0.21.
 *
 * @param directory for messages
 * @param config {@code adapter_config.json}
 */
record PeftFolder(Path directory, ObjectNode config) {
    private static final ObjectMapper JSON = Json.mapper();

    /** Names of A, each with that of its B: of linear and convolution layers, and of embeddings. */
    private static final Map<String, String> PAIRS =
            Map.of(".lora_A", ".lora_B", ".lora_embedding_A", ".lora_embedding_B");

    /** Initial values that change the base model by the rank, which another rank would undo. */
    private static final List<String> CHANGE_THE_BASE = List.of("pissa", "olora", "corda", "loftq");

    /** Settings with which an adapter is more than a product of two matrices. */
    private static final List<String> OTHER_MATHEMATICS =
            List.of("use_dora", "use_qalora", "use_bdlora", "kasa_config", "velora_config", "monteclora_config");

    private static final String PREFIX = "base_model.model.";

    /**
     * One adapted module.
     *
     * @param path of the module in its model
     * @param keyA name of the tensor A [r, in …]
     * @param keyB name of the tensor B [out, r, 1 …]
     * @param scale factor of B·A
     */
    record Module(String path, String keyA, String keyB, TensorInfo a, TensorInfo b, double scale) {
        int rank() {
            return Math.toIntExact(a.shape()[0]);
        }

        /** Columns of A. */
        int in() {
            return Math.toIntExact(a.elements() / rank());
        }

        /** Rows of B. */
        int out() {
            return Math.toIntExact(b.elements() / rank());
        }
    }

    /**
     * Reads the configuration.
     *
     * @throws BadInputException if it is none of a LoRA adapter, or of one whose rank cannot be changed
     */
    static PeftFolder read(Path directory, FileSystem fs) throws IOException {
        Path file = new Path(directory, AdapterFiles.CONFIG);
        if (!fs.exists(file)) {
            throw new BadInputException(file + ": is missing, so " + directory
                    + " is no adapter in PEFT's format. Name the directory that save_pretrained or export wrote.");
        }
        byte[] bytes;
        try (InputStream in = fs.open(file)) {
            bytes = Json.bytes(in, file.toString());
        }
        try {
            if (!(JSON.readTree(bytes) instanceof ObjectNode config)) {
                throw new BadInputException(file + ": is not a JSON object. Write the adapter again.");
            }
            requireLora(config, file);
            return new PeftFolder(directory, config);
        } catch (JsonProcessingException e) {
            throw FileSignature.explain(
                    file.toString(),
                    bytes,
                    new BadInputException(
                            file + ": is not JSON (" + JsonReason.of(e) + "). Write the adapter again.", e));
        }
    }

    private static void requireLora(ObjectNode config, Path file) {
        String type = config.path("peft_type").asText();
        if (!type.equals("LORA")) {
            throw new BadInputException(
                    file + ": peft_type is '" + type + "'. Only LORA adapters have ranks that can be changed.");
        }
        for (String other : OTHER_MATHEMATICS) {
            JsonNode value = config.path(other);
            if (value.asBoolean() || value.isObject()) {
                throw new BadInputException(file + ": " + other + " is set, so the adapter's output is more than"
                        + " scale·B·A·x. Only plain LoRA can be resized.");
            }
        }
        String initial = config.path("init_lora_weights").asText();
        if (CHANGE_THE_BASE.stream().anyMatch(initial::startsWith)) {
            throw new BadInputException(file + ": init_lora_weights is '" + initial
                    + "', which changes the base model by the rank. Convert the adapter to plain LoRA first:"
                    + " save_pretrained(DIR, path_initial_model_for_weight_conversion=...).");
        }
    }

    /**
     * The modules that have an A and a B in a file of tensors.
     *
     * @throws BadInputException if there are none, or shapes do not fit each other or the configuration
     */
    List<Module> modules(SafetensorsFile file) {
        List<Module> modules = new ArrayList<>();
        for (String key : file.names()) {
            for (Map.Entry<String, String> pair : PAIRS.entrySet()) {
                int at = key.lastIndexOf(pair.getKey() + ".");
                at = at < 0 && key.endsWith(pair.getKey())
                        ? key.length() - pair.getKey().length()
                        : at;
                if (at >= 0) {
                    String rest = key.substring(at + pair.getKey().length());
                    modules.add(module(file, key.substring(0, at), key, key.substring(0, at) + pair.getValue() + rest));
                }
            }
        }
        if (modules.isEmpty()) {
            throw new BadInputException(file.path() + ": holds no lora_A and lora_B. Check that it is an adapter's.");
        }
        return modules;
    }

    private Module module(SafetensorsFile file, String prefixed, String keyA, String keyB) {
        TensorInfo a = file.info(keyA);
        TensorInfo b = file.info(keyB);
        long rank = a.shape().length == 0 ? 0 : a.shape()[0];
        boolean fits = a.shape().length >= 2
                && b.shape().length >= 2
                && b.shape()[1] == rank
                && b.elements() == b.shape()[0] * rank
                && a.elements() > 0
                && b.elements() > 0;
        if (!fits) {
            throw new BadInputException(file.path() + ": shapes of " + keyA + " " + Arrays.toString(a.shape()) + " and "
                    + keyB + " " + Arrays.toString(b.shape()) + " do not fit: [r, in] and [out, r] are expected.");
        }
        String path = prefixed.startsWith(PREFIX) ? prefixed.substring(PREFIX.length()) : prefixed;
        double configured = byPattern("rank_pattern", path, config.path("r").asDouble());
        if (configured != rank) {
            throw new BadInputException(file.path() + ": " + keyA + " has rank " + rank + ", but "
                    + AdapterFiles.CONFIG + " says " + (long) configured
                    + ". Check that the two files belong together.");
        }
        double alpha =
                byPattern("alpha_pattern", path, config.path("lora_alpha").asDouble());
        return new Module(path, keyA, keyB, a, b, alpha / (rootScaled() ? Math.sqrt((double) rank) : (double) rank));
    }

    /** Whether the scale is α/√r and not α/r (rsLoRA). */
    boolean rootScaled() {
        return config.path("use_rslora").asBoolean();
    }

    private double byPattern(String name, String path, double otherwise) {
        JsonNode patterns = config.path(name);
        for (Iterator<String> keys = patterns.fieldNames(); keys.hasNext(); ) {
            String key = keys.next();
            if (matches(key, path, name)) {
                return patterns.get(key).asDouble();
            }
        }
        return otherwise;
    }

    private boolean matches(String key, String path, String name) {
        try {
            return Pattern.matches("(.*\\.)?(" + key + ")", path);
        } catch (PatternSyntaxException e) {
            throw new BadInputException(
                    new Path(directory, AdapterFiles.CONFIG) + ": '" + key + "' in " + name
                            + " is no regular expression: " + e.getDescription() + ".",
                    e);
        }
    }
}
