package org.erat.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.erat.data.UsageException;

/** The sources of a configuration, untyped and not yet resolved, and how they are laid over one another. */
final class ConfigLayers {
    private ConfigLayers() {}

    static Config file(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new UsageException("Configuration file " + file
                    + (Files.isDirectory(file) ? " is a folder" : " is not there") + ": name an existing one");
        }
        ConfigText.check(file);
        return parsed(() -> ConfigFactory.parseFile(
                file.toFile(), ConfigParseOptions.defaults().setAllowMissing(false)));
    }

    static Config text(String hocon, String origin) {
        ConfigText.check(hocon, origin);
        return parsed(() ->
                ConfigFactory.parseString(hocon, ConfigParseOptions.defaults().setOriginDescription(origin)));
    }

    /** {@code key=value} of the command line. */
    static Config overrides(List<String> overrides) {
        return parsed(() -> layerOf(overrides));
    }

    private static Config layerOf(List<String> overrides) {
        Config layer = ConfigFactory.empty();
        for (String override : overrides) {
            int equals = override.indexOf('=');
            if (equals < 1) {
                throw new UsageException("--set " + override + " has no key or no '=': write --set key=value");
            }
            String key = override.substring(0, equals).trim();
            ConfigText.check(key, "--set " + key);
            ConfigValue value =
                    overridingValue(override, override.substring(equals + 1).trim());
            try {
                layer = ConfigFactory.empty().withValue(key, value).withFallback(layer);
            } catch (ConfigException.BadPath e) {
                throw new UsageException("--set " + override + ": " + key + " is not a key", e);
            }
        }
        return layer;
    }

    /** The layers of a configuration, the first winning, resolved. */
    static Config resolved(Config... layers) {
        return parsed(() -> {
            Config result = ConfigFactory.empty();
            for (Config layer : layers) {
                result = result.withFallback(layer);
            }
            return result.resolve();
        });
    }

    static Config reference() {
        return resource("erat-reference.conf");
    }

    static Config methodDefaults(Method method) {
        return resource("methods/" + ValueType.hyphenated(method) + ".conf");
    }

    /**
     * Most values are meant literally: in HOCON the path {@code /data//x} would end at the comment. Whatever type the
     * setting has is read from the text later.
     */
    private static ConfigValue overridingValue(String override, String value) {
        String origin = "--set " + override;
        boolean hocon = value.startsWith("[")
                || value.startsWith("{")
                || value.startsWith("\"")
                || (value.contains("${") && value.contains("}"));
        if (hocon) {
            ConfigText.check(value, origin);
            try {
                Config parsed = ConfigFactory.parseString(
                        "value = " + value, ConfigParseOptions.defaults().setOriginDescription(origin));
                if (parsed.root().size() == 1) {
                    return parsed.root().get("value").withOrigin(parsed.origin());
                }
            } catch (ConfigException.Parse notHocon) {
                // A text that begins like HOCON, for example a folder named "[a".
                return ConfigValueFactory.fromAnyRef(value, origin);
            }
        }
        return ConfigValueFactory.fromAnyRef(value, origin);
    }

    private static Config resource(String name) {
        return ConfigFactory.parseResources(
                ConfigLayers.class.getClassLoader(),
                name,
                ConfigParseOptions.defaults().setAllowMissing(false));
    }

    /** What {@code source} reads; where the library cannot, a message for the user. */
    static <T> T parsed(Supplier<T> source) {
        try {
            return source.get();
        } catch (ConfigException e) {
            // The library's messages name file and line.
            throw new UsageException("The configuration cannot be read: " + e.getMessage(), e);
        } catch (StackOverflowError e) {
            throw new UsageException(
                    "The configuration cannot be read: its keys or substitutions are nested too deeply. Settings have two"
                            + " levels: check the dots in its keys.",
                    e);
        }
    }
}
