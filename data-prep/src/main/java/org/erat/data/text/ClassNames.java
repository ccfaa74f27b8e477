package org.erat.data.text;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;

/** The classes of a data set that does not name them: its distinct labels. */
public final class ClassNames {
    /** With more, the column is no class but a text, an id or a number. */
    public static final int MOST = 1000;

    private static final Pattern INTEGER = Pattern.compile("[-+]?[0-9]{1,18}");

    private ClassNames() {}

    /** Distinct labels in the order of their class indices: as numbers where all are whole numbers, else as text. */
    public static List<String> inOrder(Collection<String> labels) {
        List<String> values = new ArrayList<>(labels);
        boolean integers =
                values.stream().allMatch(value -> INTEGER.matcher(value).matches());
        Comparator<String> byText = Comparator.naturalOrder();
        values.sort(
                integers
                        ? Comparator.comparingLong((String value) -> Long.parseLong(value))
                                .thenComparing(byText)
                        : byText);
        return values;
    }
}
