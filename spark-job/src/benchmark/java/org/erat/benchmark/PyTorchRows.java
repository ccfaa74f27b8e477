package org.erat.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/** One training step beside the PyTorch and PEFT of a Python on this machine, eager and with {@code torch.compile}. */
final class PyTorchRows {
    static final String F32 = "pytorch-f32";
    static final String BF16 = "pytorch-bf16";
    static final List<String> ROWS = List.of(F32, BF16);

    private static final String OURS = "ours";
    private static final List<String> VARIANTS = List.of("eager", "compile");

    private final Bench bench;
    private final Set<String> rows;
    private final Path python;
    private int step;

    PyTorchRows(Bench bench, Set<String> rows, Path python) {
        this.bench = bench;
        this.rows = rows;
        this.python = python;
    }

    void measure() {
        for (StepShape shape : StepShape.ENCODERS) {
            if (rows.contains(F32)) {
                measure(shape, F32, Bench.F32, "≥ 2 ×");
            }
            if (rows.contains(BF16)) {
                measure(shape, BF16, Bench.BF16, shape.model().equals(Workspace.BASE) ? "≥ 1.5 ×" : "≥ 2 ×");
            }
        }
    }

    private void measure(StepShape shape, String row, String precision, String target) {
        try (Child pytorch = bench.pytorch(python)) {
            JsonNode versions = pytorch.ask(Child.request("versions"));
            Contest contest = new Contest().add(OURS, () -> ours(shape, precision));
            VARIANTS.forEach(variant -> contest.add(variant, () -> peer(pytorch, shape, precision, variant)));
            Map<String, Samples> times = contest.run(bench.times(3, 2), bench.times(7, 3));
            VARIANTS.forEach(variant -> bench.add(Line.speed(
                    row,
                    shape.name() + ", beside PyTorch " + precision + ", " + variant,
                    times.get(OURS),
                    times.get(variant),
                    target,
                    versions.toString())));
        }
    }

    private double ours(StepShape shape, String precision) {
        // A stride that meets all parts of the schedule in few steps.
        step = (step + 377) % Engine.TOTAL_STEPS;
        int[] indices = IntStream.range(0, shape.batch()).toArray();
        return bench.train(bench.ours(), shape.model(), Bench.LORA, precision, shape.data(), indices, step);
    }

    private static double peer(Child pytorch, StepShape shape, String precision, String variant) {
        ObjectNode request = Child.request("train")
                .put("batch", shape.batch())
                .put("tokens", shape.tokens())
                .put("blocks", shape.blocks())
                .put("width", shape.width())
                .put("heads", shape.heads())
                .put("precision", precision)
                .put("variant", variant);
        return pytorch.ask(request).get("seconds").asDouble();
    }
}
