package org.erat.data.architecture;

import java.util.List;
import org.erat.data.architecture.Architecture.Biases;

/**
 * Qwen3 (Yang et al., arXiv 2505.09388), after {@code Qwen3Model} of the transformers library: Qwen2 with norms of the heads
 * of query and key, heads of a width of their own, and no biases unless {@code attention_bias} says so.
 */
public final class Qwen3 extends Qwen2 {
    /** What the transformers library assumes where the key is left out. */
    private static final int DEFAULT_HEAD_WIDTH = 128;

    @Override
    public List<String> modelTypes() {
        return List.of("qwen3");
    }

    @Override
    int defaultHeadWidth() {
        return DEFAULT_HEAD_WIDTH;
    }

    @Override
    boolean hasHeadNorms() {
        return true;
    }

    @Override
    Biases biases(ConfigJson config) {
        return config.flag("attention_bias", false) ? Biases.ATTENTION : Biases.NONE;
    }

    @Override
    public String headNorm(int block, Projection projection) {
        String norm =
                switch (projection) {
                    case QUERY -> "self_attn.q_norm";
                    case KEY -> "self_attn.k_norm";
                    default -> throw new IllegalArgumentException(projection + " has no norm of its heads");
                };
        return blockPath(block) + "." + norm;
    }
}
