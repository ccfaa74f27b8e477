package org.erat.benchmark;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A model and a mini-batch without padding.
 *
 * @param name for people
 * @param model name of the base model
 * @param data name of the data set of examples of {@code tokens} tokens
 * @param batch B
 * @param tokens T
 * @param blocks L
 * @param width H
 * @param heads A
 * @param keyValueHeads K
 * @param inner F, the inner width
 * @param gated whether the feed-forward parts have a gate
 * @param vocabulary V of a language model, each of whose tokens predicts one; 0 for a classifier
 */
record StepShape(
        String name,
        String model,
        String data,
        int batch,
        int tokens,
        int blocks,
        int width,
        int heads,
        int keyValueHeads,
        int inner,
        boolean gated,
        int vocabulary) {
    /** Encoders of the table. */
    static final List<StepShape> ENCODERS = List.of(
            new StepShape("BERT-base 8×128", Workspace.BASE, Workspace.TOKENS_128, 8, 128, 12, 768, 12),
            new StepShape("12×384 at 16×64", Workspace.SMALL, Workspace.TOKENS_64, 16, 64, 12, 384, 12));

    /** Decoders of the table. */
    static final List<StepShape> DECODERS = List.of(
            new StepShape(
                    "GPT-2 4×256", Workspace.GPT2, Workspace.GPT2 + "-256", 4, 256, 12, 768, 12, 12, 3072, false, 50_257),
            new StepShape(
                    "Qwen2-0.5B 4×256",
                    Workspace.QWEN2,
                    Workspace.QWEN2 + "-256",
                    4,
                    256,
                    24,
                    896,
                    14,
                    2,
                    4864,
                    true,
                    151_936));

    /** An encoder of BERT's form. */
    StepShape(String name, String model, String data, int batch, int tokens, int blocks, int width, int heads) {
        this(name, model, data, batch, tokens, blocks, width, heads, heads, 4 * width, false, 0);
    }

    /** A product of {@code batch} pairs [m,k]·[k,n]. */
    record Product(int batch, int m, int k, int n) {
        double flop() {
            return 2.0 * batch * m * k * n;
        }
    }

    /**
     * The products of one LoRA step, with how often each occurs. N = B·T rows, O = (A+2K)·D. Forward, in every block: query,
     * key and value [N,H]·[H,O], attention's output [N,H]·[H,H], [N,H]·[H,F] (twice with a gate) and [N,F]·[F,H], and of
     * each head q·kᵀ and p·v. Backward: the same frozen maps the other way for dx alone, but not query, key and value of
     * the first block, below which nothing learns; and four products of each head. A language model's [N,H]·[H,V], both
     * ways. The adapters' own products, 1 % of the work, are left out.
     */
    Map<Product, Integer> products() {
        int rows = batch * tokens;
        int pairs = batch * heads;
        int headWidth = width / heads;
        int queryKeyValue = (heads + 2 * keyValueHeads) * headWidth;
        int innerMaps = gated ? 3 : 2;
        Map<Product, Integer> counts = new LinkedHashMap<>();
        add(counts, new Product(1, rows, width, queryKeyValue), blocks);
        add(counts, new Product(1, rows, width, width), 2 * blocks);
        add(counts, new Product(1, rows, width, inner), innerMaps * blocks);
        add(counts, new Product(1, rows, inner, width), innerMaps * blocks);
        add(counts, new Product(1, rows, queryKeyValue, width), blocks - 1);
        add(counts, new Product(pairs, tokens, headWidth, tokens), 2 * blocks);
        add(counts, new Product(pairs, tokens, tokens, headWidth), 4 * blocks);
        if (vocabulary > 0) {
            add(counts, new Product(1, rows, width, vocabulary), 1);
            add(counts, new Product(1, rows, vocabulary, width), 1);
        }
        return counts;
    }

    private static void add(Map<Product, Integer> counts, Product product, int count) {
        counts.merge(product, count, Integer::sum);
    }

    /** Floating-point operations of {@link #products}. */
    double flop() {
        return products().entrySet().stream()
                .mapToDouble(entry -> entry.getValue() * entry.getKey().flop())
                .sum();
    }
}
