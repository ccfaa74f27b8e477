package org.erat.data.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
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
            // What Python writes for a missing number.
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
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
                if (task.type().perToken()) {
                    return new TextRow(words(row), task.label() == null ? List.of() : labels(row));
                }
                return TextRow.of(
                        text(row, task.text()),
                        task.textPair() == null ? null : text(row, task.textPair()),
                        task.label() == null ? null : label(row, task.label()));
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
            throw new BadInputException(
                    String.format("%s is not a JSON object: write {\"%s\": …, …} on each line", place(), task.text()));
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

    private List<String> words(JsonNode row) {
        List<String> words = new ArrayList<>();
        for (JsonNode word : list(row, task.text(), "strings")) {
            if (!word.isTextual()) {
                throw new BadInputException(String.format(
                        "%s: word %d of '%s' is %s and not a string", place(), words.size() + 1, task.text(), word));
            }
            words.add(word.textValue());
        }
        return words;
    }

    /** The labels of the words; null where there is none. */
    private List<String> labels(JsonNode row) {
        List<String> labels = new ArrayList<>();
        for (JsonNode label : list(row, task.label(), "labels")) {
            if (!label.isValueNode()) {
                throw new BadInputException(String.format(
                        "%s: label %d of '%s' is %s; a label is a string, a number, true or false",
                        place(), labels.size() + 1, task.label(), label));
            }
            labels.add(label.isNull() ? null : label.asText());
        }
        return labels;
    }

    private JsonNode list(JsonNode row, String key, String of) {
        JsonNode value = value(row, key);
        if (!value.isArray()) {
            throw new BadInputException(
                    String.format("%s: '%s' is %s and not a list of %s, one per word", place(), key, value, of));
        }
        return value;
    }

    private String label(JsonNode row, String key) {
        JsonNode value = value(row, key);
        if (!value.isValueNode()) {
            throw new BadInputException(
                    String.format("%s: '%s' is %s; a label is a string, a number, true or false", place(), key, value));
        }
        return value.isNull() ? null : value.asText();
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
