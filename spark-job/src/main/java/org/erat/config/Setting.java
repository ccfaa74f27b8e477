package org.erat.config;

import java.util.function.Function;

/**
 * One setting: its name, the values it may have, and where its value lies in the typed configuration.
 *
 * @param key name, one of {@link Keys}
 * @param type allowed values
 * @param value reads the setting from a configuration
 * @param shapesAdapter whether the trained adapter depends on it
 */
record Setting<T>(String key, ValueType<T> type, Function<JobConfig, T> value, boolean shapesAdapter) {
    static <T> Setting<T> of(String key, ValueType<T> type, Function<JobConfig, T> value) {
        return new Setting<>(key, type, value, true);
    }

    /** The same setting, marked as one that a trained adapter does not depend on. */
    Setting<T> withoutEffectOnAdapter() {
        return new Setting<>(key, type, value, false);
    }

    /** A line that sets it to the value it has in the configuration. */
    String render(JobConfig config) {
        return key + " = " + type.render().apply(value.apply(config));
    }
}
