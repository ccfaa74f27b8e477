package org.erat.data.chat;

/** A template that cannot be read or run. The message says what is wrong, and {@link #at} where. */
final class JinjaException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final boolean placed;

    JinjaException(String message) {
        this(message, false);
    }

    private JinjaException(String message, boolean placed) {
        super(message);
        this.placed = placed;
    }

    /** The same with the line of the template, unless it has one. */
    JinjaException at(int line) {
        return placed ? this : new JinjaException("line " + line + " of the chat template: " + getMessage(), true);
    }
}
