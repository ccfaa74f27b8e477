package org.erat.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigResolveOptions;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A setting as another interface than the configuration file offers it: by its key, with a plain value.
 *
 * @param key name, one of {@link Keys}
 * @param type Java type of its values
 * @param text what it means, its type and its range, as in {@code erat-reference.conf}
 */
public record SettingDescription(String key, Class<?> type, String text) {
    private static final String LITERAL = "a value";

    /** All settings, sorted by key. */
    public static List<SettingDescription> all() {
        Config reference = resolved(ConfigLayers.reference());
        return Settings.ALL.stream()
                .map(setting -> new SettingDescription(
                        setting.key(), typeOf(setting.type().kind()), text(reference, setting.key())))
                .toList();
    }

    /** The method that is used where none is given, by its name. */
    public static String defaultMethod() {
        return ConfigLayers.reference().getString(Keys.METHOD);
    }

    /**
     * The values of settings that are not given, by key; those that have to be given are not among them.
     *
     * @param method name of the method, whose defaults they are
     */
    public static Map<String, Object> defaults(String method) {
        ConfigValue name = ConfigValueFactory.fromAnyRef(method, LITERAL);
        Config layers = Settings.METHOD
                .type()
                .parse()
                .apply(name)
                .map(ConfigLayers::methodDefaults)
                .orElse(ConfigFactory.empty())
                .withFallback(ConfigLayers.reference());
        Config resolved = resolved(layers.withoutPath(Keys.METHOD)).withValue(Keys.METHOD, name);
        Map<String, Object> defaults = new LinkedHashMap<>();
        for (Setting<?> setting : Settings.ALL) {
            value(resolved, setting.key())
                    .flatMap(value -> plain(setting, value))
                    .ifPresent(value -> defaults.put(setting.key(), value));
        }
        return defaults;
    }

    /** Whether a value is in the range of the setting. */
    public boolean allows(Object value) {
        return plain(
                        setting(),
                        ConfigValueFactory.fromAnyRef(
                                value instanceof String[] items ? Arrays.asList(items) : value, LITERAL))
                .isPresent();
    }

    private Setting<?> setting() {
        return Settings.ALL.stream()
                .filter(setting -> setting.key().equals(key))
                .findFirst()
                .orElseThrow();
    }

    private static Class<?> typeOf(ValueType.Kind kind) {
        return switch (kind) {
            case STRING -> String.class;
            case INT -> Integer.class;
            case LONG -> Long.class;
            case DOUBLE -> Double.class;
            case BOOLEAN -> Boolean.class;
            case STRINGS -> String[].class;
        };
    }

    private static <T> Optional<Object> plain(Setting<T> setting, ConfigValue value) {
        return value.valueType() == ConfigValueType.NULL
                ? Optional.empty()
                : setting.type()
                        .parse()
                        .apply(value)
                        .map(typed -> plain(setting.type().kind(), typed));
    }

    private static Object plain(ValueType.Kind kind, Object typed) {
        return switch (kind) {
            case STRINGS -> ((List<?>) typed).stream().map(String::valueOf).toArray(String[]::new);
            case STRING -> typed instanceof Enum<?> choice ? ValueType.hyphenated(choice) : typed.toString();
            default -> typed;
        };
    }

    /** What is not set may be referred to by others, which then are not set either. */
    private static Config resolved(Config layers) {
        return layers.resolve(ConfigResolveOptions.defaults().setAllowUnresolved(true));
    }

    private static Optional<ConfigValue> value(Config config, String key) {
        ConfigValue at = config.root();
        for (String part : ConfigUtil.splitPath(key)) {
            at = at instanceof ConfigObject section ? section.get(part) : null;
        }
        return Optional.ofNullable(at);
    }

    private static String text(Config reference, String key) {
        return value(reference, key).orElseThrow().origin().comments().stream()
                .map(String::strip)
                .collect(Collectors.joining(" "));
    }
}
