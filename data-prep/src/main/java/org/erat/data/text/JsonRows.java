package org.erat.data.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import javax.annotation.Nullable;
import org.apache.commons.lang3.StringUtils;
import org.erat.data.BadInputException;
import org.erat.data.Json;
import org.erat.data.JsonFields;
import org.erat.data.JsonReason;

/** Rows of a file with a JSON object a line. */
final class JsonRows implements TextRows {
    private static final ObjectMapper JSON = Json.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            // What Python writes for a missing number.
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();

    /** How a file begins that is one array of objects, in one line or in many. */
    private static final Pattern ARRAY = Pattern.compile("\\s*\\[\\s*(\\{.*)?", Pattern.DOTALL);

    /** A value may be as long as a line. */
    private static final int LONGEST_SHOWN = 100;

    private final TextTask task;
    private final KeptColumns keep;
    private final Utf8Lines lines;
    private String line = "";

    JsonRows(TextTask task, KeptColumns keep, Utf8Lines lines) {
        this.task = task;
        this.keep = keep;
        this.lines = lines;
    }

    @Override
    public TextRow read() throws IOException {
        JsonNode row = object();
        return row == null ? null : textRow(row).keeping(kept());
    }

    private TextRow textRow(JsonNode row) {
        if (task.columns() instanceof TextColumns.OfMessages) {
            return TextRow.of(list(row, task.text(), "messages").toString(), null, null);
        }
        if (task.type().hasWords()) {
            return new TextRow(words(row), task.label() == null ? List.of() : labels(row, "labels, one per word"));
        }
        if (task.type().hasLabelSets()) {
            return TextRow.ofLabelSet(
                    text(row, task.text()),
                    task.textPair() == null ? null : text(row, task.textPair()),
                    task.label() == null ? List.of() : labels(row, "labels"));
        }
        return TextRow.of(
                text(row, task.text()),
                task.textPair() == null ? null : text(row, task.textPair()),
                task.label() == null ? null : label(row, task.label()));
    }

    /** What the row has of the columns that are kept; null where none are. */
    @Nullable
    private Map<String, String> kept() throws IOException {
        if (keep.isEmpty()) {
            return null;
        }
        Map<String, String> fields = JsonFields.of(line);
        Map<String, String> columns = new LinkedHashMap<>();
        keep.among(List.copyOf(fields.keySet())).forEach(name -> columns.put(name, fields.get(name)));
        return columns;
    }

    /** The object of the next line that is not blank, whatever it holds, or null after the last. */
    JsonNode object() throws IOException {
        if (lines.lineNumber() == 0 && ARRAY.matcher(lines.head()).matches()) {
            throw new BadInputException(String.format(
                    "%s is one JSON array; jsonl has one object a line. Write it so, for example by %s",
                    lines.file(), lines.filtered("jq -c '.[]'")));
        }
        for (String next = lines.next(); next != null; next = lines.next()) {
            if (!next.isBlank()) {
                line = next;
                return parsed(next);
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
        } catch (JsonEOFException | MismatchedInputException e) {
            throw new BadInputException(
                    String.format(
                            "%s is not JSON: %s. Write one whole object a line, for example by %s",
                            place(),
                            e instanceof JsonEOFException
                                    ? "the line ends before its object does"
                                    : "something follows the object",
                            lines.filtered("jq -c .")),
                    e);
        } catch (JsonProcessingException e) {
            throw new BadInputException(
                    String.format(
                            "%s is not JSON: %s. Mend the line, or check the format", place(), JsonReason.ofLine(e)),
                    e);
        }
    }

    /** The string under {@code key}. */
    String text(JsonNode row, String key) {
        return string(value(row, key), "'" + key + "'");
    }

    /** The string that {@code value} is; {@code what} it is, for the message. */
    private String string(JsonNode value, String what) {
        if (value.isTextual()) {
            return value.textValue();
        }
        String fix = "write one string";
        if (value.isNull()) {
            fix = "leave out the row, or write \"\"";
        } else if (value.isValueNode()) {
            fix = "put it in quotes: \"" + value.asText() + "\"";
        }
        throw new BadInputException(
                String.format("%s: %s is %s and not a string; %s", place(), what, shown(value), fix));
    }

    /** The strings of the task's text, which is a list. */
    List<String> words(JsonNode row) {
        List<String> words = new ArrayList<>();
        for (JsonNode word : list(row, task.text(), "strings, one per word")) {
            words.add(string(word, "word " + (words.size() + 1) + " of '" + task.text() + "'"));
        }
        return words;
    }

    /** The labels of the words, or of the example; null where there is none. */
    private List<String> labels(JsonNode row, String of) {
        List<String> labels = new ArrayList<>();
        for (JsonNode label : list(row, task.label(), of)) {
            labels.add(label(label, "label " + (labels.size() + 1) + " of '" + task.label() + "'", ""));
        }
        return labels;
    }

    private JsonNode list(JsonNode row, String key, String of) {
        JsonNode value = value(row, key);
        if (!value.isArray()) {
            throw new BadInputException(String.format(
                    "%s: '%s' is %s and not a list of %s; write it as [%s, …]",
                    place(),
                    key,
                    shown(value),
                    of,
                    of.equals("messages") ? "{\"role\": \"…\", \"content\": \"…\"}" : "\"…\""));
        }
        return value;
    }

    private String label(JsonNode row, String key) {
        return label(
                value(row, key),
                "'" + key + "'",
                "; for a label per word give --words, --labels and --type token-classification, for several labels of a text"
                        + " --text, --labels and --type multi-label-classification");
    }

    /** The label that {@code value} is, null for none; {@code what} it is and what else may be meant, for the message. */
    private String label(JsonNode value, String what, String otherwise) {
        if (!value.isValueNode()) {
            throw new BadInputException(String.format(
                    "%s: %s is %s; a label is a string, a number, true or false. Write one of these%s",
                    place(), what, shown(value), otherwise));
        }
        return value.isNull() ? null : value.asText();
    }

    private static String shown(JsonNode value) {
        return StringUtils.abbreviate(value.toString(), LONGEST_SHOWN);
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
