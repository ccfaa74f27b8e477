package org.erat.cli;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.spark.deploy.SparkSubmit;

/**
 * What {@code submit/erat} starts in place of spark-submit's own class, with the same words, where the driver runs in the
 * process that it starts. A command that starts no Spark is done here, and one that is refused ends here. With any other
 * one spark-submit goes on.
 */
public final class Submission {
    /** Properties for which spark-submit does more than to pass them on: it fetches jars and files, and logs in. */
    private static final List<String> MORE_THAN_PROPERTIES = List.of(
            "spark.jars",
            "spark.jars.packages",
            "spark.files",
            "spark.archives",
            "spark.kerberos.principal",
            "spark.kerberos.keytab",
            "spark.yarn.principal",
            "spark.yarn.keytab");

    private final Map<String, String> properties = new HashMap<>();
    private int resource;

    private Submission() {}

    /**
     * Does a command, or goes on to spark-submit.
     *
     * @param words options of spark-submit, each with a value, the resource to run, the words of the command
     */
    public static void main(String[] words) throws IOException {
        Submission submission = new Submission();
        // Where the launcher could make nothing of the words, spark-submit says so.
        if (submission.read(words) && MORE_THAN_PROPERTIES.stream().noneMatch(submission.properties::containsKey)) {
            // As spark-submit sets them for the class that it runs.
            submission.properties.forEach(System::setProperty);
            Main.withoutSpark(Arrays.copyOfRange(words, submission.resource + 1, words.length))
                    .ifPresent(Main::end);
        }
        SparkSubmit.main(words);
    }

    /** Reads the options; whether a resource comes after them. */
    private boolean read(String... words) throws IOException {
        Map<String, String> ofFile = Map.of();
        int i = 0;
        while (i + 1 < words.length && words[i].startsWith("--")) {
            String value = words[i + 1];
            switch (words[i]) {
                case "--conf" -> {
                    int equals = value.indexOf('=');
                    properties.put(value.substring(0, equals), value.substring(equals + 1));
                }
                case "--properties-file" -> ofFile = propertiesOf(Path.of(value));
                case "--deploy-mode" -> properties.put("spark.submit.deployMode", value);
                default -> {
                    // Nothing that a command without Spark would use.
                }
            }
            i += 2;
        }
        ofFile.forEach(properties::putIfAbsent);
        resource = i;
        return i < words.length && !words[i].startsWith("--");
    }

    /** What spark-submit takes from a file: Spark's properties, without blanks around their values. */
    private static Map<String, String> propertiesOf(Path file) throws IOException {
        Properties all = new Properties();
        try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            all.load(reader);
        }
        Map<String, String> ofSpark = new HashMap<>();
        for (String key : all.stringPropertyNames()) {
            if (key.startsWith("spark.")) {
                ofSpark.put(key, all.getProperty(key).strip());
            }
        }
        return ofSpark;
    }
}
