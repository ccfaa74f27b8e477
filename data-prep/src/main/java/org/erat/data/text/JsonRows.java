package org.erat.data.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.erat.data.BadInputException;

/** Rows of a file with a JSON object a line. */
final class JsonRows implements TextRows {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private final TextTask task;
    private final Utf8Lines lines;

    JsonRows(TextTask task, Utf8Lines lines) {
        this.task = task;
        this.lines = lines;
    }

    @Override
    public TextRow read() throws IOException {
        for (String line = lines.next(); line != null; line = lines.next()) {
            if (!line.isBlank()) {
                JsonNode row = parsed(line);
                return new TextRow(
                        text(row, task.text()),
                        task.textPair() == null ? null : text(row, task.textPair()),
                        label(row, task.label()));
            }
        }
        return null;
    }

    @Override
    public String place() {
        return lines.file() + ", line " + lines.lineNumber();
    }

    @Override
    public void close() throws IOException {
        lines.close();
    }

    private JsonNode parsed(String line) {
        try {
            JsonNode row = JSON.readTree(line);
            if (row.isObject()) {
                return row;
            }
            throw new BadInputException(String.format(
                    "%s is not a JSON object: write {\"%s\": …, \"%s\": …} on each line",
                    place(), task.text(), task.label()));
        } catch (JsonProcessingException e) {
            throw new BadInputException(
                    String.format(
                            "%s is not JSON: %s (column %d)",
                            place(),
                            e.getOriginalMessage(),
                            e.getLocation() == null ? 0 : e.getLocation().getColumnNr()),
                    e);
        }
    }

    private String text(JsonNode row, String key) {
        JsonNode value = value(row, key);
        if (!value.isTextual()) {
            throw new BadInputException(String.format("%s: '%s' is %s and not a string", place(), key, value));
        }
        return value.textValue();
    }

    private String label(JsonNode row, String key) {
        JsonNode value = value(row, key);
        if (!value.isValueNode() || value.isNull()) {
            throw new BadInputException(
                    String.format("%s: '%s' is %s; a label is a string, a number, true or false", place(), key, value));
        }
        return value.asText();
    }

    private JsonNode value(JsonNode row, String key) {
        JsonNode value = row.get(key);
        if (value == null) {
            throw Columns.missing(key, names(row), place());
        }
        return value;
    }

    private static List<String> names(JsonNode row) {
        List<String> names = new ArrayList<>();
        row.fieldNames().forEachRemaining(names::add);
        return names;
    }
}
