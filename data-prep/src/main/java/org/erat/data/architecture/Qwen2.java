package org.erat.data.architecture;

import java.util.List;
import java.util.Set;
import org.erat.data.architecture.Architecture.Biases;
import org.erat.data.architecture.Architecture.Mask;

/**
 * Qwen2 and Qwen2.5 (Yang et al., arXiv 2407.10671), after {@code Qwen2Model} of the transformers library: LLaMA with
 * biases of query, key and value, and a sliding window of keys where {@code use_sliding_window} says so.
 */
public class Qwen2 extends Llama {
    private static final String TYPES = "layer_types";
    private static final String USES_WINDOW = "use_sliding_window";
    private static final String WINDOW = "sliding_window";
    private static final String FULL_BLOCKS = "max_window_layers";
    private static final String FULL = "full_attention";
    private static final String SLIDING = "sliding_attention";

    /** What the transformers library assumes where the keys are left out. */
    private static final int DEFAULT_WINDOW = 4096;

    private static final int DEFAULT_FULL_BLOCKS = 28;

    @Override
    public List<String> modelTypes() {
        return List.of("qwen2");
    }

    @Override
    Mask mask(ConfigJson config) {
        boolean usesWindow = config.flag(USES_WINDOW, false) && !config.isNull(WINDOW);
        if (config.has(TYPES)) {
            Set<String> types = config.texts(TYPES);
            if (types.equals(Set.of(FULL))) {
                return Mask.CAUSAL;
            }
            if (!types.equals(Set.of(SLIDING)) || !usesWindow) {
                throw config.unsupported(
                        TYPES,
                        "Use a model whose blocks all have " + FULL + ", or all have " + SLIDING + " and " + USES_WINDOW
                                + " true.");
            }
        } else if (usesWindow) {
            int full = config.count(FULL_BLOCKS, DEFAULT_FULL_BLOCKS);
            if (full >= config.size("num_hidden_layers")) {
                return Mask.CAUSAL;
            }
            if (full > 0) {
                throw config.refused(FULL_BLOCKS + " " + full + " is not supported: a window in some blocks only. Use a"
                        + " model with a window in all blocks (0) or in none (" + USES_WINDOW + " false).");
            }
        }
        return usesWindow ? Mask.slidingWindow(config.size(WINDOW, DEFAULT_WINDOW)) : Mask.CAUSAL;
    }

    @Override
    Biases biases(ConfigJson config) {
        return Biases.QUERY_KEY_VALUE;
    }
}
