package org.erat.export;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.erat.data.safetensors.FloatTensor;

/**
 * An adapter as PEFT has it: ΔW = (α_m / r_m)·B·A for each adapted module m.
 *
 * @param rank r, the rank of modules that {@code rankPattern} does not match; the highest of all
 * @param alpha α of modules that {@code alphaPattern} does not match
 * @param rankPattern ranks by regular expression on module paths
 * @param alphaPattern α by the same expressions: versions of PEFT before 0.15 look both up by the first that matches
 * @param targetModules full paths of the adapted modules; the last parts alone would not do, since
 *     {@code attention.output.dense} ends with {@code output.dense}
 * @param modulesToSave modules that are replaced as a whole: the token classifier, or none
 * @param tensors {@code base_model.model.<path>.lora_A.weight} [r,in] and {@code .lora_B.weight} [out,r] of each module, and
 *     what the modules to save hold
 */
public record PeftAdapter(
        int rank,
        double alpha,
        Map<String, Integer> rankPattern,
        Map<String, Double> alphaPattern,
        List<String> targetModules,
        List<String> modulesToSave,
        Map<String, FloatTensor> tensors) {

    public PeftAdapter {
        rankPattern = new TreeMap<>(rankPattern);
        alphaPattern = new TreeMap<>(alphaPattern);
        targetModules = List.copyOf(targetModules);
        modulesToSave = List.copyOf(modulesToSave);
        tensors = new TreeMap<>(tensors);
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
