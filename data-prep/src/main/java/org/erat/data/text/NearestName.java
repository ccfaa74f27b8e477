package org.erat.data.text;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import org.apache.commons.text.similarity.LevenshteinDistance;

/** The name that was probably meant by one that does not exist. */
final class NearestName {
    private NearestName() {}

    /** {@code " (did you mean 'label'?)"}, or nothing where no name is near. */
    static String hint(String wrong, Collection<String> names) {
        String lower = wrong.toLowerCase(Locale.ROOT);
        int near = Math.max(2, wrong.length() / 2);
        LevenshteinDistance distance = LevenshteinDistance.getDefaultInstance();
        return names.stream()
                .min(Comparator.comparingInt(name -> distance.apply(lower, name.toLowerCase(Locale.ROOT))))
                .filter(name -> distance.apply(lower, name.toLowerCase(Locale.ROOT)) <= near)
                .map(name -> String.format(" (did you mean '%s'?)", name))
                .orElse("");
    }
}
