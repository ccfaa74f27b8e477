package org.erat.config;

import java.util.function.Function;
import java.util.function.Predicate;

/**
 * One setting: its name, the values it may have, and where its value lies in the typed configuration.
 *
 * @param key name, one of {@link Keys}
 * @param type allowed values
 * @param value reads the setting from a configuration
 * @param shapesAdapter whether the trained adapter depends on it, in a configuration
 */
record Setting<T>(String key, ValueType<T> type, Function<JobConfig, T> value, Predicate<JobConfig> shapesAdapter) {
    static <T> Setting<T> of(String key, ValueType<T> type, Function<JobConfig, T> value) {
        return new Setting<>(key, type, value, config -> true);
    }

    /** The same setting, marked as one that a trained adapter does not depend on. */
    Setting<T> withoutEffectOnAdapter() {
        return withEffectOnAdapterIf(config -> false);
    }

    /** The same setting, marked as one that a trained adapter depends on in some configurations only. */
    Setting<T> withEffectOnAdapterIf(Predicate<JobConfig> condition) {
        return new Setting<>(key, type, value, condition);
    }

    /** A line that sets it to the value it has in the configuration. */
    String render(JobConfig config) {
        return key + " = " + type.render().apply(value.apply(config));
    }
}
