package org.erat.benchmark;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A model and a mini-batch without padding.
 *
 * @param name for people
 * @param model name of the base model
 * @param data name of the data set of sentences of {@code tokens} tokens
 * @param batch B
 * @param tokens T
 * @param blocks L
 * @param width H; the inner width is F = 4·H
 * @param heads A
 */
record StepShape(String name, String model, String data, int batch, int tokens, int blocks, int width, int heads) {
    /** Those of the table. */
    static final List<StepShape> ALL = List.of(
            new StepShape("BERT-base 8×128", Workspace.BASE, Workspace.TOKENS_128, 8, 128, 12, 768, 12),
            new StepShape("12×384 at 16×64", Workspace.SMALL, Workspace.TOKENS_64, 16, 64, 12, 384, 12));

    /** A product of {@code batch} pairs [m,k]·[k,n]. */
    record Product(int batch, int m, int k, int n) {
        double flop() {
            return 2.0 * batch * m * k * n;
        }
    }

    /**
     * The products of one LoRA step, with how often each occurs. N = B·T rows. Forward, in every block: query, key and
     * value [N,H]·[H,3H], attention's output [N,H]·[H,H], [N,H]·[H,F] and [N,F]·[F,H], and of each head q·kᵀ and p·v.
     * Backward: the same frozen maps the other way for dx alone, but not query, key and value of the first block, below
     * which nothing learns; and four products of each head. The adapters' own products, 1 % of the work, are left out.
     */
    Map<Product, Integer> products() {
        int rows = batch * tokens;
        int inner = 4 * width;
        int pairs = batch * heads;
        int headWidth = width / heads;
        Map<Product, Integer> counts = new LinkedHashMap<>();
        add(counts, new Product(1, rows, width, 3 * width), blocks);
        add(counts, new Product(1, rows, width, width), 2 * blocks);
        add(counts, new Product(1, rows, width, inner), 2 * blocks);
        add(counts, new Product(1, rows, inner, width), 2 * blocks);
        add(counts, new Product(1, rows, 3 * width, width), blocks - 1);
        add(counts, new Product(pairs, tokens, headWidth, tokens), 2 * blocks);
        add(counts, new Product(pairs, tokens, tokens, headWidth), 4 * blocks);
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
