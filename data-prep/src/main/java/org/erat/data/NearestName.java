package org.erat.data;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import org.apache.commons.text.similarity.LevenshteinDistance;

/** The name that was probably meant by one that does not exist. */
public final class NearestName {
    private NearestName() {}

    /** {@code " (did you mean 'label'?)"}, or nothing where no name is near. */
    public static String hint(String wrong, Collection<String> names) {
        int near = Math.max(2, wrong.length() / 2);
        return to(wrong, names)
                .filter(name -> distance(wrong, name) <= near)
                .map(name -> String.format(" (did you mean '%s'?)", name))
                .orElse("");
    }

    /** The nearest of {@code names}, however far it is; empty where there is none. */
    public static Optional<String> to(String wrong, Collection<String> names) {
        return names.stream()
                .min(Comparator.comparingInt((String name) -> distance(wrong, name))
                        // A slip in the section is one edit too: then its own section is the nearer one.
                        .thenComparingInt(name -> edits(wrong, name)));
    }

    /** Edits between two names, whatever their case; a wrong or missing section before the last dot counts as one. */
    private static int distance(String wrong, String name) {
        return Math.min(edits(wrong, name), 1 + edits(lastPart(wrong), lastPart(name)));
    }

    private static int edits(String wrong, String name) {
        return LevenshteinDistance.getDefaultInstance()
                .apply(wrong.toLowerCase(Locale.ROOT), name.toLowerCase(Locale.ROOT));
    }

    private static String lastPart(String name) {
        return name.substring(name.lastIndexOf('.') + 1);
    }
}
