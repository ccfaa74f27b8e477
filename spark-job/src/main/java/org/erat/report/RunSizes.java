package org.erat.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import org.erat.data.BadInputException;
import org.erat.data.Json;

/**
 * How large a run is, known before it begins: what {@code sizes.json} holds.
 *
 * @param task name of the task
 * @param rounds of the whole run
 * @param localSteps of a round and shard, at most
 * @param shards of the training data
 * @param examples to train on
 * @param adapterParameters values of all A and B
 * @param headParameters values of the task head
 * @param optimizerValues values of the optimizer's state that travel with a round
 * @param rowCounts counts of trained rows that a shard sends with a round
 * @param modelBytes size of the base model's weights
 * @param adapterBytes of all A and B on their way
 * @param headBytes of the task head on its way
 * @param optimizerBytes of the optimizer's state on its way
 */
public record RunSizes(
        String task,
        int rounds,
        int localSteps,
        int shards,
        long examples,
        long adapterParameters,
        long headParameters,
        long optimizerValues,
        long rowCounts,
        long modelBytes,
        long adapterBytes,
        long headBytes,
        long optimizerBytes) {
    /** Files of earlier versions, in which every value was a float, do not tell bytes. */
    public RunSizes {
        if (adapterBytes == 0) {
            adapterBytes = Float.BYTES * adapterParameters;
            headBytes = Float.BYTES * headParameters;
            optimizerBytes = Float.BYTES * optimizerValues;
        }
    }

    /** Name of the file in a run directory. */
    public static final String FILE = "sizes.json";

    private static final ObjectMapper JSON = Json.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    /** Bytes that a worker receives in a round. */
    public long bytesDown() {
        return adapterBytes + headBytes + optimizerBytes;
    }

    /** Bytes that a shard sends in a round, at most. */
    public long bytesUp() {
        return bytesDown() + Integer.BYTES * rowCounts;
    }

    /** This as the text of a file. */
    public String toJson() {
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(this) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Text and numbers are always JSON", e);
        }
    }

    /**
     * Reads what {@link #toJson} wrote.
     *
     * @param place where the text is from, for the message
     * @throws BadInputException if it is something else
     */
    static RunSizes parse(String json, String place) {
        try {
            return JSON.readValue(json, RunSizes.class);
        } catch (JsonProcessingException e) {
            throw new BadInputException(place + ": cannot be used: " + e.getOriginalMessage() + ". Remove it.", e);
        }
    }
}
