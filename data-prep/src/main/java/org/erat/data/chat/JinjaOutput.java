package org.erat.data.chat;

import java.util.ArrayList;
import java.util.List;

/** The rendered text, and which parts of it a model is to generate, as <code>{% generation %}</code> marks them. */
final class JinjaOutput {
    /** From the first character to before the last. */
    record Span(int start, int end) {}

    private final StringBuilder text = new StringBuilder();
    private final List<Span> generated = new ArrayList<>();

    void append(String part) {
        text.append(part);
    }

    int length() {
        return text.length();
    }

    void generated(int start) {
        if (text.length() > start) {
            generated.add(new Span(start, text.length()));
        }
    }

    String text() {
        return text.toString();
    }

    List<Span> spans() {
        return generated;
    }
}
