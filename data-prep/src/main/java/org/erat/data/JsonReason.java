package org.erat.data;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import java.io.IOException;

/** Why a text could not be read as JSON, in one line: Jackson's own message goes on with the text itself. */
public final class JsonReason {
    private JsonReason() {}

    /** The reason with its line and column where they are known; other failures in their own words. */
    public static String of(IOException e) {
        if (!(e instanceof JsonProcessingException json)) {
            return e.getMessage();
        }
        if (e instanceof StreamConstraintsException) {
            return "it is nested more than " + Json.MAX_DEPTH
                    + " levels deep, or holds a text or number of a size that no" + " such file needs";
        }
        JsonLocation at = json.getLocation();
        boolean known = at != null && at.getLineNr() > 0;
        String place = known ? ", line " + at.getLineNr() + ", column " + at.getColumnNr() : "";
        return json.getOriginalMessage() + place;
    }
}
