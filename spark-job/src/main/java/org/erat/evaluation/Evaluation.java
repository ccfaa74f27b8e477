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
import org.erat.data.Json;

/**
 * Metrics of an adapter by rank: what {@code evaluation.json} holds.
 *
 * @param task name of the task
 * @param metric the metric to rank by
 * @param aurac area under {@code metric} by prefix rank, divided by the range of ranks
 * @param prefix metrics with the rows [0,b), ascending by b; at least one
 * @param suffix metrics with the rows [R−b,R), ascending by b; may be empty
 */
public record Evaluation(String task, String metric, double aurac, List<RankMetrics> prefix, List<RankMetrics> suffix) {
    private static final ObjectMapper JSON = Json.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /** Name of the file in a run directory. */
    public static final String FILE = "evaluation.json";

    public Evaluation {
        prefix = List.copyOf(prefix);
        suffix = List.copyOf(suffix);
    }

    /** The metrics with their AURAC. */
    static Evaluation of(String task, String metric, List<RankMetrics> prefix, List<RankMetrics> suffix) {
        return new Evaluation(task, metric, Aurac.of(prefix, metric), prefix, suffix);
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
    public static Evaluation parse(String json, String place) {
        try {
            JsonNode root = JSON.readTree(json);
            return new Evaluation(
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

    private static void putEntries(ArrayNode into, List<RankMetrics> entries) {
        for (RankMetrics entry : entries) {
            ObjectNode node = into.addObject().put("rank", entry.rank());
            entry.metrics().forEach(node::put);
        }
    }

    private static List<RankMetrics> entries(JsonNode array, String place) {
        List<RankMetrics> entries = new ArrayList<>();
        for (JsonNode node : array) {
            Map<String, Double> metrics = new LinkedHashMap<>();
            node.fields()
                    .forEachRemaining(field ->
                            metrics.put(field.getKey(), field.getValue().asDouble()));
            metrics.remove("rank");
            entries.add(new RankMetrics(required(node, "rank", place).asInt(), metrics));
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
