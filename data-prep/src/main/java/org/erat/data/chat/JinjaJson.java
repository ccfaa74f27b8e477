package org.erat.data.chat;

import java.util.List;
import java.util.Map;

/** JSON as Python's {@code json.dumps(value, ensure_ascii=False)} writes it, which is {@code tojson} in chat templates. */
final class JinjaJson {
    private final StringBuilder json = new StringBuilder();
    /** Blanks a level; below 0 for one line. */
    private final int indent;

    private JinjaJson(int indent) {
        this.indent = indent;
    }

    static String write(Object value, Object indent) {
        JinjaJson writer = new JinjaJson(indent == null ? -1 : (int) JinjaValues.integer(indent));
        writer.value(value, 1);
        return writer.json.toString();
    }

    private void value(Object value, int depth) {
        if (value == null) {
            json.append("null");
        } else if (value instanceof String text) {
            string(text);
        } else if (value instanceof Boolean || value instanceof Long || value instanceof Double) {
            json.append(value);
        } else if (value instanceof List<?> list) {
            boolean first = true;
            json.append('[');
            for (Object item : list) {
                separate(first, depth);
                value(item, depth + 1);
                first = false;
            }
            close(list.isEmpty(), depth, ']');
        } else if (value instanceof Map<?, ?> map) {
            boolean first = true;
            json.append('{');
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                separate(first, depth);
                string(entry.getKey().toString());
                json.append(": ");
                value(entry.getValue(), depth + 1);
                first = false;
            }
            close(map.isEmpty(), depth, '}');
        } else {
            throw new JinjaException(JinjaValues.kind(value) + " cannot be written as JSON");
        }
    }

    private void separate(boolean first, int depth) {
        if (!first) {
            json.append(indent < 0 ? ", " : ",");
        }
        if (indent >= 0) {
            json.append('\n').append(" ".repeat(indent * depth));
        }
    }

    private void close(boolean empty, int depth, char bracket) {
        if (indent >= 0 && !empty) {
            json.append('\n').append(" ".repeat(indent * (depth - 1)));
        }
        json.append(bracket);
    }

    private void string(String text) {
        json.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> json.append("\\\"");
                case '\\' -> json.append("\\\\");
                case '\n' -> json.append("\\n");
                case '\r' -> json.append("\\r");
                case '\t' -> json.append("\\t");
                case '\b' -> json.append("\\b");
                case '\f' -> json.append("\\f");
                default -> json.append(c < ' ' ? String.format("\\u%04x", (int) c) : String.valueOf(c));
            }
        }
        json.append('"');
    }
}
