package org.erat.data.chat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.erat.data.chat.JinjaLexer.Kind;
import org.erat.data.chat.JinjaLexer.Token;

/** Parses expressions, with the precedence of Jinja's own parser. */
final class JinjaExpressions {
    /** Something with a value. */
    @FunctionalInterface
    interface Expression {
        Object of(JinjaScope scope);
    }

    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", ">", "<=", ">=");
    private static final Set<String> NO_ARGUMENT = Set.of("and", "or", "not", "else", "if", "in", "is");

    private final JinjaTokens tokens;

    JinjaExpressions(JinjaTokens tokens) {
        this.tokens = tokens;
    }

    /** Parses a whole expression: {@code a if condition else b}, and all that is inside. */
    Expression parse() {
        Expression value = withoutCondition();
        while (tokens.take(Kind.NAME, "if")) {
            Expression then = value;
            Expression condition = withoutCondition();
            Expression otherwise = tokens.take(Kind.NAME, "else") ? parse() : scope -> JinjaValues.UNDEFINED;
            value = scope -> (JinjaValues.truth(condition.of(scope)) ? then : otherwise).of(scope);
        }
        return value;
    }

    /** Parses an expression that no {@code if} of its own follows. */
    Expression withoutCondition() {
        Expression left = and();
        while (tokens.take(Kind.NAME, "or")) {
            Expression first = left;
            Expression second = and();
            left = scope -> {
                Object value = first.of(scope);
                return JinjaValues.truth(value) ? value : second.of(scope);
            };
        }
        return left;
    }

    private Expression and() {
        Expression left = not();
        while (tokens.take(Kind.NAME, "and")) {
            Expression first = left;
            Expression second = not();
            left = scope -> {
                Object value = first.of(scope);
                return JinjaValues.truth(value) ? second.of(scope) : value;
            };
        }
        return left;
    }

    private Expression not() {
        if (tokens.take(Kind.NAME, "not")) {
            Expression value = not();
            return scope -> !JinjaValues.truth(value.of(scope));
        }
        return comparison();
    }

    private Expression comparison() {
        Expression first = sum();
        List<String> operators = new ArrayList<>();
        List<Expression> operands = new ArrayList<>(List.of(first));
        for (String operator = comparator(); operator != null; operator = comparator()) {
            operators.add(operator);
            operands.add(sum());
        }
        if (operators.isEmpty()) {
            return first;
        }
        return scope -> {
            Object left = operands.get(0).of(scope);
            for (int i = 0; i < operators.size(); i++) {
                Object right = operands.get(i + 1).of(scope);
                if (!JinjaValues.compares(operators.get(i), left, right)) {
                    return false;
                }
                left = right;
            }
            return true;
        };
    }

    /** The operator of a comparison, read; null where there is none. */
    private String comparator() {
        Token token = tokens.peek();
        if (token.kind() == Kind.OPERATOR && COMPARISONS.contains(token.text())) {
            return tokens.next().text();
        }
        if (tokens.take(Kind.NAME, "in")) {
            return "in";
        }
        if (tokens.take(Kind.NAME, "not")) {
            tokens.require(Kind.NAME, "in");
            return "not in";
        }
        return null;
    }

    private Expression sum() {
        Expression left = concatenation();
        while (true) {
            String operator = operator("+", "-");
            if (operator == null) {
                return left;
            }
            left = calculated(operator, left, concatenation());
        }
    }

    private Expression concatenation() {
        Expression left = product();
        while (tokens.take(Kind.OPERATOR, "~")) {
            Expression first = left;
            Expression second = product();
            left = scope -> JinjaValues.text(first.of(scope)) + JinjaValues.text(second.of(scope));
        }
        return left;
    }

    private Expression product() {
        Expression left = unary(true);
        while (true) {
            String operator = operator("*", "//", "/", "%");
            if (operator == null) {
                return left;
            }
            left = calculated(operator, left, unary(true));
        }
    }

    private static Expression calculated(String operator, Expression left, Expression right) {
        return scope -> JinjaValues.calculated(operator, left.of(scope), right.of(scope));
    }

    private String operator(String... operators) {
        for (String operator : operators) {
            if (tokens.take(Kind.OPERATOR, operator)) {
                return operator;
            }
        }
        return null;
    }

    private Expression unary(boolean withFilters) {
        if (tokens.take(Kind.OPERATOR, "-")) {
            Expression value = unary(false);
            return scope -> JinjaValues.calculated("-", 0L, value.of(scope));
        }
        Expression value = primary();
        value = parts(value);
        return withFilters ? filtered(value) : value;
    }

    private Expression primary() {
        Token token = tokens.next();
        switch (token.kind()) {
            case STRING -> {
                StringBuilder text = new StringBuilder(token.text());
                while (tokens.peek().kind() == Kind.STRING) {
                    text.append(tokens.next().text());
                }
                String value = text.toString();
                return scope -> value;
            }
            case NUMBER -> {
                Object number = token.text().contains(".")
                        ? (Object) Double.valueOf(token.text())
                        : (Object) Long.valueOf(token.text());
                return scope -> number;
            }
            case NAME -> {
                return switch (token.text()) {
                    case "true", "True" -> scope -> true;
                    case "false", "False" -> scope -> false;
                    case "none", "None" -> scope -> null;
                    default -> scope -> scope.get(token.text());
                };
            }
            default -> {
                return switch (token.text()) {
                    case "(" -> parenthesized();
                    case "[" -> list(new ArrayList<>(), "]");
                    case "{" -> dictionary();
                    default ->
                        throw new JinjaException("an expression expected, but there is " + JinjaTokens.shown(token));
                };
            }
        }
    }

    private Expression parenthesized() {
        Expression first = parse();
        if (tokens.take(Kind.OPERATOR, ")")) {
            return first;
        }
        tokens.require(Kind.OPERATOR, ",");
        return list(new ArrayList<>(List.of(first)), ")");
    }

    private Expression list(List<Expression> elements, String end) {
        while (!tokens.take(Kind.OPERATOR, end)) {
            elements.add(parse());
            if (!tokens.take(Kind.OPERATOR, ",")) {
                tokens.require(Kind.OPERATOR, end);
                break;
            }
        }
        return scope -> values(elements, scope);
    }

    private static List<Object> values(List<Expression> elements, JinjaScope scope) {
        List<Object> values = new ArrayList<>();
        elements.forEach(element -> values.add(element.of(scope)));
        return values;
    }

    private Expression dictionary() {
        Map<Expression, Expression> entries = new LinkedHashMap<>();
        while (!tokens.take(Kind.OPERATOR, "}")) {
            Expression key = parse();
            tokens.require(Kind.OPERATOR, ":");
            entries.put(key, parse());
            if (!tokens.take(Kind.OPERATOR, ",")) {
                tokens.require(Kind.OPERATOR, "}");
                break;
            }
        }
        return scope -> {
            Map<String, Object> values = new LinkedHashMap<>();
            entries.forEach((key, value) -> values.put(Objects.toString(key.of(scope)), value.of(scope)));
            return values;
        };
    }

    /** Attributes, elements, slices and calls. */
    private Expression parts(Expression whole) {
        Expression value = whole;
        while (true) {
            if (tokens.take(Kind.OPERATOR, ".")) {
                value = attribute(value, tokens.next().text());
            } else if (tokens.take(Kind.OPERATOR, "[")) {
                value = element(value);
            } else if (tokens.take(Kind.OPERATOR, "(")) {
                Expression function = value;
                Arguments arguments = arguments();
                value = scope -> JinjaValues.call(function.of(scope), arguments.of(scope));
            } else {
                return value;
            }
        }
    }

    private Expression attribute(Expression value, String name) {
        if (tokens.take(Kind.OPERATOR, "(")) {
            Arguments arguments = arguments();
            return scope -> {
                Object object = value.of(scope);
                Object attribute = object instanceof Map<?, ?> map && map.containsKey(name) ? map.get(name) : null;
                return attribute instanceof JinjaValues.Function
                        ? JinjaValues.call(attribute, arguments.of(scope))
                        : JinjaMethods.call(object, name, arguments.of(scope));
            };
        }
        return scope -> JinjaValues.element(value.of(scope), name);
    }

    private Expression element(Expression value) {
        Expression start = tokens.peek().is(Kind.OPERATOR, ":") ? scope -> null : parse();
        if (tokens.take(Kind.OPERATOR, "]")) {
            return scope -> JinjaValues.element(value.of(scope), start.of(scope));
        }
        tokens.require(Kind.OPERATOR, ":");
        Expression end = bound();
        Expression step = tokens.take(Kind.OPERATOR, ":") ? bound() : scope -> null;
        tokens.require(Kind.OPERATOR, "]");
        return scope -> JinjaValues.slice(value.of(scope), start.of(scope), end.of(scope), step.of(scope));
    }

    private Expression bound() {
        boolean none = tokens.peek().is(Kind.OPERATOR, ":") || tokens.peek().is(Kind.OPERATOR, "]");
        return none ? scope -> null : parse();
    }

    /** Arguments as they are written, by place and by name. */
    private record Arguments(List<Expression> places, Map<String, Expression> names) {
        JinjaValues.Arguments of(JinjaScope scope) {
            Map<String, Object> named = new LinkedHashMap<>();
            names.forEach((name, value) -> named.put(name, value.of(scope)));
            return new JinjaValues.Arguments(values(places, scope), named);
        }
    }

    private Arguments arguments() {
        Arguments arguments = new Arguments(new ArrayList<>(), new LinkedHashMap<>());
        while (!tokens.take(Kind.OPERATOR, ")")) {
            Expression value = null;
            if (tokens.peek().kind() == Kind.NAME) {
                String name = tokens.peek().text();
                value = parse();
                if (tokens.take(Kind.OPERATOR, "=")) {
                    arguments.names.put(name, parse());
                    value = null;
                }
            } else {
                value = parse();
            }
            if (value != null) {
                arguments.places.add(value);
            }
            if (!tokens.take(Kind.OPERATOR, ",")) {
                tokens.require(Kind.OPERATOR, ")");
                break;
            }
        }
        return arguments;
    }

    /** Filters and tests. */
    private Expression filtered(Expression whole) {
        Expression value = whole;
        while (true) {
            Expression input = value;
            if (tokens.take(Kind.OPERATOR, "|")) {
                String name = tokens.name();
                Arguments arguments =
                        tokens.take(Kind.OPERATOR, "(") ? arguments() : new Arguments(List.of(), Map.of());
                value = scope -> JinjaFilters.apply(name, input.of(scope), arguments.of(scope));
            } else if (tokens.take(Kind.NAME, "is")) {
                boolean negated = tokens.take(Kind.NAME, "not");
                String name = tokens.name();
                Arguments arguments = testArguments();
                value = scope -> JinjaFilters.test(name, input.of(scope), arguments.of(scope)) != negated;
            } else {
                return value;
            }
        }
    }

    private Arguments testArguments() {
        if (tokens.take(Kind.OPERATOR, "(")) {
            return arguments();
        }
        Token next = tokens.peek();
        boolean argument = next.kind() == Kind.STRING
                || next.kind() == Kind.NUMBER
                || (next.kind() == Kind.NAME && !NO_ARGUMENT.contains(next.text()))
                || next.is(Kind.OPERATOR, "[");
        return argument ? new Arguments(List.of(parts(primary())), Map.of()) : new Arguments(List.of(), Map.of());
    }
}
