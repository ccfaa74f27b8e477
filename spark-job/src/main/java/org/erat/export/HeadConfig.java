package org.erat.export;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import java.util.List;
import java.util.Locale;
import org.erat.data.BadInputException;
import org.erat.data.StrictJson;
import org.erat.data.tokenized.TaskType;
import org.erat.network.EncoderSpec;

/**
 * {@code head_config.json}: what the outputs mean, how the head computes them, and the base model and schedule that the
 * adapter belongs to.
 *
 * @param version of this format, {@link #VERSION}
 * @param pooling {@code mean} over the tokens that are not padding, or {@code first_token}
 * @param activation after the dense layer
 * @param outputs C
 * @param encoder {@link EncoderSpec} as JSON
 */
record HeadConfig(
        int version,
        String task,
        TaskType type,
        List<String> labelNames,
        List<String> metrics,
        String pooling,
        String activation,
        int outputs,
        JsonNode encoder) {
    static final int VERSION = 1;

    private static final ObjectMapper JSON = StrictJson.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .build();

    static HeadConfig of(TrainedAdapter adapter) {
        try {
            return new HeadConfig(
                    VERSION,
                    adapter.task(),
                    adapter.type(),
                    adapter.labelNames(),
                    adapter.metrics(),
                    adapter.spec().pooling().name().toLowerCase(Locale.ROOT),
                    "tanh",
                    adapter.outputs(),
                    JSON.readTree(adapter.spec().toJson()));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("An encoder spec writes JSON", e);
        }
    }

    byte[] toJson() {
        try {
            return JSON.writeValueAsBytes(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Text, numbers and lists are always JSON", e);
        }
    }

    /**
     * Reads what {@link #toJson} wrote.
     *
     * @param place for the message
     */
    static HeadConfig parse(byte[] json, String place) {
        try {
            HeadConfig config = JSON.readValue(json, HeadConfig.class);
            if (config.version != VERSION) {
                throw new BadInputException(place + ": version " + config.version + " is not known, this program reads "
                        + VERSION + ". Read it with the program that wrote it.");
            }
            return config;
        } catch (java.io.IOException e) {
            throw new BadInputException(
                    place + ": is not the description of a task head (" + e.getMessage()
                            + "). Write the adapter again: run train or export again.",
                    e);
        }
    }

    /** The spec of the encoder. */
    EncoderSpec spec(String place) {
        try {
            return EncoderSpec.fromJson(encoder.toString());
        } catch (IllegalArgumentException e) {
            throw new BadInputException(
                    place + ": 'encoder' is not the specification of an encoder (" + e.getCause()
                            + "). Write the adapter again: run train or export again.",
                    e);
        }
    }
}
