package org.erat.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import javax.annotation.Nullable;

/**
 * The fields of a JSON object, each value as JSON text. Numbers are as they are written: as values of Java, {@code 1.10},
 * {@code -0.0} and decimals of many digits would not come out as they went in.
 */
public final class JsonFields {
    private static final JsonFactory FACTORY = Json.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build()
            .getFactory();

    private JsonFields() {}

    /**
     * The fields of an object, in its order. {@code NaN} and infinities, which JSON does not know, become texts.
     *
     * @throws IOException if it is no object
     */
    public static Map<String, String> of(String object) throws IOException {
        Map<String, String> fields = new LinkedHashMap<>();
        try (JsonParser parser = FACTORY.createParser(object)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                fields.put(name, value(parser));
            }
        }
        return fields;
    }

    /** The object of these fields. */
    public static String object(Map<String, String> fields) {
        return fields.entrySet().stream()
                .map(field -> ofText(field.getKey()) + ":" + field.getValue())
                .collect(Collectors.joining(",", "{", "}"));
    }

    /** A text as a value. */
    public static String ofText(String text) {
        return TextNode.valueOf(text).toString();
    }

    /** The text that a value is; of another value its JSON; null of a null. */
    @Nullable
    public static String text(String value) throws IOException {
        if (value.equals("null")) {
            return null;
        }
        if (!value.startsWith("\"")) {
            return value;
        }
        try (JsonParser parser = FACTORY.createParser(value)) {
            parser.nextToken();
            return parser.getText();
        }
    }

    private static String value(JsonParser parser) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = FACTORY.createGenerator(text)) {
            int depth = copy(parser, json);
            while (depth > 0) {
                parser.nextToken();
                depth += copy(parser, json);
            }
        }
        return text.toString();
    }

    /** Copies one token; says by how much it nests deeper. */
    private static int copy(JsonParser parser, JsonGenerator json) throws IOException {
        JsonToken token = parser.currentToken();
        if (!token.isNumeric()) {
            json.copyCurrentEvent(parser);
        } else if (parser.isNaN()) {
            json.writeString(parser.getText());
        } else {
            json.writeNumber(parser.getText());
        }
        if (token.isStructStart()) {
            return 1;
        }
        return token.isStructEnd() ? -1 : 0;
    }
}
