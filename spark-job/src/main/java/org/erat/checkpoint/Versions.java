package org.erat.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;

/** Versions of this build and of what it runs on. */
public final class Versions {
    private Versions() {}

    /**
     * Versions by name, sorted: the project, its commit if the build was given one, the libraries of {@code
     * build.properties}, Spark, Hadoop, Scala, the JDK and the operating system.
     */
    public static Map<String, String> current() {
        Map<String, String> versions = new TreeMap<>();
        build().forEach((name, version) -> versions.put(name.toString(), version.toString()));
        versions.put("spark", org.apache.spark.package$.MODULE$.SPARK_VERSION());
        versions.put("hadoop", org.apache.hadoop.util.VersionInfo.getVersion());
        versions.put("scala", scala.util.Properties$.MODULE$.versionNumberString());
        versions.put("jdk", Runtime.version().toString());
        versions.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
        // What the build was not given is blank, or the name of a Maven property.
        versions.values().removeIf(version -> version.isBlank() || version.startsWith("$"));
        return versions;
    }

    private static Properties build() {
        Properties properties = new Properties();
        try (InputStream in = Versions.class.getResourceAsStream("build.properties")) {
            if (in != null) {
                properties.load(in);
            }
            return properties;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
