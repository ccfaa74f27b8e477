package org.erat.config;

import com.typesafe.config.ConfigFactory;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.erat.data.Sha256;

/**
 * The resolved configuration of a training run. A setting comes from the first of these that has it:
 *
 * <ol>
 *   <li>overrides, {@code key=value}, the last one of a key;
 *   <li>the configuration file, with what it includes;
 *   <li>the defaults of the method, {@code methods/METHOD.conf} on the class path;
 *   <li>{@code erat-reference.conf} on the class path, which describes every setting.
 * </ol>
 *
 * @param method the set of defaults that was used; what it means has been resolved into the other settings
 * @param seed seed of everything random
 * @param model the base model
 * @param data what is trained and measured on
 * @param adapter the low-rank matrices
 * @param schedule which of their rows take part in a step
 * @param training the course of training
 * @param head the task head
 * @param prefix how an encoder is trained as a language model
 * @param evaluation what is measured at the end
 * @param checkpoint when the run is saved
 * @param compute what a task computes with
 * @param tracking where the run can be followed
 */
public record JobConfig(
        Method method,
        long seed,
        ModelSettings model,
        DataSettings data,
        AdapterSettings adapter,
        ScheduleConfig schedule,
        TrainingSettings training,
        HeadSettings head,
        PrefixSettings prefix,
        EvaluationSettings evaluation,
        CheckpointSettings checkpoint,
        ComputeSettings compute,
        TrackingSettings tracking)
        implements Serializable {

    /**
     * Reads a HOCON file.
     *
     * @param file local file; {@code include} in it is relative to it
     * @param overrides {@code key=value}: a value in quotes, brackets or braces, or with a substitution, is HOCON, any
     *     other is taken literally
     * @throws org.erat.data.UsageException if the file cannot be read or a setting is unknown, missing or not allowed;
     *     names the file, the line and the fix
     */
    public static JobConfig load(Path file, List<String> overrides) {
        return ConfigParser.parse(ConfigLayers.file(file), overrides);
    }

    /**
     * Reads HOCON text, for example what {@link #render()} wrote.
     *
     * @param hocon the text; {@code include} in it sees the class path only
     * @param origin where the text comes from, for messages
     * @param overrides as for {@link #load}
     * @throws org.erat.data.UsageException if a setting is unknown, missing or not allowed
     */
    public static JobConfig parse(String hocon, String origin, List<String> overrides) {
        return ConfigParser.parse(ConfigLayers.text(hocon, origin), overrides);
    }

    /**
     * Settings given by key; the others have their defaults.
     *
     * @param settings plain values: strings, numbers, flags, lists of strings
     * @param origin who gives them, for messages
     * @throws org.erat.data.UsageException if a setting is unknown, missing or not allowed
     */
    public static JobConfig of(Map<String, ?> settings, String origin) {
        return ConfigParser.parse(ConfigFactory.parseMap(settings, origin), List.of());
    }

    /**
     * Every setting with its value as HOCON, a line each, sorted by key. {@link #parse} turns it into an equal
     * configuration, whatever the defaults are by then.
     */
    public String render() {
        return render(setting -> true);
    }

    /**
     * SHA-256, in hexadecimal, of the settings that the trained adapter depends on. Two runs with the same fingerprint,
     * the same base model and the same data give the same adapter. Where quality is measured makes no difference unless it
     * chooses the round, and how often the run is saved none unless the run may go back.
     */
    public String fingerprint() {
        return Sha256.of(render(setting -> setting.shapesAdapter().test(this)).getBytes(StandardCharsets.UTF_8));
    }

    private String render(Predicate<Setting<?>> chosen) {
        return Settings.ALL.stream()
                .filter(chosen)
                .map(setting -> setting.render(this) + "\n")
                .collect(Collectors.joining());
    }
}
