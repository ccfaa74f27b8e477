package org.erat.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.StreamSupport;

/** GPT-2's head, forward, loss and backward, beside the bare products of the same shapes. */
final class HeadRow {
    static final String ROW = "head";

    private static final int VOCABULARY = 50_257;

    private static final int WIDTH = 768;
    private static final int TARGETS = 1024;
    private static final int WARM_UP = 2;

    private final Bench bench;

    HeadRow(Bench bench) {
        this.bench = bench;
    }

    void measure() {
        Path model = bench.model(Workspace.GPT2);
        for (String precision : List.of(Bench.F32, Bench.BF16)) {
            measure(model, precision);
        }
    }

    private void measure(Path model, String precision) {
        JsonNode answer;
        try (Child head = bench.head()) {
            answer = head.ask(Child.request("head")
                    .put("model", model.toString())
                    .put("precision", precision)
                    .put("targets", TARGETS)
                    .put("passes", WARM_UP + bench.times(7, 3)));
        }
        Samples ours = new Samples(StreamSupport.stream(answer.get("seconds").spliterator(), false)
                .skip(WARM_UP)
                .map(JsonNode::asDouble)
                .toList());
        double bare = product(precision, WIDTH, VOCABULARY) + product(precision, VOCABULARY, WIDTH);
        double flop = 4.0 * TARGETS * VOCABULARY * WIDTH;
        bench.add(Line.speed(
                ROW,
                "language model, 1,024 targets × 50,257 × 768 " + precision + ", beside oneDNN's bare products",
                ours,
                Samples.of(bare),
                "≥ 0.85",
                String.format(
                        Locale.ROOT,
                        "%.0f GFLOP in products: %.0f GFLOP/s, and by themselves %.0f",
                        flop / 1e9,
                        flop / ours.median() / 1e9,
                        flop / bare / 1e9)));
        bench.add(Line.figure(
                ROW,
                "language model " + precision + ": memory beyond the mapped weights",
                "MB",
                Samples.of(answer.get("bytes").asDouble() / 1e6),
                "≤ 64 MB",
                "anonymous memory of the process; all logits at once would be 196 MiB, and their gradient as much"));
    }

    private double product(String precision, int k, int n) {
        return bench.ours()
                .ask(Child.request("products")
                        .put("precision", precision)
                        .put("batch", 1)
                        .put("m", TARGETS)
                        .put("k", k)
                        .put("n", n))
                .get("seconds")
                .asDouble();
    }
}
