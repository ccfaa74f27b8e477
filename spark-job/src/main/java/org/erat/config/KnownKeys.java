package org.erat.config;

import java.util.Comparator;
import java.util.List;
import org.apache.commons.text.similarity.LevenshteinDistance;

/** The keys that exist, and what to say about one that does not. */
final class KnownKeys {
    private static final List<String> KEYS =
            Settings.ALL.stream().map(Setting::key).toList();

    private KnownKeys() {}

    static boolean contains(String key) {
        return KEYS.contains(key);
    }

    static boolean isSection(String key) {
        return KEYS.stream().anyMatch(known -> known.startsWith(key + "."));
    }

    /** Says that a key is unknown, and which one was probably meant. */
    static String correction(String key) {
        if (isSection(key)) {
            List<String> members =
                    KEYS.stream().filter(known -> known.startsWith(key + ".")).toList();
            return key + " is a section, not a setting: set " + String.join(", ", members);
        }
        return "unknown key " + key + ": did you mean " + nearest(key)
                + "? All keys are described in erat-reference.conf";
    }

    static String nearest(String key) {
        return KEYS.stream()
                .min(Comparator.comparingInt(known -> distance(key, known)))
                .orElseThrow();
    }

    /** Edits between two keys; a wrong or missing section counts as one. */
    private static int distance(String key, String known) {
        LevenshteinDistance edits = LevenshteinDistance.getDefaultInstance();
        return Math.min(edits.apply(key, known), 1 + edits.apply(lastPart(key), lastPart(known)));
    }

    private static String lastPart(String key) {
        return key.substring(key.lastIndexOf('.') + 1);
    }
}
