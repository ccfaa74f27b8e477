package org.erat.monitoring;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.erat.data.Address;

/**
 * Removes secrets from text for the screen and for files. Secret are
 *
 * <ul>
 *   <li>the values of Spark and Hadoop properties whose name matches {@code spark.redaction.regex} or its default,
 *       anywhere in the text;
 *   <li>the value in {@code name=value} with such a name;
 *   <li>user and password in an address, {@code scheme://user:password@host}.
 * </ul>
 */
public final class Redaction {
    /** Replaces a secret. Spark's own text for it. */
    static final String HIDDEN = "*********(redacted)";

    /** Spark's own default, and the names that Hadoop's object stores use. */
    private static final String DEFAULT = "(?i)secret|password|token|access[.]?key|account[.]?key|passphrase";

    private static final Pattern ASSIGNMENT = Pattern.compile("(?<![\\w.-])([\\w.-]+)\\s*=\\s*(\"[^\"]*\"|[^\\s,;)]+)");

    /** Shorter values, numbers and booleans would match harmless text. */
    private static final int SHORTEST_SECRET = 6;

    private static final Pattern HARMLESS = Pattern.compile("true|false|[\\d.,]+");

    private final Pattern names;
    private final List<String> secrets = new ArrayList<>();

    private Redaction(Pattern names) {
        this.names = names;
    }

    /** Redaction of the secrets in the configuration of an application. */
    public static Redaction of(SparkConf spark, Configuration hadoop) {
        String own = spark.get("spark.redaction.regex", "");
        Redaction redaction = new Redaction(Pattern.compile(own.isEmpty() ? DEFAULT : own + "|" + DEFAULT));
        for (scala.Tuple2<String, String> property : spark.getAll()) {
            redaction.collect(property._1(), property._2());
        }
        hadoop.forEach(property -> {
            if (!isDefault(hadoop, property.getKey())) {
                redaction.collect(property.getKey(), property.getValue());
            }
        });
        // A secret that contains another one goes first.
        redaction.secrets.sort(Comparator.comparingInt(String::length).reversed());
        return redaction;
    }

    private static boolean isDefault(Configuration hadoop, String name) {
        String[] sources = hadoop.getPropertySources(name);
        return sources != null && sources.length > 0 && sources[sources.length - 1].endsWith("-default.xml");
    }

    private void collect(String name, String value) {
        if (isSecret(name)
                && value.length() >= SHORTEST_SECRET
                && !HARMLESS.matcher(value).matches()) {
            secrets.add(value);
        }
    }

    private boolean isSecret(String name) {
        return names.matcher(name).find();
    }

    /** The text without secrets. */
    public String of(String text) {
        String redacted = Address.CREDENTIALS.matcher(text).replaceAll(Matcher.quoteReplacement(HIDDEN));
        redacted = ASSIGNMENT
                .matcher(redacted)
                .replaceAll(found -> Matcher.quoteReplacement(
                        isSecret(found.group(1))
                                ? found.group().substring(0, found.start(2) - found.start()) + HIDDEN
                                : found.group()));
        for (String secret : secrets) {
            redacted = redacted.replace(secret, HIDDEN);
        }
        return redacted;
    }

    /** Properties, sorted by name, without secrets. */
    public Map<String, String> of(Map<String, String> properties) {
        Map<String, String> redacted = new TreeMap<>();
        properties.forEach((name, value) -> redacted.put(name, isSecret(name) ? HIDDEN : of(value)));
        return redacted;
    }
}
