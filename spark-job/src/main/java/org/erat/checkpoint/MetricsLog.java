package org.erat.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.Path;
import org.erat.data.Json;
import org.erat.data.storage.Storage;

/** {@code metrics.jsonl}: JSON lines, each with the round that it belongs to. */
public final class MetricsLog {
    private static final ObjectMapper JSON = Json.mapper();
    private static final TypeReference<Map<String, Object>> LINE = new TypeReference<>() {};

    private final Storage storage;
    private final Path file;

    MetricsLog(Storage storage, Path file) {
        this.storage = storage;
        this.file = file;
    }

    /**
     * Adds a line.
     *
     * @param round the round that the values belong to, from 1
     * @param values what was measured; values are numbers, text, lists or maps
     * @throws ResumableException if the line cannot be written
     */
    public void append(int round, Map<String, ?> values) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("round", round);
        line.putAll(values);
        try {
            storage.append(file, bytes(line));
        } catch (IOException e) {
            throw cannot("written", e);
        }
    }

    /**
     * All complete lines, oldest first.
     *
     * @throws ResumableException if the file cannot be read
     */
    public List<Map<String, Object>> read() {
        try {
            if (!storage.exists(file)) {
                return List.of();
            }
            List<Map<String, Object>> lines = new ArrayList<>();
            new String(storage.read(file), StandardCharsets.UTF_8).lines().forEach(line -> parse(line, lines));
            return lines;
        } catch (IOException e) {
            throw cannot("read", e);
        }
    }

    /** Removes the lines of rounds after {@code round}, which will be trained again. */
    void truncateAfter(int round) {
        ByteArrayOutputStream kept = new ByteArrayOutputStream();
        try {
            if (!storage.exists(file)) {
                return;
            }
            for (Map<String, Object> line : read()) {
                if (line.get("round") instanceof Number at && at.intValue() <= round) {
                    kept.writeBytes(bytes(line));
                }
            }
            storage.writeAtomically(file, kept::writeTo);
        } catch (IOException e) {
            throw cannot("written", e);
        }
    }

    private static void parse(String line, List<Map<String, Object>> lines) {
        if (line.isBlank()) {
            return;
        }
        try {
            lines.add(JSON.readValue(line, LINE));
        } catch (JsonProcessingException e) {
            // The process was killed while it wrote this line, and the round is trained again.
            return;
        }
    }

    private static byte[] bytes(Map<String, ?> line) throws JsonProcessingException {
        return (JSON.writeValueAsString(line) + "\n").getBytes(StandardCharsets.UTF_8);
    }

    private ResumableException cannot(String what, IOException e) {
        return new ResumableException(
                "Metrics " + file + " cannot be " + what + ": " + e.getMessage()
                        + ". Make room or give permission there and submit the same command again.",
                e);
    }
}
