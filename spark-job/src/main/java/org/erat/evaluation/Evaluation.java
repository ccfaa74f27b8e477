package org.erat.evaluation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.erat.config.OrderChoice;
import org.erat.config.RowOrder;
import org.erat.data.BadInputException;
import org.erat.data.Json;

/**
 * Metrics of an adapter by rank: what {@code evaluation.json} holds.
 *
 * @param task name of the task
 * @param metric the metric to rank by
 * @param prefixes metrics with the rows [0,b), ascending by b, 0 being the base model without the adapter, in each order of the rows that was measured; at least one
 *     of either
 * @param suffix metrics with the rows [R−b,R) as trained, ascending by b; may be empty
 * @param recommended the rank to take; none in files from before there was one
 */
public record Evaluation(
        String task,
        Metric metric,
        Map<RowOrder, List<RankMetrics>> prefixes,
        List<RankMetrics> suffix,
        Optional<Recommendation> recommended) {
    private static final ObjectMapper JSON = Json.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /** Name of the file in a run directory. */
    public static final String FILE = "evaluation.json";

    private static final String RECOMMENDED = "recommended";

    public Evaluation {
        prefixes = Collections.unmodifiableMap(new EnumMap<>(prefixes));
        suffix = List.copyOf(suffix);
    }

    /** Area under {@link #metric} by prefix rank, divided by the range of ranks, in an order that was measured. */
    public double aurac(RowOrder order) {
        return Aurac.of(
                prefixes.get(order).stream().filter(entry -> entry.rank() > 0).toList(), metric.toString());
    }

    /** The order that was measured to be better at a rank, as trained where they are alike; none where neither was. */
    public Optional<RowOrder> better(int rank) {
        return prefixes.keySet().stream()
                .filter(order -> quality(order, rank).isPresent())
                .max(Comparator.<RowOrder>comparingDouble(
                                order -> quality(order, rank).orElseThrow())
                        .thenComparing(Comparator.reverseOrder()));
    }

    /**
     * The order of the rows to use where several may be: the better one by what was measured, else as trained.
     *
     * @param measured what was measured; asked for only where there is a choice
     * @param better chooses by it
     */
    public static RowOrder chosen(
            OrderChoice choice,
            Supplier<Optional<Evaluation>> measured,
            Function<Evaluation, Optional<RowOrder>> better) {
        return choice.orders().size() == 1
                ? choice.orders().get(0)
                : measured.get().flatMap(better).orElse(RowOrder.TRAINED);
    }

    /** The same with more metrics of the prefixes. */
    Evaluation withPrefixes(Map<RowOrder, List<RankMetrics>> others) {
        return new Evaluation(task, metric, others, suffix, recommended);
    }

    /** The standard error of the metric at a rank. */
    @FunctionalInterface
    interface StandardError {
        double at(RowOrder order, int rank);
    }

    /** The same with the rank to take. */
    Evaluation withRecommendation(StandardError standardError) {
        List<Integer> ranks = prefixes.values().iterator().next().stream()
                .map(RankMetrics::rank)
                .filter(rank -> rank > 0)
                .toList();
        int best = ranks.stream()
                .max(Comparator.<Integer>comparingDouble(this::quality).thenComparing(Comparator.reverseOrder()))
                .orElseThrow();
        double error = standardError.at(better(best).orElseThrow(), best);
        int rank = ranks.stream()
                .filter(candidate -> quality(candidate) >= quality(best) - error)
                .findFirst()
                .orElseThrow();
        Recommendation choice = new Recommendation(rank, better(rank).orElseThrow(), error);
        return new Evaluation(task, metric, prefixes, suffix, Optional.of(choice));
    }

    private double quality(int rank) {
        return quality(better(rank).orElseThrow(), rank).orElseThrow();
    }

    /** The metric at a rank that was measured, in the better order there. */
    double value(int rank) {
        // The sign of the metric, taken twice, is none.
        return metric.higherIsBetter(quality(rank));
    }

    /** The order with the better {@link #aurac}, as trained where they are alike. */
    public Optional<RowOrder> better() {
        return prefixes.keySet().stream()
                .max(Comparator.<RowOrder>comparingDouble(order -> metric.higherIsBetter(aurac(order)))
                        .thenComparing(Comparator.reverseOrder()));
    }

    /** The metric with the sign that makes higher better. */
    private Optional<Double> quality(RowOrder order, int rank) {
        return prefixes.get(order).stream()
                .filter(entry -> entry.rank() == rank)
                .map(entry -> metric.higherIsBetter(entry.value(metric.toString())))
                .findFirst();
    }

    /** This as the text of an {@code evaluation.json}. */
    public String toJson() {
        ObjectNode root = JSON.createObjectNode();
        root.put("task", task);
        root.put("metric", metric.toString());
        prefixes.forEach((order, entries) -> {
            root.put(auracKey(order), aurac(order));
            putEntries(root.putArray(key(order)), entries);
        });
        putEntries(root.putArray("suffix"), suffix);
        recommended.ifPresent(choice -> root.putObject(RECOMMENDED)
                .put("rank", choice.rank())
                .put("order", choice.order().key())
                .put("standard_error", choice.standardError()));
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Text and numbers are always JSON", e);
        }
    }

    private static String key(RowOrder order) {
        return order == RowOrder.TRAINED ? "prefix" : order.key().replace('-', '_');
    }

    private static String auracKey(RowOrder order) {
        return order == RowOrder.TRAINED ? "aurac" : key(order) + "_aurac";
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
            Map<RowOrder, List<RankMetrics>> prefixes = new EnumMap<>(RowOrder.class);
            for (RowOrder order : RowOrder.values()) {
                if (root.has(key(order))) {
                    prefixes.put(order, entries(root.get(key(order)), place));
                }
            }
            if (prefixes.isEmpty()) {
                required(root, key(RowOrder.TRAINED), place);
            }
            return new Evaluation(
                    required(root, "task", place).asText(),
                    Metric.named(required(root, "metric", place).asText(), place),
                    prefixes,
                    entries(required(root, "suffix", place), place),
                    recommendation(root, place));
        } catch (JsonProcessingException e) {
            throw new BadInputException(
                    place + ": is not JSON: " + e.getOriginalMessage() + ". Run evaluate again.", e);
        }
    }

    private static Optional<Recommendation> recommendation(JsonNode root, String place) {
        if (!root.has(RECOMMENDED)) {
            return Optional.empty();
        }
        JsonNode node = root.get(RECOMMENDED);
        String key = required(node, "order", place).asText();
        RowOrder order = Arrays.stream(RowOrder.values())
                .filter(known -> known.key().equals(key))
                .findFirst()
                .orElseThrow(() -> new BadInputException(place + ": order '" + key + "' is not known."));
        return Optional.of(new Recommendation(
                required(node, "rank", place).asInt(),
                order,
                required(node, "standard_error", place).asDouble()));
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
