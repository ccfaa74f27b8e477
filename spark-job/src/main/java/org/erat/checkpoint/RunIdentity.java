package org.erat.checkpoint;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValue;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.erat.config.Keys;
import org.erat.config.SettingDescription;
import org.erat.config.TrackingSettings;

/**
 * What one run has in common each time it is submitted: its resolved configuration but for where it is followed, and a
 * fingerprint of the data and base weights that the configuration names. {@code config.conf} has both, the fingerprint in a comment on the first line.
 *
 * @param config text of the resolved configuration
 * @param fingerprint one line of text
 */
record RunIdentity(String config, String fingerprint) {
    private static final String MARK = "# data and weights: ";
    private static final int DIFFERENCES_NAMED = 8;

    RunIdentity {
        if (fingerprint.indexOf('\n') >= 0) {
            throw new IllegalArgumentException("A fingerprint is one line: " + fingerprint);
        }
    }

    String toText() {
        return MARK + fingerprint + "\n" + config + (config.endsWith("\n") ? "" : "\n");
    }

    static RunIdentity parse(String text) {
        if (!text.startsWith(MARK)) {
            return new RunIdentity(text, "");
        }
        int end = text.indexOf('\n');
        return end < 0
                ? new RunIdentity("", text.substring(MARK.length()))
                : new RunIdentity(text.substring(end + 1), text.substring(MARK.length(), end));
    }

    /** The differences of {@code other}, of the current command, from this, one text each; empty if there are none. */
    List<String> differences(RunIdentity other) {
        List<String> differences = new ArrayList<>();
        if (!config.strip().equals(other.config.strip())) {
            differences.addAll(configDifferences(other));
        }
        if (differences.isEmpty()) {
            differences.addAll(fingerprintDifferences(other));
        }
        if (differences.size() > DIFFERENCES_NAMED) {
            int more = differences.size() - DIFFERENCES_NAMED;
            differences = new ArrayList<>(differences.subList(0, DIFFERENCES_NAMED));
            differences.add(more + " more");
        }
        return differences;
    }

    /** Runs of earlier programs have the first parts of a fingerprint only: what they do not know is not compared. */
    private List<String> fingerprintDifferences(RunIdentity other) {
        String[] there = fingerprint.split(", ", -1);
        String[] here = other.fingerprint.split(", ", -1);
        List<String> differences = new ArrayList<>();
        for (int i = 0; i < Math.min(there.length, here.length); i++) {
            if (!there[i].equals(here[i])) {
                int name = here[i].lastIndexOf(' ');
                String what = name < 0 ? "data or base model" : here[i].substring(0, name);
                differences.add(what + " changed (" + there[i] + " there, " + here[i] + " now)");
            }
        }
        return differences;
    }

    private List<String> configDifferences(RunIdentity other) {
        Map<String, String> there;
        Map<String, String> here;
        try {
            there = flatten(ConfigFactory.parseString(config));
            here = flatten(ConfigFactory.parseString(other.config));
        } catch (ConfigException | StackOverflowError e) {
            return List.of("its config.conf cannot be parsed: " + e.getMessage());
        }
        TreeSet<String> keys = new TreeSet<>(there.keySet());
        keys.addAll(here.keySet());
        keys.removeIf(key -> key.startsWith(TrackingSettings.SECTION));
        // An earlier program did what the default of a setting that it did not know is.
        Map<String, Object> defaults =
                SettingDescription.defaults(here.getOrDefault(Keys.METHOD, SettingDescription.defaultMethod()));
        keys.removeIf(key ->
                !there.containsKey(key) && String.valueOf(defaults.get(key)).equals(here.get(key)));
        List<String> differences = new ArrayList<>();
        for (String key : keys) {
            String before = there.getOrDefault(key, "not set");
            String now = here.getOrDefault(key, "not set");
            if (!before.equals(now)) {
                differences.add(key + " (" + before + " there, " + now + " now)");
            }
        }
        return differences;
    }

    private static Map<String, String> flatten(Config config) {
        Map<String, String> values = new HashMap<>();
        for (Map.Entry<String, ConfigValue> entry : config.entrySet()) {
            values.put(entry.getKey(), entry.getValue().unwrapped().toString());
        }
        return values;
    }
}
