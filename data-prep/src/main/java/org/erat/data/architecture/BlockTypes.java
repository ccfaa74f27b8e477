package org.erat.data.architecture;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The list {@code layer_types} of a {@code config.json}: which blocks see a sliding window of keys. */
final class BlockTypes {
    static final String KEY = "layer_types";
    static final String FULL = "full_attention";
    static final String SLIDING = "sliding_attention";

    private static final Map<String, Boolean> SLIDES = Map.of(FULL, false, SLIDING, true);

    private BlockTypes() {}

    /**
     * Whether each block has a window.
     *
     * @param blocks L
     * @throws org.erat.data.BadInputException naming the key if there are other types, or not as many as blocks
     */
    static List<Boolean> sliding(ConfigJson config, int blocks) {
        List<Boolean> sliding = new ArrayList<>();
        for (String type : config.texts(KEY)) {
            if (!SLIDES.containsKey(type)) {
                throw config.unsupported(KEY, "Use a model whose blocks all have " + FULL + " or " + SLIDING + ".");
            }
            sliding.add(SLIDES.get(type));
        }
        if (sliding.size() != blocks) {
            throw config.refused(KEY + " has " + sliding.size() + " entries for " + blocks
                    + " blocks (num_hidden_layers). Correct config.json.");
        }
        return sliding;
    }
}
