package org.erat.config;

import java.util.List;
import java.util.Map;
import org.erat.data.NearestName;

/** The keys that exist, and what to say about one that does not. */
final class KnownKeys {
    private static final List<String> KEYS =
            Settings.ALL.stream().map(Setting::key).toList();

    /** Keys of former versions. */
    private static final Map<String, String> RENAMED = Map.of("compute.backend", Keys.COMPUTE_DEVICE);

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
        if (RENAMED.containsKey(key)) {
            return key + " is now called " + RENAMED.get(key) + ", with values of its own. All keys are described in"
                    + " spark-job/src/main/resources/erat-reference.conf";
        }
        return "unknown key " + key + ": did you mean "
                + NearestName.to(key, KEYS).orElseThrow() + "? All keys are described in"
                + " spark-job/src/main/resources/erat-reference.conf";
    }
}
