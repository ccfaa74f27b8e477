package org.erat.data.architecture;

import java.util.List;
import org.erat.data.architecture.Architecture.Biases;
import org.erat.data.architecture.Architecture.Mask;

/**
 * Mistral (Jiang et al., arXiv 2310.06825), after {@code MistralModel} of the transformers library: LLaMA without biases,
 * whose queries see a sliding window of keys in every block.
 */
public final class Mistral extends Llama {
    private static final String WINDOW = "sliding_window";

    /** What the transformers library assumes where the keys are left out; null is no window. */
    private static final int DEFAULT_WINDOW = 4096;

    private static final int DEFAULT_KEY_VALUE_HEADS = 8;

    @Override
    public List<String> modelTypes() {
        return List.of("mistral");
    }

    @Override
    int defaultKeyValueHeads(int heads) {
        return DEFAULT_KEY_VALUE_HEADS;
    }

    @Override
    List<Mask> masks(ConfigJson config) {
        config.requireAbsent("layer_types", "Use a model with one kind of attention in all blocks.");
        return List.of(config.isNull(WINDOW) ? Mask.CAUSAL : Mask.slidingWindow(config.size(WINDOW, DEFAULT_WINDOW)));
    }

    @Override
    Biases biases(ConfigJson config) {
        return Biases.NONE;
    }
}
