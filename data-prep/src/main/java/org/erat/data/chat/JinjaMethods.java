package org.erat.data.chat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.erat.data.chat.JinjaValues.Arguments;

/** The methods of Python's strings and dictionaries that chat templates call. */
final class JinjaMethods {
    private JinjaMethods() {}

    static Object call(Object object, String name, Arguments arguments) {
        if (object instanceof String text) {
            return ofText(text, name, arguments);
        }
        if (object instanceof Map<?, ?> map) {
            return switch (name) {
                case "items" -> items(map);
                case "keys" -> new ArrayList<Object>(map.keySet());
                case "values" -> new ArrayList<Object>(map.values());
                case "get" -> {
                    Object key = arguments.get(0, "key", null);
                    yield map.containsKey(key) ? map.get(key) : arguments.get(1, "default", null);
                }
                default -> throw unknown(object, name);
            };
        }
        throw unknown(object, name);
    }

    private static Object ofText(String text, String name, Arguments arguments) {
        return switch (name) {
            case "strip" -> stripped(text, arguments, true, true);
            case "lstrip" -> stripped(text, arguments, true, false);
            case "rstrip" -> stripped(text, arguments, false, true);
            case "startswith" -> text.startsWith(arguments.text(0, "prefix"));
            case "endswith" -> text.endsWith(arguments.text(0, "suffix"));
            case "upper" -> text.toUpperCase(Locale.ROOT);
            case "lower" -> text.toLowerCase(Locale.ROOT);
            case "capitalize" -> capitalized(text);
            case "title" -> title(text);
            case "replace" -> {
                arguments.atMost(2);
                yield text.replace(arguments.text(0, "old"), arguments.text(1, "new"));
            }
            case "split" -> split(text, arguments);
            case "find" -> (long) text.indexOf(arguments.text(0, "sub"));
            case "join" ->
                JinjaValues.items(arguments.get(0, "iterable", JinjaValues.UNDEFINED)).stream()
                        .map(JinjaValues::text)
                        .collect(Collectors.joining(text));
            default -> throw unknown(text, name);
        };
    }

    static String capitalized(String text) {
        return text.isEmpty()
                ? text
                : text.substring(0, 1).toUpperCase(Locale.ROOT)
                        + text.substring(1).toLowerCase(Locale.ROOT);
    }

    static String title(String text) {
        StringBuilder title = new StringBuilder();
        boolean first = true;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            title.append(first ? Character.toUpperCase(c) : Character.toLowerCase(c));
            first = !Character.isLetter(c);
        }
        return title.toString();
    }

    /** Pairs of key and value. */
    static List<Object> items(Map<?, ?> map) {
        return new ArrayList<>(map.entrySet().stream()
                .map(entry -> Arrays.<Object>asList(entry.getKey(), entry.getValue()))
                .toList());
    }

    private static String stripped(String text, Arguments arguments, boolean left, boolean right) {
        arguments.atMost(1);
        String characters = arguments.get(0, "chars", null) instanceof String given ? given : null;
        int start = 0;
        int end = text.length();
        while (left && start < end && strips(characters, text.charAt(start))) {
            start++;
        }
        while (right && end > start && strips(characters, text.charAt(end - 1))) {
            end--;
        }
        return text.substring(start, end);
    }

    private static boolean strips(String characters, char c) {
        return characters == null ? isSpace(c) : characters.indexOf(c) >= 0;
    }

    /** White space to Python, which counts no-break spaces as well. */
    private static boolean isSpace(char c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
    }

    private static List<Object> split(String text, Arguments arguments) {
        Object separator = arguments.get(0, "sep", null);
        long most = arguments.get(1, "maxsplit", -1L) instanceof Long given ? given : -1;
        if (separator == null) {
            if (most >= 0) {
                throw new JinjaException("split with a number and no separator is not supported");
            }
            return text.isBlank()
                    ? new ArrayList<>()
                    : new ArrayList<>(List.of(text.strip().split("\\s+")));
        }
        List<Object> parts = new ArrayList<>();
        String by = arguments.text(0, "sep");
        if (by.isEmpty()) {
            throw new JinjaException("split has an empty separator");
        }
        int from = 0;
        for (int at = text.indexOf(by); at >= 0 && most != parts.size(); at = text.indexOf(by, from)) {
            parts.add(text.substring(from, at));
            from = at + by.length();
        }
        parts.add(text.substring(from));
        return parts;
    }

    private static JinjaException unknown(Object object, String name) {
        return new JinjaException("the method " + name + " of " + JinjaValues.kind(object) + " is not supported");
    }
}
