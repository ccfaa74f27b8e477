package org.erat.data.architecture;

import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.erat.data.architecture.Positions.Rotary;
import org.erat.data.architecture.Positions.Rotation;

/**
 * The rotary settings of a {@code config.json}, in both spellings of the transformers library: {@code rope_theta} beside
 * {@code rope_scaling}, and {@code rope_parameters} with both in it.
 */
final class RotarySettings {
    private static final String THETA = "rope_theta";
    private static final String SCALING = "rope_scaling";
    private static final String PARAMETERS = "rope_parameters";
    private static final String FACTOR = "factor";
    private static final String PARTIAL = "partial_rotary_factor";

    /** What the transformers library assumes. */
    private static final double DEFAULT_THETA = 10000;

    private static final Map<String, Function<ConfigJson, RotaryScaling>> TYPES = Map.of(
            "default", settings -> new RotaryScaling.Unscaled(),
            "linear", settings -> new RotaryScaling.Linear(settings.positive(FACTOR)),
            "llama3", RotarySettings::llama3);

    private RotarySettings() {}

    /**
     * Reads and checks them.
     *
     * @param maxLength longest sequence in tokens
     * @throws org.erat.data.BadInputException naming the key and the value if they contradict each other or are not
     *     supported
     */
    static Rotary read(ConfigJson config, int maxLength) {
        Optional<ConfigJson> parameters = config.object(PARAMETERS);
        Optional<ConfigJson> scaling = config.object(SCALING);
        if (parameters.isPresent() && scaling.isPresent() && !parameters.get().hasValuesOf(scaling.get())) {
            throw config.refused(SCALING + " and " + PARAMETERS + " contradict each other. Remove one of them.");
        }
        ConfigJson settings = parameters.or(() -> scaling).orElse(config);
        requireWhole(config);
        requireWhole(settings);
        double theta = settings.positive(THETA, config.positive(THETA, DEFAULT_THETA));
        if (config.positive(THETA, theta) != theta) {
            throw config.refused(THETA + " " + config.positive(THETA, theta) + " contradicts " + PARAMETERS + "."
                    + THETA + " " + theta + ". Remove one of them.");
        }
        return new Rotary(theta, settings == config ? new RotaryScaling.Unscaled() : scaling(settings), maxLength);
    }

    /**
     * The rotation that an object states by itself.
     *
     * @param theta where the object has none
     */
    static Rotation rotation(ConfigJson settings, double theta) {
        requireWhole(settings);
        return new Rotation(settings.positive(THETA, theta), scaling(settings));
    }

    private static void requireWhole(ConfigJson settings) {
        double share = settings.positive(PARTIAL, 1);
        if (share != 1) {
            throw settings.unsupported(PARTIAL, "Use a model that rotates whole heads: 1, or no such key.");
        }
    }

    private static RotaryScaling scaling(ConfigJson settings) {
        String key = settings.has("rope_type") ? "rope_type" : "type";
        if (!settings.has(key) && !settings.has(FACTOR)) {
            return new RotaryScaling.Unscaled();
        }
        return settings.oneOf(key, TYPES).apply(settings);
    }

    private static RotaryScaling llama3(ConfigJson settings) {
        double low = settings.positive("low_freq_factor");
        double high = settings.positive("high_freq_factor");
        if (low >= high) {
            throw settings.refused("low_freq_factor " + low + " is not below high_freq_factor " + high
                    + ". Use the config.json of the model.");
        }
        return new RotaryScaling.Llama3(
                settings.positive(FACTOR), low, high, settings.size("original_max_position_embeddings"));
    }
}
