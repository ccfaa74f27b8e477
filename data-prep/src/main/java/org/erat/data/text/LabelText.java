package org.erat.data.text;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/** What labels that are written differently have in common, in every format alike. */
final class LabelText {
    /** How data frames write a value that is missing. */
    private static final Set<String> MISSING = Set.of("", "nan", "nat", "null");

    private static final Pattern WITH_FRACTION = Pattern.compile("[-+]?[0-9]+(?:\\.[0-9]+)?(?:[eE][-+]?[0-9]{1,2})?");

    /** Of letters that Java does not call blanks: byte order mark, zero width space, word joiner. */
    private static final String ZERO_WIDTH = "\uFEFF\u200B\u2060";

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
        if (WITH_FRACTION.matcher(stripped).matches()) {
            BigDecimal number = new BigDecimal(stripped).stripTrailingZeros();
            if (number.scale() <= 0) {
                return number.toBigInteger().toString();
            }
        }
        return stripped;
    }

    /** The same for classes that differ by case or blanks only. */
    static String twinKey(String name) {
        StringBuilder key = new StringBuilder();
        name.toLowerCase(Locale.ROOT).chars().filter(c -> !isBlank((char) c)).forEach(c -> key.append((char) c));
        return key.toString();
    }
}
