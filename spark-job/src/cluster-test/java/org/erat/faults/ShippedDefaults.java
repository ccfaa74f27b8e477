package org.erat.faults;

import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;

/** Spark properties as {@code conf/spark-defaults.conf} ships them; a test on a small machine wants less memory. */
final class ShippedDefaults {
    static final Map<String, String> PROPERTIES = read(Path.of("..", "conf", "spark-defaults.conf"));

    /** What the screen shows. */
    static final Path LOGGING =
            Path.of("..", "conf", "log4j2.properties").toAbsolutePath().normalize();

    private ShippedDefaults() {}

    private static Map<String, String> read(Path file) {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties.stringPropertyNames().stream()
                .filter(name -> !name.endsWith(".memory"))
                .collect(Collectors.toMap(name -> name, properties::getProperty));
    }
}
