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
        return names.stream().min(Comparator.comparingInt(name -> distance(wrong, name)));
    }

    /** Edits between two names, whatever their case; a wrong or missing section before the last dot counts as one. */
    private static int distance(String wrong, String name) {
        LevenshteinDistance edits = LevenshteinDistance.getDefaultInstance();
        String a = wrong.toLowerCase(Locale.ROOT);
        String b = name.toLowerCase(Locale.ROOT);
        return Math.min(edits.apply(a, b), 1 + edits.apply(lastPart(a), lastPart(b)));
    }

    private static String lastPart(String name) {
        return name.substring(name.lastIndexOf('.') + 1);
    }
}
