package org.erat.export;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.regex.Pattern;
import org.erat.data.safetensors.SafetensorsFile;

/**
 * What PEFT makes of a directory: a rank and an α for each module by the patterns of {@code adapter_config.json}, and
 * ΔW = α/r · B·A. Written after the behaviour of PEFT, in plain loops over doubles.
 */
final class PeftReader implements AutoCloseable {
    /** How a version of PEFT turns the key of a pattern into an expression over a module's path. */
    enum Version {
        /** Up to 0.14: something and a dot come before. */
        OLD(".*\\.%s"),
        /** From 0.15: whole path, or after a dot. */
        NEW("(.*\\.)?(%s)");

        private final String expression;

        Version(String expression) {
            this.expression = expression;
        }
    }

    private final JsonNode config;
    private final SafetensorsFile tensors;
    private final Version version;

    PeftReader(Path directory, Version version) throws IOException {
        this.config = new ObjectMapper()
                .readTree(directory.resolve("adapter_config.json").toFile());
        this.tensors = SafetensorsFile.open(directory.resolve("adapter_model.safetensors"));
        this.version = version;
    }

    JsonNode config() {
        return config;
    }

    SafetensorsFile tensors() {
        return tensors;
    }

    /** Whether PEFT puts an adapter on the module. */
    boolean adapts(String module) {
        for (JsonNode target : config.get("target_modules")) {
            if (module.equals(target.asText()) || module.endsWith("." + target.asText())) {
                return true;
            }
        }
        return false;
    }

    int rank(String module) {
        return (int) byPattern("rank_pattern", module, config.get("r").asDouble());
    }

    double alpha(String module) {
        return byPattern("alpha_pattern", module, config.get("lora_alpha").asDouble());
    }

    /** ΔW [out,in] of a module. */
    double[][] delta(String module, int out, int in) {
        int rank = rank(module);
        FloatBuffer a = tensors.requireFloats("base_model.model." + module + ".lora_A.weight", rank, in);
        FloatBuffer b = tensors.requireFloats("base_model.model." + module + ".lora_B.weight", out, rank);
        double scale = alpha(module) / rank;
        double[][] delta = new double[out][in];
        for (int o = 0; o < out; o++) {
            for (int i = 0; i < in; i++) {
                for (int r = 0; r < rank; r++) {
                    delta[o][i] += scale * b.get(o * rank + r) * a.get(r * in + i);
                }
            }
        }
        return delta;
    }

    private double byPattern(String name, String module, double otherwise) {
        Iterator<String> keys = config.get(name).fieldNames();
        while (keys.hasNext()) {
            String key = keys.next();
            if (Pattern.matches(String.format(version.expression, key), module)) {
                return config.get(name).get(key).asDouble();
            }
        }
        return otherwise;
    }

    @Override
    public void close() {
        tensors.close();
    }
}
