package org.erat.data.architecture;

import java.util.List;
import java.util.stream.IntStream;
import org.erat.data.architecture.Architecture.Biases;
import org.erat.data.architecture.Architecture.Mask;

/**
 * Qwen2 and Qwen2.5 (Yang et al., arXiv 2407.10671), after {@code Qwen2Model} of the transformers library: LLaMA with
 * biases of query, key and value, and a sliding window of keys where {@code use_sliding_window} says so.
 */
public class Qwen2 extends Llama {
    private static final String USES_WINDOW = "use_sliding_window";
    private static final String WINDOW = "sliding_window";
    private static final String FULL_BLOCKS = "max_window_layers";

    /** What the transformers library assumes where the keys are left out. */
    private static final int DEFAULT_WINDOW = 4096;

    private static final int DEFAULT_FULL_BLOCKS = 28;

    @Override
    public List<String> modelTypes() {
        return List.of("qwen2");
    }

    /** Of the blocks in order: {@code layer_types} says it of each, else the first {@code max_window_layers} have none. */
    @Override
    List<Mask> masks(ConfigJson config) {
        int blocks = DecoderConfig.blocks(config, "num_hidden_layers");
        boolean usesWindow = config.flag(USES_WINDOW, false) && !config.isNull(WINDOW);
        Mask window = usesWindow ? Mask.slidingWindow(config.size(WINDOW, DEFAULT_WINDOW)) : Mask.CAUSAL;
        if (config.has(BlockTypes.KEY)) {
            List<Boolean> sliding = BlockTypes.sliding(config, blocks);
            if (!usesWindow && sliding.contains(true)) {
                throw config.unsupported(
                        BlockTypes.KEY,
                        "Set " + USES_WINDOW + " to true with a " + WINDOW + ", or use blocks that all have "
                                + BlockTypes.FULL + ".");
            }
            return sliding.stream().map(slides -> slides ? window : Mask.CAUSAL).toList();
        }
        int full = config.count(FULL_BLOCKS, DEFAULT_FULL_BLOCKS);
        return IntStream.range(0, blocks)
                .mapToObj(block -> block < full ? Mask.CAUSAL : window)
                .toList();
    }

    @Override
    Biases biases(ConfigJson config) {
        return Biases.QUERY_KEY_VALUE;
    }
}
