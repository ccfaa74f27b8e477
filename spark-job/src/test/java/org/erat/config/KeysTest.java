package org.erat.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import java.lang.reflect.Modifier;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.erat.data.UsageException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The names, the parser and the reference file agree, and the ranges in the file are the ones enforced. */
class KeysTest {
    private static final Pattern TYPE_AND_RANGE = Pattern.compile("^Type: (.+?)\\. Range: (.+)\\.$");
    private static final Pattern CLOSED = Pattern.compile("^(-?\\d+)\\.\\.(-?\\d+)$");
    private static final Pattern HALF_OPEN =
            Pattern.compile("^(?:above (\\d+)|(\\d+) or more), (?:below (\\d+)|at most (\\d+))$");

    /** Values under which every single setting can go to the ends of its range. */
    private static final List<String> ROOM = List.of(
            "model.path=m",
            "data.train=d",
            "adapter.rank=1024",
            "schedule.min-rank=1",
            "training.shards=1",
            "evaluation.every-rounds=1");

    @Test
    void namesParserAndReferenceHaveTheSameKeys() {
        assertThat(Settings.ALL.stream().map(Setting::key))
                .doesNotHaveDuplicates()
                .containsExactlyInAnyOrderElementsOf(keys());
        assertThat(reference().keySet()).containsExactlyInAnyOrderElementsOf(keys());
    }

    @ParameterizedTest
    @MethodSource("settings")
    void theReferenceDescribesEachKeyWithItsTypeAndRange(Setting<?> setting) {
        List<String> comments = comments(setting.key());
        Matcher line = typeAndRange(setting.key());
        assertThat(line.group(1)).isEqualTo(setting.type().name());
        assertThat(line.group(2)).isEqualTo(setting.type().range());
        assertThat(comments.get(0)).as("description of " + setting.key()).hasSizeGreaterThan(15);
        assertThat(comments.get(0)).doesNotStartWith("Type:");
    }

    @ParameterizedTest
    @MethodSource("settings")
    void theDocumentedRangeIsTheOneEnforced(Setting<?> setting) {
        String key = setting.key();
        String range = typeAndRange(key).group(2);
        switch (setting.type().name()) {
            case "whole number" -> {
                Matcher bounds = matched(CLOSED, range);
                allowed(key, bounds.group(1), bounds.group(2));
                refused(key, next(bounds.group(1), -1), next(bounds.group(2), 1), "1.5", "x");
            }
            case "number" -> decimalRangeIsEnforced(key, range);
            case "choice" -> {
                allowed(key, range.split(", "));
                refused(key, "other", "", range);
            }
            case "flag" -> {
                allowed(key, range.split(", "));
                refused(key, "yes", "1", "");
            }
            case "list" -> {
                String items = range.replace("one or more of ", "");
                Matcher bounds = CLOSED.matcher(items);
                if (bounds.matches()) {
                    allowed(key, bounds.group(1), bounds.group(2), bounds.group(1) + ", " + bounds.group(2));
                    refused(key, next(bounds.group(1), -1), next(bounds.group(2), 1), "1.5", "1,x", "");
                } else {
                    allowed(key, items.split(", "));
                    allowed(key, items);
                    refused(key, "other", "query,other", "");
                }
            }
            case "weights" -> {
                allowed(key, "none", "balanced", "1, 2.5", "1000000");
                refused(key, "other", "1,x", "1,0", "1,-1", "1000001", "");
            }
            case "amount" -> {
                allowed(key, "kept", "recomputed", "1k", "200m", "3g");
                refused(key, "other", "", "0m", "200", "1.5g", "-1m", "200M");
            }
            case "text" -> {
                allowed(key, "x");
                refused(key, "", " ");
            }
            case "web address" -> {
                allowed(
                        key,
                        "http://localhost:5000",
                        "https://tracking.example.org/team-a/",
                        "http://[::1]:5000",
                        "none");
                refused(key, "", "localhost:5000", "ftp://host", "http://user:word@host", "http://");
            }
            default ->
                throw new AssertionError("No probe for type " + setting.type().name());
        }
    }

    @ParameterizedTest
    @EnumSource(Method.class)
    void theReferenceNotesEveryDefaultOfAMethod(Method method) {
        String name = ValueType.hyphenated(method);
        Config defaults = ConfigFactory.parseResources(KeysTest.class.getClassLoader(), "methods/" + name + ".conf");
        Map<String, ConfigValue> values = new TreeMap<>();
        leaves(defaults.root(), "", values);
        for (String key : keys()) {
            String note = comments(key).stream()
                    .filter(line -> line.startsWith("By method:"))
                    .findFirst()
                    .orElse("");
            if (values.containsKey(key)) {
                String value =
                        values.get(key).render(ConfigRenderOptions.concise()).replace("\"", "");
                assertThat(note).as(key).matches("By method: (.*, )?\\Q" + name + " " + value + "\\E(, .*)?\\.");
            } else {
                assertThat(note).as(key).doesNotContainPattern("\\b" + name + " ");
            }
        }
    }

    /** The names declared in {@link Keys}. */
    static List<String> keys() {
        List<String> keys = new ArrayList<>();
        Arrays.stream(Keys.class.getFields())
                .filter(field -> Modifier.isStatic(field.getModifiers()) && field.getType() == String.class)
                .forEach(field -> {
                    try {
                        keys.add((String) field.get(null));
                    } catch (IllegalAccessException e) {
                        throw new AssertionError(e);
                    }
                });
        return keys;
    }

    static Stream<Setting<?>> settings() {
        return Settings.ALL.stream();
    }

    private static void decimalRangeIsEnforced(String key, String range) {
        Matcher closed = CLOSED.matcher(range);
        refused(key, "x", "NaN", "Infinity", "-Infinity", "-1e-300");
        if (closed.matches()) {
            allowed(key, closed.group(1), closed.group(2));
            refused(key, Double.toString(Math.nextUp(Double.parseDouble(closed.group(2)))));
            return;
        }
        Matcher open = matched(HALF_OPEN, range);
        if (open.group(1) != null) {
            refused(key, open.group(1));
            allowed(key, Double.toString(Math.nextUp(Double.parseDouble(open.group(1)))));
        } else {
            allowed(key, open.group(2));
        }
        if (open.group(3) != null) {
            refused(key, open.group(3));
            allowed(key, Double.toString(Math.nextDown(Double.parseDouble(open.group(3)))));
        } else {
            allowed(key, open.group(4));
            refused(key, Double.toString(Math.nextUp(Double.parseDouble(open.group(4)))));
        }
    }

    private static void allowed(String key, String... values) {
        for (String value : values) {
            assertThat(parse(key, value)).as(key + "=" + value).isNotNull();
        }
    }

    private static void refused(String key, String... values) {
        for (String value : values) {
            assertThatThrownBy(() -> parse(key, value))
                    .as(key + "=" + value)
                    .isInstanceOf(UsageException.class)
                    .hasMessageContaining(key + " = " + value)
                    .hasMessageContaining(typeAndRange(key).group(2));
        }
    }

    private static JobConfig parse(String key, String value) {
        List<String> overrides = new ArrayList<>(ROOM);
        overrides.add(key + "=" + value);
        return JobConfig.parse("", "none", overrides);
    }

    private static String next(String number, int step) {
        return new BigDecimal(number).add(BigDecimal.valueOf(step)).toPlainString();
    }

    private static Matcher typeAndRange(String key) {
        return comments(key).stream()
                .map(TYPE_AND_RANGE::matcher)
                .filter(Matcher::matches)
                .findFirst()
                .orElseThrow(() -> new AssertionError(key + " has no line 'Type: …. Range: ….'"));
    }

    private static Matcher matched(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        assertThat(matcher.matches()).as(text).isTrue();
        return matcher;
    }

    private static List<String> comments(String key) {
        return reference().get(key).origin().comments().stream()
                .map(String::trim)
                .toList();
    }

    private static Map<String, ConfigValue> reference() {
        Map<String, ConfigValue> values = new TreeMap<>();
        leaves(
                ConfigFactory.parseResources(KeysTest.class.getClassLoader(), "erat-reference.conf")
                        .root(),
                "",
                values);
        return values;
    }

    private static void leaves(ConfigObject section, String prefix, Map<String, ConfigValue> values) {
        section.forEach((name, value) -> {
            if (value instanceof ConfigObject inner) {
                leaves(inner, prefix + name + ".", values);
            } else {
                values.put(prefix + name, value);
            }
        });
    }
}
