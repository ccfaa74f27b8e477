package org.erat.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import javax.annotation.Nullable;
import org.erat.data.Json;

/**
 * The origin of an adapter: enough to train it again, and to tell whether another run could have given the same one.
 *
 * @param fingerprint fingerprint of data and base weights, as in {@code config.conf}
 * @param seeds seeds of the run by name
 * @param sha256 SHA-256 of the data set, the base weights, the tokenizer and the configuration
 * @param versions versions by name; {@link Versions#current()} has those of this process
 * @param cluster facts of the cluster by name, such as its master and the number of executors
 * @param spark properties of the Spark application, without secrets
 * @param started when the run was first submitted
 * @param ended when it finished, or null if it has not
 */
public record Provenance(
        String fingerprint,
        Map<String, Long> seeds,
        Map<String, String> sha256,
        Map<String, String> versions,
        Map<String, String> cluster,
        Map<String, String> spark,
        Instant started,
        @Nullable Instant ended) {
    /** Name of the digest of the tokenized data set, {@link org.erat.data.tokenized.Manifest#tokensSha256}. */
    public static final String TOKENS = "tokens";

    private static final String SHA256 = "sha256";
    private static final ObjectMapper JSON = Json.mapper();

    /** The same with an end time. */
    public Provenance endedAt(Instant end) {
        return new Provenance(fingerprint, seeds, sha256, versions, cluster, spark, started, end);
    }

    /** The same with another time of the first submission. */
    Provenance startedAt(Instant start) {
        return new Provenance(fingerprint, seeds, sha256, versions, cluster, spark, start, ended);
    }

    /** When the run of a {@code provenance.json} was first submitted; empty if the file does not have it. */
    static Optional<Instant> startOf(byte[] json) {
        try {
            return Optional.of(Instant.parse(JSON.readTree(json).path("started").asText()));
        } catch (IOException | DateTimeParseException e) {
            return Optional.empty();
        }
    }

    /** A digest in a {@code provenance.json}; empty if the file does not have it, as those of earlier programs may not. */
    static Optional<String> sha256(String json, String name) {
        try {
            return Optional.ofNullable(
                    JSON.readTree(json).path(SHA256).path(name).textValue());
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
    }

    String toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("fingerprint", fingerprint);
        json.put("configuration", "config.conf");
        json.put("metrics", "metrics.jsonl");
        json.put("seeds", new TreeMap<>(seeds));
        json.put(SHA256, new TreeMap<>(sha256));
        json.put("versions", new TreeMap<>(versions));
        json.put("cluster", new TreeMap<>(cluster));
        json.put("spark", new TreeMap<>(spark));
        json.put("started", started.toString());
        json.put("ended", ended == null ? null : ended.toString());
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Text, numbers and maps are always JSON", e);
        }
    }
}
