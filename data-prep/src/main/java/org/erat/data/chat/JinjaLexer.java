package org.erat.data.chat;

import java.util.ArrayList;
import java.util.List;

/**
 * Splits a template into its text and the tokens of its tags. White space around tags goes as with Jinja's settings
 * {@code trim_blocks} and {@code lstrip_blocks}, which the transformers library sets.
 */
final class JinjaLexer {
    enum Kind {
        TEXT,
        /** <code>{%</code>. */
        BLOCK,
        /** <code>{{</code>. */
        PRINT,
        /** The end of either. */
        END,
        NAME,
        STRING,
        NUMBER,
        OPERATOR,
        EOF
    }

    record Token(Kind kind, String text, int line) {
        boolean is(Kind other, String content) {
            return kind == other && text.equals(content);
        }
    }

    private static final List<String> OPERATORS = List.of(
            "==", "!=", "<=", ">=", "//", "**", "<", ">", "+", "-", "*", "/", "%", "~", "|", ".", ",", ":", "(", ")",
            "[", "]", "{", "}", "=");

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int position;
    private int line = 1;

    private JinjaLexer(String source) {
        this.source = source;
    }

    /** The tokens of a template, the last of which is EOF. */
    static List<Token> tokens(String template) {
        String unix = template.replace("\r\n", "\n");
        // Jinja drops one line end at the end of a template.
        JinjaLexer lexer = new JinjaLexer(unix.endsWith("\n") ? unix.substring(0, unix.length() - 1) : unix);
        try {
            lexer.run();
        } catch (JinjaException e) {
            throw e.at(lexer.line);
        }
        return lexer.tokens;
    }

    private void run() {
        while (position < source.length()) {
            int tag = nextTag();
            if (tag < 0) {
                text(source.length());
                break;
            }
            char kind = source.charAt(tag + 1);
            char sign = tag + 2 < source.length() ? source.charAt(tag + 2) : ' ';
            text(endOfText(tag, kind, sign));
            advance(tag + 2);
            if (sign == '-' || sign == '+') {
                advance(position + 1);
            }
            if (kind == '#') {
                comment();
            } else {
                tag(kind);
            }
        }
        add(Kind.EOF, "");
    }

    private int nextTag() {
        for (int at = source.indexOf('{', position); at >= 0; at = source.indexOf('{', at + 1)) {
            if (at + 1 < source.length() && "{%#".indexOf(source.charAt(at + 1)) >= 0) {
                return at;
            }
        }
        return -1;
    }

    /** Where the text before a tag ends. */
    private int endOfText(int tag, char kind, char sign) {
        int end = tag;
        if (sign == '-') {
            while (end > position && Character.isWhitespace(source.charAt(end - 1))) {
                end--;
            }
        } else if (kind != '{' && sign != '+') {
            while (end > position && (source.charAt(end - 1) == ' ' || source.charAt(end - 1) == '\t')) {
                end--;
            }
            if (end > 0 && source.charAt(end - 1) != '\n') {
                return tag;
            }
        }
        return end;
    }

    private void text(int end) {
        if (end > position) {
            add(Kind.TEXT, source.substring(position, end));
        }
    }

    private void comment() {
        int end = source.indexOf("#}", position);
        if (end < 0) {
            throw new JinjaException("a comment does not end with #}");
        }
        boolean strips = source.charAt(end - 1) == '-';
        advance(end + 2);
        afterTag(strips, true);
    }

    private void tag(char kind) {
        add(kind == '%' ? Kind.BLOCK : Kind.PRINT, "");
        String close = kind == '%' ? "%}" : "}}";
        int depth = 0;
        while (true) {
            while (position < source.length() && Character.isWhitespace(source.charAt(position))) {
                advance(position + 1);
            }
            if (position >= source.length()) {
                throw new JinjaException("a tag does not end with " + close);
            }
            for (String sign : List.of("-", "+", "")) {
                // Inside brackets }} may end two dictionaries.
                if (depth == 0 && source.startsWith(sign + close, position)) {
                    add(Kind.END, "");
                    advance(position + sign.length() + 2);
                    afterTag(sign.equals("-"), kind == '%' && !sign.equals("+"));
                    return;
                }
            }
            String operator = token();
            if ("([{".contains(operator)) {
                depth++;
            } else if (")]}".contains(operator)) {
                depth--;
            }
        }
    }

    /** White space that a tag takes with it. */
    private void afterTag(boolean all, boolean lineEnd) {
        if (all) {
            while (position < source.length() && Character.isWhitespace(source.charAt(position))) {
                advance(position + 1);
            }
        } else if (lineEnd && position < source.length() && source.charAt(position) == '\n') {
            advance(position + 1);
        }
    }

    /** Reads one token inside a tag; gives it back where it is an operator, else a blank. */
    private String token() {
        char first = source.charAt(position);
        if (first == '\'' || first == '"') {
            string(first);
            return " ";
        }
        int end = position;
        if (Character.isDigit(first)) {
            while (end < source.length()
                    && (Character.isDigit(source.charAt(end))
                            || (source.charAt(end) == '.'
                                    && end + 1 < source.length()
                                    && Character.isDigit(source.charAt(end + 1))))) {
                end++;
            }
            add(Kind.NUMBER, source.substring(position, end));
            advance(end);
            return " ";
        }
        while (end < source.length() && (Character.isLetterOrDigit(source.charAt(end)) || source.charAt(end) == '_')) {
            end++;
        }
        if (end > position) {
            add(Kind.NAME, source.substring(position, end));
            advance(end);
            return " ";
        }
        for (String operator : OPERATORS) {
            if (source.startsWith(operator, position)) {
                add(Kind.OPERATOR, operator);
                advance(position + operator.length());
                return operator;
            }
        }
        throw new JinjaException("unexpected character '" + first + "'");
    }

    private void string(char quote) {
        StringBuilder value = new StringBuilder();
        int at = position + 1;
        while (at < source.length() && source.charAt(at) != quote) {
            char c = source.charAt(at++);
            if (c != '\\' || at == source.length()) {
                value.append(c);
                continue;
            }
            char escaped = source.charAt(at++);
            switch (escaped) {
                case 'n' -> value.append('\n');
                case 't' -> value.append('\t');
                case 'r' -> value.append('\r');
                case '\\', '\'', '"' -> value.append(escaped);
                case 'u' -> {
                    value.append((char) Integer.parseInt(source.substring(at, Math.min(at + 4, source.length())), 16));
                    at += 4;
                }
                default -> value.append('\\').append(escaped);
            }
        }
        if (at >= source.length()) {
            throw new JinjaException("a string does not end");
        }
        add(Kind.STRING, value.toString());
        advance(at + 1);
    }

    private void add(Kind kind, String text) {
        tokens.add(new Token(kind, text, line));
        if (kind == Kind.TEXT) {
            advance(position + text.length());
        }
    }

    private void advance(int to) {
        for (; position < to; position++) {
            if (position < source.length() && source.charAt(position) == '\n') {
                line++;
            }
        }
    }
}
