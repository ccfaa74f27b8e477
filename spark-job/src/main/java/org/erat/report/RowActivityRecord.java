package org.erat.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Arrays;
import org.erat.data.BadInputException;
import org.erat.data.Json;

/**
 * How often each row of each block was trained so far: what {@code row-activity.json} holds.
 *
 * @param round rounds that are counted
 * @param weights n[block][row]: weight of the steps in which a row was trained, over the shards and the block's adapters
 */
public record RowActivityRecord(int round, long[][] weights) {
    /** Name of the file in a run directory. */
    public static final String FILE = "row-activity.json";

    private static final ObjectMapper JSON = Json.mapper();

    public RowActivityRecord {
        if (Arrays.stream(weights).anyMatch(rows -> rows.length != weights[0].length)) {
            throw new IllegalArgumentException("Blocks have different numbers of rows");
        }
    }

    /** Before any round. */
    public static final RowActivityRecord NONE = new RowActivityRecord(0, new long[0][]);

    /**
     * With one more round.
     *
     * @param ofRound n[block][row]
     */
    public RowActivityRecord plus(int nextRound, long[]... ofRound) {
        long[][] sum = Arrays.stream(ofRound).map(long[]::clone).toArray(long[][]::new);
        for (int block = 0; block < weights.length; block++) {
            for (int row = 0; row < weights[block].length; row++) {
                sum[block][row] += weights[block][row];
            }
        }
        return new RowActivityRecord(nextRound, sum);
    }

    /** This as one line of JSON. */
    public String toJson() {
        try {
            return JSON.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Numbers are always JSON", e);
        }
    }

    /**
     * Reads what {@link #toJson} wrote.
     *
     * @param place where the text is from, for the message
     * @throws BadInputException if it is something else
     */
    public static RowActivityRecord parse(String json, String place) {
        try {
            return JSON.readValue(json, RowActivityRecord.class);
        } catch (JsonProcessingException e) {
            throw new BadInputException(place + ": cannot be used: " + e.getOriginalMessage() + ". Remove it.", e);
        }
    }
}
