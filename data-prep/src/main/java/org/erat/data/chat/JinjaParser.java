package org.erat.data.chat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.erat.data.chat.JinjaLexer.Kind;
import org.erat.data.chat.JinjaLexer.Token;

/** Parses the statements of a template; {@link JinjaExpressions} parses what stands in them. */
final class JinjaParser {
    /** A part of a template. */
    @FunctionalInterface
    interface Statement {
        void run(JinjaScope scope, JinjaOutput out);
    }

    private final JinjaTokens tokens;
    private final JinjaExpressions expressions;
    private boolean marksGeneration;

    private JinjaParser(List<Token> tokens) {
        this.tokens = new JinjaTokens(tokens);
        this.expressions = new JinjaExpressions(this.tokens);
    }

    /** A parsed template. */
    record Template(Statement body, boolean marksGeneration) {
        JinjaOutput render(JinjaScope scope) {
            JinjaOutput out = new JinjaOutput();
            body.run(scope, out);
            return out;
        }
    }

    static Template parse(String source) {
        JinjaParser parser = new JinjaParser(JinjaLexer.tokens(source));
        try {
            Statement body = parser.body(Set.of());
            return new Template(body, parser.marksGeneration);
        } catch (JinjaException e) {
            throw e.at(parser.tokens.line());
        }
    }

    /** Statements up to a block that begins with one of {@code ends}, whose name is the next token; or to the end. */
    private Statement body(Set<String> ends) {
        List<Statement> parts = new ArrayList<>();
        while (!tokens.peek().is(Kind.EOF, "")) {
            Token token = tokens.next();
            int line = token.line();
            if (token.kind() == Kind.TEXT) {
                parts.add((scope, out) -> out.append(token.text()));
            } else if (token.kind() == Kind.PRINT) {
                JinjaExpressions.Expression value = expressions.parse();
                tokens.require(Kind.END, "");
                parts.add(placed(line, (scope, out) -> out.append(JinjaValues.text(value.of(scope)))));
            } else {
                if (ends.contains(tokens.peek().text())) {
                    return all(parts);
                }
                parts.add(placed(line, block(tokens.name())));
            }
        }
        if (!ends.isEmpty()) {
            throw new JinjaException("a block is not closed: one of " + ends + " is missing");
        }
        return all(parts);
    }

    private static Statement all(List<Statement> parts) {
        return (scope, out) -> parts.forEach(part -> part.run(scope, out));
    }

    private static Statement placed(int line, Statement statement) {
        return (scope, out) -> {
            try {
                statement.run(scope, out);
            } catch (JinjaException e) {
                throw e.at(line);
            }
        };
    }

    private Statement block(String name) {
        return switch (name) {
            case "if" -> conditional();
            case "for" -> loop();
            case "set" -> assignment();
            case "generation" -> generation();
            default -> throw new JinjaException("{% " + name + " %} is not supported");
        };
    }

    private Statement conditional() {
        JinjaExpressions.Expression condition = expressions.parse();
        tokens.require(Kind.END, "");
        Statement then = body(Set.of("elif", "else", "endif"));
        Statement otherwise =
                switch (tokens.name()) {
                    case "elif" -> conditional();
                    case "else" -> {
                        tokens.require(Kind.END, "");
                        Statement last = body(Set.of("endif"));
                        endOf("endif");
                        yield last;
                    }
                    default -> {
                        tokens.require(Kind.END, "");
                        yield (scope, out) -> {};
                    }
                };
        return (scope, out) -> (JinjaValues.truth(condition.of(scope)) ? then : otherwise).run(scope, out);
    }

    private Statement loop() {
        List<String> names = new ArrayList<>(List.of(tokens.name()));
        while (tokens.take(Kind.OPERATOR, ",")) {
            names.add(tokens.name());
        }
        tokens.require(Kind.NAME, "in");
        JinjaExpressions.Expression items = expressions.withoutCondition();
        JinjaExpressions.Expression filter = tokens.take(Kind.NAME, "if") ? expressions.parse() : null;
        tokens.require(Kind.END, "");
        Statement body = body(Set.of("else", "endfor"));
        boolean hasElse = tokens.name().equals("else");
        tokens.require(Kind.END, "");
        Statement otherwise = hasElse ? body(Set.of("endfor")) : (scope, out) -> {};
        if (hasElse) {
            endOf("endfor");
        }
        return (scope, out) -> {
            List<JinjaScope> turns = new ArrayList<>();
            List<Object> values = new ArrayList<>();
            for (Object item : JinjaValues.items(items.of(scope))) {
                JinjaScope turn = new JinjaScope(scope);
                assign(turn, names, item);
                if (filter == null || JinjaValues.truth(filter.of(turn))) {
                    turns.add(turn);
                    values.add(item);
                }
            }
            if (turns.isEmpty()) {
                otherwise.run(scope, out);
            }
            for (int i = 0; i < turns.size(); i++) {
                turns.get(i).set("loop", loopVariable(values, i));
                body.run(turns.get(i), out);
            }
        };
    }

    private static void assign(JinjaScope scope, List<String> names, Object item) {
        if (names.size() == 1) {
            scope.set(names.get(0), item);
            return;
        }
        List<Object> parts = JinjaValues.items(item);
        if (parts.size() != names.size()) {
            throw new JinjaException(parts.size() + " values for the names " + names);
        }
        for (int i = 0; i < names.size(); i++) {
            scope.set(names.get(i), parts.get(i));
        }
    }

    private static Map<String, Object> loopVariable(List<Object> values, int index) {
        int size = values.size();
        Map<String, Object> loop = new LinkedHashMap<>();
        loop.put("index", (long) index + 1);
        loop.put("index0", (long) index);
        loop.put("revindex", (long) size - index);
        loop.put("revindex0", (long) size - index - 1);
        loop.put("first", index == 0);
        loop.put("last", index == size - 1);
        loop.put("length", (long) size);
        loop.put("previtem", index == 0 ? JinjaValues.UNDEFINED : values.get(index - 1));
        loop.put("nextitem", index == size - 1 ? JinjaValues.UNDEFINED : values.get(index + 1));
        return loop;
    }

    private Statement assignment() {
        String name = tokens.name();
        String attribute = tokens.take(Kind.OPERATOR, ".") ? tokens.name() : null;
        if (tokens.take(Kind.END, "")) {
            Statement body = body(Set.of("endset"));
            endOf("endset");
            return (scope, out) -> {
                JinjaOutput inner = new JinjaOutput();
                body.run(scope, inner);
                set(scope, name, attribute, inner.text());
            };
        }
        tokens.require(Kind.OPERATOR, "=");
        JinjaExpressions.Expression value = expressions.parse();
        tokens.require(Kind.END, "");
        return (scope, out) -> set(scope, name, attribute, value.of(scope));
    }

    private static void set(JinjaScope scope, String name, String attribute, Object value) {
        if (attribute == null) {
            scope.set(name, value);
        } else if (scope.get(name) instanceof JinjaValues.Namespace namespace) {
            namespace.put(attribute, value);
        } else {
            throw new JinjaException("'" + name + "' is no namespace, whose attributes can be set");
        }
    }

    private Statement generation() {
        marksGeneration = true;
        tokens.require(Kind.END, "");
        Statement body = body(Set.of("endgeneration"));
        endOf("endgeneration");
        return (scope, out) -> {
            int start = out.length();
            body.run(scope, out);
            out.generated(start);
        };
    }

    private void endOf(String name) {
        tokens.require(Kind.NAME, name);
        tokens.require(Kind.END, "");
    }
}
