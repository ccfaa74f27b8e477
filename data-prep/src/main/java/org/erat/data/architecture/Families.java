package org.erat.data.architecture;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.erat.data.NearestName;
import org.erat.data.UsageException;

/** The known families of models. */
public final class Families {
    private static final List<Family> ALL = List.of(
            new Bert(),
            new Roberta(),
            new DistilBert(),
            new Electra(),
            new ModernBert(),
            new Gpt2(),
            new Llama(),
            new Mistral(),
            new Qwen2(),
            new Qwen3());

    private Families() {}

    /** Names of the families. */
    public static List<String> names() {
        return ALL.stream().map(Family::name).toList();
    }

    /**
     * The family of this name.
     *
     * @throws UsageException if there is none
     */
    public static Family named(String name) {
        return ALL.stream()
                .filter(family -> family.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new UsageException(String.format(
                        "'%s' is not a family of models%s. Use one of %s.",
                        name, NearestName.hint(name, names()), String.join(", ", names()))));
    }

    /** The family of an architecture. */
    public static Family of(Architecture architecture) {
        return named(architecture.family());
    }

    /**
     * The family that reads a {@code config.json}, by its {@code model_type}.
     *
     * @throws org.erat.data.BadInputException naming the file, the value and the known types if there is none
     */
    public static Family of(ConfigJson config) {
        Map<String, Family> byModelType = new TreeMap<>();
        ALL.forEach(family -> family.modelTypes().forEach(type -> byModelType.put(type, family)));
        return config.oneOf("model_type", byModelType);
    }

    /**
     * The architecture that a {@code config.json} describes.
     *
     * @throws org.erat.data.BadInputException naming the file, the key and the value if it cannot be used
     */
    public static Architecture architecture(ConfigJson config) {
        return of(config).architecture(config);
    }
}
