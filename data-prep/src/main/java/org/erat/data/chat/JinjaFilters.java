package org.erat.data.chat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.erat.data.chat.JinjaValues.Arguments;

/** Jinja's filters ({@code value | name}) and tests ({@code value is name}) that chat templates use. */
final class JinjaFilters {
    private static final Arguments NONE = new Arguments(List.of(), Map.of());

    private JinjaFilters() {}

    static Object apply(String name, Object value, Arguments arguments) {
        return switch (name) {
            case "trim" -> JinjaMethods.call(JinjaValues.text(value), "strip", arguments);
            case "upper", "lower", "capitalize", "title" -> JinjaMethods.call(JinjaValues.text(value), name, arguments);
            case "replace" -> JinjaMethods.call(JinjaValues.text(value), "replace", arguments);
            case "string" -> JinjaValues.text(value);
            case "safe" -> value;
            case "int" -> whole(value);
            case "length", "count" -> (long) JinjaValues.items(value).size();
            case "list" -> JinjaValues.items(value);
            case "reverse" -> reversed(value);
            case "first" -> JinjaValues.items(value).stream().findFirst().orElse(JinjaValues.UNDEFINED);
            case "last" -> JinjaValues.element(JinjaValues.items(value), -1L);
            case "items" -> JinjaMethods.call(value, "items", arguments);
            case "default", "d" -> orDefault(value, arguments);
            case "join" -> joined(value, arguments);
            case "tojson" -> JinjaJson.write(value, arguments.get(0, "indent", null));
            case "selectattr" -> selected(value, arguments, true);
            case "rejectattr" -> selected(value, arguments, false);
            case "map" -> mapped(value, arguments);
            default -> throw new JinjaException("the filter " + name + " is not supported");
        };
    }

    private static Object whole(Object value) {
        try {
            return value instanceof Number number
                    ? (Object) number.longValue()
                    : (Object) Long.valueOf(JinjaValues.text(value).strip());
        } catch (NumberFormatException e) {
            return 0L;
        }
    }

    private static Object reversed(Object value) {
        List<Object> items = JinjaValues.items(value);
        Collections.reverse(items);
        return value instanceof String ? joined(items, NONE) : items;
    }

    private static Object orDefault(Object value, Arguments arguments) {
        boolean falsy = JinjaValues.truth(arguments.get(1, "boolean", false)) && !JinjaValues.truth(value);
        return value == JinjaValues.UNDEFINED || falsy ? arguments.get(0, "default_value", "") : value;
    }

    private static String joined(Object value, Arguments arguments) {
        arguments.atMost(1);
        return JinjaValues.items(value).stream()
                .map(JinjaValues::text)
                .collect(Collectors.joining(JinjaValues.text(arguments.get(0, "d", ""))));
    }

    private static List<Object> selected(Object value, Arguments arguments, boolean wanted) {
        String test = arguments.places().size() > 1 ? arguments.text(1, "test") : "";
        List<Object> rest = arguments
                .places()
                .subList(
                        Math.min(2, arguments.places().size()),
                        arguments.places().size());
        List<Object> selected = new ArrayList<>();
        for (Object item : JinjaValues.items(value)) {
            Object attribute = JinjaValues.element(item, arguments.text(0, "attribute"));
            boolean holds = test.isEmpty()
                    ? JinjaValues.truth(attribute)
                    : test(test, attribute, new Arguments(rest, Map.of()));
            if (holds == wanted) {
                selected.add(item);
            }
        }
        return selected;
    }

    private static List<Object> mapped(Object value, Arguments arguments) {
        List<Object> mapped = new ArrayList<>();
        for (Object item : JinjaValues.items(value)) {
            mapped.add(
                    arguments.names().containsKey("attribute")
                            ? JinjaValues.element(item, arguments.names().get("attribute"))
                            : apply(arguments.text(0, "filter"), item, NONE));
        }
        return mapped;
    }

    static boolean test(String name, Object value, Arguments arguments) {
        return switch (name) {
            case "defined" -> value != JinjaValues.UNDEFINED;
            case "undefined" -> value == JinjaValues.UNDEFINED;
            case "none" -> value == null;
            case "string" -> value instanceof String;
            case "mapping" -> value instanceof Map<?, ?>;
            case "number" -> value instanceof Number;
            case "integer" -> value instanceof Long;
            case "float" -> value instanceof Double;
            case "boolean" -> value instanceof Boolean;
            case "true" -> Boolean.TRUE.equals(value);
            case "false" -> Boolean.FALSE.equals(value);
            case "iterable", "sequence" ->
                value instanceof List<?> || value instanceof Map<?, ?> || value instanceof String;
            case "callable" -> value instanceof JinjaValues.Function;
            case "even" -> JinjaValues.integer(value) % 2 == 0;
            case "odd" -> JinjaValues.integer(value) % 2 != 0;
            case "divisibleby" -> JinjaValues.integer(value) % JinjaValues.integer(argument(arguments)) == 0;
            case "equalto", "eq" -> JinjaValues.compares("==", value, argument(arguments));
            case "ne" -> JinjaValues.compares("!=", value, argument(arguments));
            case "in" -> JinjaValues.compares("in", value, argument(arguments));
            case "lower" -> value instanceof String text && text.equals(text.toLowerCase(Locale.ROOT));
            default -> throw new JinjaException("the test " + name + " is not supported");
        };
    }

    private static Object argument(Arguments arguments) {
        return arguments.get(0, "other", JinjaValues.UNDEFINED);
    }
}
