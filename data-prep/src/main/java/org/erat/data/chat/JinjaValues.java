package org.erat.data.chat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What values of a template do: those of Python. A value is null for None, {@link #UNDEFINED}, a Boolean, a Long, a Double,
 * a String, a List, a Map with strings as keys or a {@link Function}.
 */
final class JinjaValues {
    /** The value of a variable or an attribute that is not there. */
    static final Object UNDEFINED = new Object();

    private JinjaValues() {}

    /** What {@code namespace()} makes: its attributes can be set from inside a loop. */
    static final class Namespace extends HashMap<String, Object> {
        private static final long serialVersionUID = 1L;

        Namespace(Map<String, Object> attributes) {
            super(attributes);
        }
    }

    /** A function that a template can call. */
    @FunctionalInterface
    interface Function {
        Object of(Arguments arguments);
    }

    /** Values given to a function, a filter or a test, by place and by name. */
    record Arguments(List<Object> places, Map<String, Object> names) {
        /** The argument of a place or name; {@code absent} where it is not given. */
        Object get(int place, String name, Object absent) {
            return place < places.size() ? places.get(place) : names.getOrDefault(name, absent);
        }

        String text(int place, String name) {
            if (get(place, name, UNDEFINED) instanceof String text) {
                return text;
            }
            throw new JinjaException("argument " + (place + 1) + " is not a string");
        }

        /** Refuses arguments beyond those that are known. */
        void atMost(int count) {
            if (places.size() + names.size() > count) {
                throw new JinjaException("more than " + count + " arguments are not supported");
            }
        }
    }

    static Object call(Object function, Arguments arguments) {
        if (function instanceof Function known) {
            return known.of(arguments);
        }
        throw new JinjaException(kind(function) + " is called, which is no function that is supported");
    }

    static boolean truth(Object value) {
        if (value == null || value == UNDEFINED) {
            return false;
        }
        if (value instanceof Boolean bool) {
            return bool;
        }
        if (value instanceof Number number) {
            return number.doubleValue() != 0;
        }
        if (value instanceof String text) {
            return !text.isEmpty();
        }
        if (value instanceof List<?> list) {
            return !list.isEmpty();
        }
        return !(value instanceof Map<?, ?> map) || value instanceof Namespace || !map.isEmpty();
    }

    /** The value as it is printed. */
    static String text(Object value) {
        if (value == UNDEFINED) {
            return "";
        }
        if (value == null) {
            return "None";
        }
        if (value instanceof Boolean bool) {
            return bool ? "True" : "False";
        }
        if (value instanceof String || value instanceof Long || value instanceof Double) {
            return value.toString();
        }
        throw new JinjaException(
                kind(value) + " is printed: only strings, numbers, true, false and none are; use tojson");
    }

    /** What a value is, for messages. */
    static String kind(Object value) {
        if (value == null) {
            return "none";
        }
        if (value == UNDEFINED) {
            return "an undefined value";
        }
        if (value instanceof String) {
            return "a string";
        }
        if (value instanceof List<?>) {
            return "a list";
        }
        if (value instanceof Map<?, ?>) {
            return "a dictionary";
        }
        return value instanceof Function ? "a function" : "the value " + value;
    }

    /** The elements of a list, the keys of a dictionary, the characters of a string. */
    static List<Object> items(Object value) {
        if (value == UNDEFINED) {
            return List.of();
        }
        if (value instanceof List<?> list) {
            return new ArrayList<>(list);
        }
        if (value instanceof Map<?, ?> map) {
            return new ArrayList<>(map.keySet());
        }
        if (value instanceof String text) {
            return new ArrayList<>(
                    text.codePoints().mapToObj(Character::toString).toList());
        }
        throw new JinjaException(kind(value) + " is no list");
    }

    static Object element(Object value, Object key) {
        if (value == UNDEFINED || value == null) {
            throw new JinjaException("'" + key + "' is asked of " + kind(value));
        }
        if (value instanceof Map<?, ?> map) {
            return map.containsKey(key) ? map.get(key) : UNDEFINED;
        }
        if (key instanceof Long index && (value instanceof List<?> || value instanceof String)) {
            List<Object> items = items(value);
            long place = index < 0 ? index + items.size() : index;
            return place >= 0 && place < items.size() ? items.get((int) place) : UNDEFINED;
        }
        return UNDEFINED;
    }

    static Object slice(Object value, Object start, Object end, Object step) {
        List<Object> items = items(value);
        int size = items.size();
        long by = step == null ? 1 : integer(step);
        if (by == 0) {
            throw new JinjaException("a slice has the step 0");
        }
        long from = bound(start, by > 0 ? 0 : size - 1, size, by);
        long to = bound(end, by > 0 ? size : -1, size, by);
        List<Object> slice = new ArrayList<>();
        for (long i = from; by > 0 ? i < to : i > to; i += by) {
            slice.add(items.get((int) i));
        }
        if (!(value instanceof String)) {
            return slice;
        }
        StringBuilder text = new StringBuilder();
        slice.forEach(text::append);
        return text.toString();
    }

    private static long bound(Object given, long absent, int size, long step) {
        if (given == null) {
            return absent;
        }
        long bound = integer(given);
        bound = bound < 0 ? bound + size : bound;
        return step > 0 ? Math.max(0, Math.min(size, bound)) : Math.max(-1, Math.min(size - 1, bound));
    }

    static long integer(Object value) {
        if (value instanceof Long number) {
            return number;
        }
        throw new JinjaException(kind(value) + " is no whole number");
    }

    static Object calculated(String operator, Object left, Object right) {
        if (operator.equals("+") && left instanceof String first && right instanceof String second) {
            return first + second;
        }
        if (operator.equals("+") && left instanceof List<?> first && right instanceof List<?> second) {
            List<Object> both = new ArrayList<>(first);
            both.addAll(second);
            return both;
        }
        if (operator.equals("*") && left instanceof String text && right instanceof Long times) {
            return text.repeat((int) Math.max(0, times));
        }
        if (left instanceof Long first && right instanceof Long second && !operator.equals("/")) {
            return whole(operator, first, second);
        }
        if (left instanceof Number first && right instanceof Number second) {
            return real(operator, first.doubleValue(), second.doubleValue());
        }
        throw new JinjaException(String.format("%s %s %s cannot be computed", kind(left), operator, kind(right)));
    }

    private static Long whole(String operator, long left, long right) {
        if (right == 0 && (operator.equals("//") || operator.equals("%"))) {
            throw new JinjaException("division by zero");
        }
        return switch (operator) {
            case "+" -> left + right;
            case "-" -> left - right;
            case "*" -> left * right;
            case "//" -> Math.floorDiv(left, right);
            default -> Math.floorMod(left, right);
        };
    }

    private static Double real(String operator, double left, double right) {
        return switch (operator) {
            case "+" -> left + right;
            case "-" -> left - right;
            case "*" -> left * right;
            case "/" -> left / right;
            default -> throw new JinjaException(operator + " of fractions is not supported");
        };
    }

    static boolean compares(String operator, Object left, Object right) {
        return switch (operator) {
            case "==" -> equal(left, right);
            case "!=" -> !equal(left, right);
            case "in" -> contains(right, left);
            case "not in" -> !contains(right, left);
            default -> ordered(operator, left, right);
        };
    }

    private static boolean equal(Object left, Object right) {
        if (left instanceof Number first && right instanceof Number second) {
            return first.doubleValue() == second.doubleValue();
        }
        return Objects.equals(left, right);
    }

    private static boolean contains(Object whole, Object part) {
        if (whole instanceof String text) {
            if (part instanceof String wanted) {
                return text.contains(wanted);
            }
            throw new JinjaException(kind(part) + " is looked for in a string");
        }
        if (whole instanceof Map<?, ?> map) {
            return map.containsKey(part);
        }
        return items(whole).stream().anyMatch(item -> equal(item, part));
    }

    private static boolean ordered(String operator, Object left, Object right) {
        int order;
        if (left instanceof Number first && right instanceof Number second) {
            order = Double.compare(first.doubleValue(), second.doubleValue());
        } else if (left instanceof String first && right instanceof String second) {
            order = first.compareTo(second);
        } else {
            throw new JinjaException(String.format("%s %s %s cannot be compared", kind(left), operator, kind(right)));
        }
        return switch (operator) {
            case "<" -> order < 0;
            case ">" -> order > 0;
            case "<=" -> order <= 0;
            default -> order >= 0;
        };
    }
}
