package org.erat.data.chat;

import java.util.List;
import org.erat.data.chat.JinjaLexer.Kind;
import org.erat.data.chat.JinjaLexer.Token;

/** The tokens of a template, read one after the other. */
final class JinjaTokens {
    private final List<Token> tokens;
    private int position;

    JinjaTokens(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token peek() {
        return tokens.get(position);
    }

    Token next() {
        return tokens.get(position++);
    }

    int line() {
        return tokens.get(Math.min(position, tokens.size() - 1)).line();
    }

    /** Whether the next token is this one, which is then read. */
    boolean take(Kind kind, String text) {
        boolean is = peek().is(kind, text);
        if (is) {
            position++;
        }
        return is;
    }

    void require(Kind kind, String text) {
        if (!take(kind, text)) {
            throw new JinjaException(
                    String.format("%s expected, but there is %s", shown(new Token(kind, text, 0)), shown(peek())));
        }
    }

    String name() {
        if (peek().kind() != Kind.NAME) {
            throw new JinjaException("a name expected, but there is " + shown(peek()));
        }
        return next().text();
    }

    static String shown(Token token) {
        return token.text().isEmpty() ? "the end of a tag or of the template" : "'" + token.text() + "'";
    }
}
