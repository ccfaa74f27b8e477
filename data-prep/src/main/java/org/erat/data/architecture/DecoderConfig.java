package org.erat.data.architecture;

import java.util.List;
import java.util.function.Supplier;

/** What the {@code config.json} of all decoders is asked, and in part of other models whose norms stand before their parts. */
final class DecoderConfig {
    private DecoderConfig() {}

    /** Refuses what no decoder of this project computes. */
    static void requireSupported(ConfigJson config) {
        for (String key : List.of("attn_logit_softcapping", "final_logit_softcapping", "logit_scale")) {
            config.requireAbsent(key, "Use a model whose scores and logits are as the products give them.");
        }
        for (String key : List.of("num_experts", "num_local_experts", "n_routed_experts")) {
            config.requireAbsent(key, "Use a dense model, without a mixture of experts.");
        }
        for (String key : List.of("parallel_attn", "use_parallel_residual")) {
            config.requireNot(key, "Use a model whose feed-forward parts come after the attention.");
        }
        config.requireAbsent("quantization_config", "Use the weights that are not quantized: F32, F16 or BF16.");
        config.requireNot("add_cross_attention", "Use a model without cross-attention.");
        config.requireNot("is_encoder_decoder", "Use a model without an encoder.");
        config.requireEmpty("pruned_heads", "Use a model with all its heads.");
    }

    /**
     * The id that fills the end of short examples: that of padding, or where there is none of the end of a text, or 0. It is
     * never attended to.
     *
     * @param vocabulary ids are below it
     */
    static int padTokenId(ConfigJson config, int vocabulary) {
        for (String key : List.of("pad_token_id", "eos_token_id")) {
            int id = config.firstTokenId(key).orElse(-1);
            if (id >= vocabulary) {
                throw config.refused(
                        key + " " + id + " is not below vocab_size " + vocabulary + ". Correct config.json.");
            }
            if (id >= 0) {
                return id;
            }
        }
        return 0;
    }

    /** Refuses a number that does not divide another one. */
    static void requireDivides(ConfigJson config, String part, int parts, String whole, int size) {
        if (size % parts != 0) {
            throw config.refused(
                    part + " " + parts + " does not divide " + whole + " " + size + ". Correct config.json.");
        }
    }

    /** Number of blocks under {@code key}. */
    static int blocks(ConfigJson config, String key) {
        int blocks = config.size(key);
        if (blocks > Architecture.MOST_BLOCKS) {
            throw config.refused(
                    key + " " + blocks + " is more than " + Architecture.MOST_BLOCKS + ". Correct config.json.");
        }
        return blocks;
    }

    /** The architecture, or an error that names the file. */
    static Architecture checked(ConfigJson config, Supplier<Architecture> architecture) {
        try {
            return architecture.get();
        } catch (IllegalArgumentException e) {
            throw config.refused(e.getMessage() + ". Correct config.json.");
        }
    }
}
