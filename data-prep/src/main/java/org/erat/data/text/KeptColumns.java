package org.erat.data.text;

import java.util.List;

/**
 * Columns of the input that are kept beside what is made of it.
 *
 * @param all whether all are
 * @param names those that are, where not all; without a header their numbers
 */
public record KeptColumns(boolean all, List<String> names) {
    /** No columns. */
    public static final KeptColumns NONE = new KeptColumns(false, List.of());

    /** Every column, whatever it is called. */
    public static final KeptColumns ALL = new KeptColumns(true, List.of());

    public KeptColumns {
        names = List.copyOf(names);
    }

    /** Whether there are none. */
    boolean isEmpty() {
        return !all && names.isEmpty();
    }

    /** Those of {@code columns} that are kept; of names that are not among them, none. */
    List<String> among(List<String> columns) {
        return all ? columns : names.stream().filter(columns::contains).toList();
    }
}
