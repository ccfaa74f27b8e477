package org.erat.data.text;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/** What labels that are written differently have in common, in every format alike. */
final class LabelText {
    /** How data frames write a value that is missing. */
    private static final Set<String> MISSING = Set.of("", "nan", "nat", "null");

    /** What people and data frames write for a value that is missing, and what may be the name of a class too. */
    private static final Set<String> DOUBTFUL = Set.of("na", "n/a", "<na>", "#na", "#n/a", "none", "nil");

    private static final Pattern NUMBER = Pattern.compile("[-+]?[0-9]+(?:\\.[0-9]+)?(?:[eE][-+]?[0-9]{1,2})?");

    /** Of letters that Java does not call blanks: byte order mark, zero width space, word joiner. */
    private static final String ZERO_WIDTH = "\uFEFF\u200B\u2060";

    /** Of letters and symbols that fonts show as nothing: Braille blank, fillers of Hangul. */
    private static final String FILLERS = "\u2800\u115F\u1160\u3164\uFFA0";

    private LabelText() {}

    /** Whether a label says that there is none. */
    static boolean isMissing(String label) {
        return label == null || MISSING.contains(stripped(label).toLowerCase(Locale.ROOT));
    }

    /** Without the blanks of Unicode around it. */
    static String stripped(String label) {
        int from = 0;
        int to = label.length();
        while (from < to && isBlank(label.charAt(from))) {
            from++;
        }
        while (to > from && isBlank(label.charAt(to - 1))) {
            to--;
        }
        return label.substring(from, to);
    }

    private static boolean isBlank(char c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || ZERO_WIDTH.indexOf(c) >= 0;
    }

    /** The name of a class: stripped, and a whole number that is written as a fraction, 1.0 or 1e0, as 1. */
    static String ofClass(String label) {
        String stripped = stripped(label);
        if (!stripped.contains(".") && !stripped.contains("e") && !stripped.contains("E")) {
            return stripped;
        }
        if (NUMBER.matcher(stripped).matches()) {
            BigDecimal number = new BigDecimal(stripped).stripTrailingZeros();
            if (number.scale() <= 0) {
                return number.toBigInteger().toString();
            }
        }
        return stripped;
    }

    /** The same for classes that differ by case, blanks or invisible characters only. */
    static String twinKey(String name) {
        StringBuilder key = new StringBuilder();
        name.toLowerCase(Locale.ROOT).codePoints().filter(c -> !isInvisible(c)).forEach(key::appendCodePoint);
        return key.toString();
    }

    /** The same for classes that are one number, {@code 01}, {@code +1} and {@code 1}; other names as they are. */
    static String numberKey(String name) {
        return NUMBER.matcher(name).matches()
                ? new BigDecimal(name).stripTrailingZeros().toString()
                : name;
    }

    /** Whether the name of a class may stand for none: {@code N/A}, {@code None}. */
    static boolean isDoubtful(String name) {
        return DOUBTFUL.contains(name.toLowerCase(Locale.ROOT));
    }

    /** Whether a name has no character that can be seen. */
    static boolean isInvisible(String name) {
        return name.codePoints().allMatch(LabelText::isInvisible);
    }

    /** A name for messages, in which every character can be seen. */
    static String shown(String name) {
        StringBuilder shown = new StringBuilder();
        name.codePoints().forEach(c -> {
            if (c != ' ' && isInvisible(c)) {
                shown.append(String.format("<U+%04X>", c));
            } else {
                shown.appendCodePoint(c);
            }
        });
        return shown.toString();
    }

    private static boolean isInvisible(int c) {
        return Character.isWhitespace(c)
                || Character.isSpaceChar(c)
                || Character.isISOControl(c)
                || Character.getType(c) == Character.FORMAT
                || FILLERS.indexOf(c) >= 0;
    }
}
