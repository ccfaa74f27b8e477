package org.erat.data.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.erat.data.BadInputException;
import org.erat.data.Json;
import org.erat.data.JsonReason;

/** Prompts from a file with a JSON object a line. */
public final class PromptFile {
    private static final ObjectMapper JSON = Json.mapper();

    private PromptFile() {}

    /**
     * A prompt.
     *
     * @param place file and line, for messages
     */
    public record Line(String place, String text) {}

    /**
     * Reads the prompts of a file.
     *
     * @param column key of the prompts
     * @return at least one
     * @throws BadInputException naming the line if one cannot be used
     */
    public static List<Line> read(Configuration hadoop, Path file, String column) {
        List<Line> prompts = new ArrayList<>();
        try {
            FileSystem files = file.getFileSystem(hadoop);
            try (Utf8Lines lines = new Utf8Lines(PlainBytes.of(files.open(file), file.toString()))) {
                for (String line = lines.next(); line != null; line = lines.next()) {
                    if (!line.isBlank()) {
                        String place = file + ", line " + lines.lineNumber();
                        prompts.add(new Line(place, prompt(line, column, place)));
                    }
                }
            }
        } catch (FileNotFoundException e) {
            throw new BadInputException(
                    file + " does not exist. Name a file of prompts, in JSON lines, or a data set", e);
        } catch (IOException e) {
            throw new BadInputException(file + " cannot be read: " + e.getMessage(), e);
        }
        if (prompts.isEmpty()) {
            throw new BadInputException(file + " has no prompts. Write {\"" + column + "\": \"…\"} on each line");
        }
        return prompts;
    }

    private static String prompt(String line, String column, String place) {
        JsonNode row;
        try {
            row = JSON.readTree(line);
        } catch (JsonProcessingException e) {
            throw new BadInputException(
                    String.format("%s is not JSON: %s. Mend the line", place, JsonReason.ofLine(e)), e);
        }
        JsonNode value = row.path(column);
        if (value.isMissingNode()) {
            List<String> names = new ArrayList<>();
            row.fieldNames().forEachRemaining(names::add);
            throw Columns.missing(column, names, place);
        }
        if (!value.isTextual() || value.textValue().isBlank()) {
            throw new BadInputException(String.format(
                    "%s: '%s' is %s. Write a text to continue, or leave the line out",
                    place, column, value.isTextual() ? "empty" : "not a string"));
        }
        return value.textValue();
    }
}
