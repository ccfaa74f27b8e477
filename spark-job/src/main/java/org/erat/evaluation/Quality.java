package org.erat.evaluation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.erat.data.BadInputException;

/**
 * Quality of an adapter by rank: what {@code evaluation.json} holds.
 *
 * @param task name of the task
 * @param metric the metric to rank by
 * @param aurac area under {@code metric} by prefix rank, divided by the range of ranks
 * @param prefix quality with the rows [0,b), ascending by b; at least one
 * @param suffix quality with the rows [R−b,R), ascending by b; may be empty
 */
public record Quality(String task, String metric, double aurac, List<RankQuality> prefix, List<RankQuality> suffix) {
    private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    /** Name of the file in a run directory. */
    public static final String FILE = "evaluation.json";

    public Quality {
        prefix = List.copyOf(prefix);
        suffix = List.copyOf(suffix);
    }

    /** The quality with its AURAC. */
    static Quality of(String task, String metric, List<RankQuality> prefix, List<RankQuality> suffix) {
        return new Quality(task, metric, Aurac.of(prefix, metric), prefix, suffix);
    }

    /** This as the text of an {@code evaluation.json}. */
    public String toJson() {
        ObjectNode root = JSON.createObjectNode();
        root.put("task", task);
        root.put("metric", metric);
        root.put("aurac", aurac);
        putEntries(root.putArray("prefix"), prefix);
        putEntries(root.putArray("suffix"), suffix);
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
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
    public static Quality parse(String json, String place) {
        try {
            JsonNode root = JSON.readTree(json);
            return new Quality(
                    required(root, "task", place).asText(),
                    required(root, "metric", place).asText(),
                    required(root, "aurac", place).asDouble(),
                    entries(required(root, "prefix", place), place),
                    entries(required(root, "suffix", place), place));
        } catch (JsonProcessingException e) {
            throw new BadInputException(
                    place + ": is not JSON: " + e.getOriginalMessage() + ". Run evaluate again.", e);
        }
    }

    private static void putEntries(ArrayNode into, List<RankQuality> entries) {
        for (RankQuality entry : entries) {
            ObjectNode node = into.addObject().put("rank", entry.rank());
            entry.metrics().forEach(node::put);
        }
    }

    private static List<RankQuality> entries(JsonNode array, String place) {
        List<RankQuality> entries = new ArrayList<>();
        for (JsonNode node : array) {
            Map<String, Double> metrics = new LinkedHashMap<>();
            node.fields()
                    .forEachRemaining(field ->
                            metrics.put(field.getKey(), field.getValue().asDouble()));
            metrics.remove("rank");
            entries.add(new RankQuality(required(node, "rank", place).asInt(), metrics));
        }
        return entries;
    }

    private static JsonNode required(JsonNode node, String key, String place) {
        JsonNode value = node.get(key);
        if (value == null) {
            throw new BadInputException(place + ": '" + key + "' is missing. Run evaluate again.");
        }
        return value;
    }
}
