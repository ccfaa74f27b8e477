package org.erat.export;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.erat.data.safetensors.FloatTensor;

/**
 * An adapter as PEFT has it. Patterns are regular expressions on module paths, and the same modules have both: versions of
 * PEFT before 0.15 look both up by the first that matches.
 *
 * @param base what Python's libraries load the base model from
 * @param modules the adapted modules, one at least
 * @param modulesToSave modules that are replaced as a whole: those of the head, or none
 * @param saved their tensors by name
 */
public record PeftAdapter(
        String base, List<PeftModule> modules, List<String> modulesToSave, Map<String, FloatTensor> saved) {

    public PeftAdapter {
        modules = List.copyOf(modules);
        modulesToSave = List.copyOf(modulesToSave);
        saved = new TreeMap<>(saved);
    }

    /** The same adapter, its base model being elsewhere. */
    public PeftAdapter on(String otherBase) {
        return new PeftAdapter(otherBase, modules, modulesToSave, saved);
    }

    /** The module with the highest rank, whose rank and α are those of all that no pattern matches. */
    private PeftModule highest() {
        return modules.stream().max(Comparator.comparingInt(PeftModule::rank)).orElseThrow();
    }

    int rank() {
        return highest().rank();
    }

    double alpha() {
        return highest().alpha();
    }

    Map<String, Integer> rankPattern() {
        Map<String, Integer> pattern = new TreeMap<>();
        exceptions().forEach(module -> pattern.put(module.expression(), module.rank()));
        return pattern;
    }

    Map<String, Double> alphaPattern() {
        Map<String, Double> pattern = new TreeMap<>();
        exceptions().forEach(module -> pattern.put(module.expression(), module.alpha()));
        return pattern;
    }

    private List<PeftModule> exceptions() {
        PeftModule highest = highest();
        return modules.stream().filter(module -> module.differsFrom(highest)).toList();
    }

    /**
     * Full paths of the adapted modules. The last parts alone would not do, since {@code attention.output.dense} ends with
     * {@code output.dense}.
     */
    List<String> targetModules() {
        return modules.stream().map(PeftModule::path).toList();
    }

    /** All tensors by PEFT's names. */
    Map<String, FloatTensor> tensors() {
        Map<String, FloatTensor> tensors = new TreeMap<>();
        for (PeftModule module : modules) {
            tensors.put(keyOfA(module.path()), module.a());
            tensors.put(keyOfB(module.path()), module.b());
        }
        saved.forEach((name, tensor) -> tensors.put(key(name), tensor));
        return tensors;
    }

    static String keyOfA(String module) {
        return key(module + ".lora_A.weight");
    }

    static String keyOfB(String module) {
        return key(module + ".lora_B.weight");
    }

    /** The key of a tensor that the model itself has. */
    static String key(String name) {
        return "base_model.model." + name;
    }
}
