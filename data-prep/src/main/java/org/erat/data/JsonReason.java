package org.erat.data;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import java.io.IOException;
import java.util.function.Function;
import java.util.regex.Pattern;

/** Why a text could not be read as JSON, in one line. Jackson's own message holds the text itself, which may be long. */
public final class JsonReason {
    /** Where something else began, with all of the text in between. */
    private static final Pattern SOURCE = Pattern.compile("\\[Source: (?s:.*?); (line: \\d+, column: \\d+)]");

    private JsonReason() {}

    /** The reason with its line and column where they are known; other failures in their own words. */
    public static String of(IOException e) {
        if (!(e instanceof JsonProcessingException json)) {
            return e.getMessage();
        }
        return inWords(json) + place(json, at -> ", line " + at.getLineNr() + ", column " + at.getColumnNr());
    }

    /** The reason why a line could not be read by itself, with its column where that is known. */
    public static String ofLine(JsonProcessingException e) {
        return inWords(e) + place(e, at -> " (column " + at.getColumnNr() + ")");
    }

    private static String place(JsonProcessingException e, Function<JsonLocation, String> inWords) {
        JsonLocation at = e.getLocation();
        boolean known = at != null && at.getLineNr() > 0 && !(e instanceof StreamConstraintsException);
        return known ? inWords.apply(at) : "";
    }

    private static String inWords(JsonProcessingException e) {
        return e instanceof StreamConstraintsException
                ? "it is nested more than " + Json.MAX_DEPTH
                        + " levels deep, or holds a text or number of a size that no such file needs"
                : SOURCE.matcher(e.getOriginalMessage()).replaceAll("$1");
    }
}
