package org.erat.config;

import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.erat.data.Address;

/**
 * What values a setting may have. The text of the range, for messages and for the reference, and the check of a value
 * come from the same declaration.
 *
 * @param name type in words
 * @param kind what Java type a value has outside of the typed configuration
 * @param range allowed values in words
 * @param parse typed value, or nothing if the value is not allowed
 * @param render text that {@code parse} turns back into the same value
 */
record ValueType<T>(
        String name, Kind kind, String range, Function<ConfigValue, Optional<T>> parse, Function<T, String> render) {
    /** Java types of plain values: a choice is its name. */
    enum Kind {
        STRING,
        INT,
        LONG,
        DOUBLE,
        BOOLEAN,
        STRINGS
    }

    static ValueType<String> text() {
        return new ValueType<>(
                "text",
                Kind.STRING,
                "not empty",
                value -> scalar(value).filter(text -> !text.isBlank()),
                ConfigUtil::quoteString);
    }

    /** Where a web server answers. */
    static ValueType<String> webAddress() {
        return new ValueType<>(
                "web address",
                Kind.STRING,
                "http://HOST:PORT, https://HOST, or " + TrackingSettings.NONE,
                value -> scalar(value).filter(text -> text.equals(TrackingSettings.NONE) || Address.isWebServer(text)),
                ConfigUtil::quoteString);
    }

    static ValueType<Integer> whole(int low, int high) {
        Interval range = Interval.closed(Integer.toString(low), Integer.toString(high));
        return new ValueType<>(
                "whole number",
                Kind.INT,
                range.toString(),
                value -> number(value)
                        .filter(number -> range.contains(number) && isWhole(number))
                        .map(BigDecimal::intValueExact),
                number -> Integer.toString(number));
    }

    /** Some whole numbers, each once, ascending. Written as a list or as one text with commas. */
    static ValueType<List<Integer>> wholes(int low, int high) {
        ValueType<Integer> one = whole(low, high);
        return new ValueType<>(
                "list",
                Kind.STRINGS,
                "one or more of " + one.range(),
                value -> list(value, one)
                        .map(items -> items.stream().sorted().distinct().toList()),
                List::toString);
    }

    static ValueType<Long> anyLong() {
        Interval range = Interval.closed(Long.toString(Long.MIN_VALUE), Long.toString(Long.MAX_VALUE));
        return new ValueType<>(
                "whole number",
                Kind.LONG,
                range.toString(),
                value -> number(value)
                        .filter(number -> range.contains(number) && isWhole(number))
                        .map(BigDecimal::longValueExact),
                number -> Long.toString(number));
    }

    static ValueType<Double> decimal(Interval range) {
        return new ValueType<>(
                "number",
                Kind.DOUBLE,
                range.toString(),
                // What counts is the double: a number so small that it becomes 0 is not above 0.
                value -> number(value)
                        .map(BigDecimal::doubleValue)
                        .filter(number -> Double.isFinite(number) && range.contains(new BigDecimal(number))),
                number -> Double.toString(number));
    }

    static ValueType<ClassWeights> classWeights() {
        ValueType<Double> one = decimal(Interval.above("0", "1000000"));
        return new ValueType<>(
                "weights",
                Kind.STRING,
                "none, balanced, or a list of numbers " + one.range(),
                value -> scalar(value)
                        .filter(text -> text.equals("none") || text.equals("balanced"))
                        .map(text -> text.equals("none") ? ClassWeights.NONE : ClassWeights.BALANCED)
                        .or(() -> list(value, one).map(weights -> new ClassWeights(false, weights))),
                ClassWeights::toString);
    }

    static ValueType<Activations> activations() {
        return new ValueType<>(
                "amount",
                Kind.STRING,
                "kept, recomputed, or a size in k, m or g such as 200m",
                value -> scalar(value).flatMap(Activations::parse),
                Activations::toString);
    }

    /** The items of a list that is not empty, all of a type. */
    private static <T> Optional<List<T>> list(ConfigValue value, ValueType<T> one) {
        return items(value)
                .map(items -> items.stream()
                        .map(item -> one.parse().apply(ConfigValueFactory.fromAnyRef(item)))
                        .toList())
                .filter(items -> !items.isEmpty() && items.stream().allMatch(Optional::isPresent))
                .map(items -> items.stream().map(Optional::orElseThrow).toList());
    }

    static ValueType<Boolean> flag() {
        return new ValueType<>(
                "flag",
                Kind.BOOLEAN,
                "true, false",
                value -> scalar(value)
                        .filter(text -> text.equals("true") || text.equals("false"))
                        .map(Boolean::valueOf),
                flag -> Boolean.toString(flag));
    }

    /** One constant of an enum, written in lower case with hyphens. */
    static <E extends Enum<E>> ValueType<E> choice(Class<E> constants) {
        List<E> choices = Arrays.asList(constants.getEnumConstants());
        return new ValueType<>(
                "choice",
                Kind.STRING,
                choices.stream().map(ValueType::hyphenated).collect(Collectors.joining(", ")),
                value -> scalar(value).flatMap(text -> choices.stream()
                        .filter(choice -> hyphenated(choice).equals(text))
                        .findFirst()),
                ValueType::hyphenated);
    }

    /**
     * Some of the names, each once, in the order of {@code names}: what order they were written in has no effect. Written
     * as a list or as one text with commas.
     */
    static ValueType<List<String>> someOf(List<String> names) {
        return new ValueType<>(
                "list",
                Kind.STRINGS,
                "one or more of " + String.join(", ", names),
                value -> items(value)
                        .filter(items -> !items.isEmpty() && names.containsAll(items))
                        .map(items -> names.stream().filter(items::contains).toList()),
                items -> items.stream().map(ConfigUtil::quoteString).collect(Collectors.joining(", ", "[", "]")));
    }

    /** Name of an enum's constant as it is written in a configuration. */
    static String hyphenated(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static Optional<List<String>> items(ConfigValue value) {
        if (value.valueType() != ConfigValueType.LIST) {
            return scalar(value)
                    .map(text ->
                            Arrays.stream(text.split(",", -1)).map(String::trim).toList());
        }
        List<String> items = new ArrayList<>();
        for (Object item : (List<?>) value.unwrapped()) {
            items.add(String.valueOf(item));
        }
        return Optional.of(items);
    }

    private static Optional<BigDecimal> number(ConfigValue value) {
        try {
            return scalar(value).map(BigDecimal::new);
        } catch (NumberFormatException notANumber) {
            return Optional.empty();
        }
    }

    private static boolean isWhole(BigDecimal number) {
        return number.stripTrailingZeros().scale() <= 0;
    }

    private static Optional<String> scalar(ConfigValue value) {
        return switch (value.valueType()) {
            case STRING, NUMBER, BOOLEAN ->
                Optional.of(String.valueOf(value.unwrapped()).trim());
            case LIST, OBJECT, NULL -> Optional.empty();
        };
    }
}
