package org.erat.benchmark;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/** One training step, and of encoders one forward pass, on both sides, at fixed shapes. */
final class StepRows {
    static final String F32 = "step-f32";
    static final String BF16 = "step-bf16";
    static final String LIMIT = "limit";
    static final String ERAT = "erat";
    static final String FIT = "fit";
    static final String FORWARD = "forward";
    static final String DECODER_F32 = "decoder-f32";
    static final String DECODER_BF16 = "decoder-bf16";

    private static final String OURS_F32 = "ours f32";
    private static final String OURS_BF16 = "ours bf16";
    private static final String OURS_ERAT = "ours erat";
    private static final String OURS_BARE = "ours bare";
    private static final String TORCH_F32 = "libtorch f32";
    private static final String TORCH_BF16 = "libtorch bf16";

    private final Bench bench;
    private final Set<String> rows;
    private final String f32;
    private final String bf16;
    private final String bf16Target;
    private int step;

    private StepRows(Bench bench, Set<String> rows, String f32, String bf16, String bf16Target) {
        this.bench = bench;
        this.rows = rows;
        this.f32 = f32;
        this.bf16 = bf16;
        this.bf16Target = bf16Target;
    }

    /** Classifies sentences by encoders. */
    static void ofEncoders(Bench bench, Set<String> rows) {
        StepRows steps = new StepRows(bench, rows, F32, BF16, "≥ 1.2 × libtorch bf16");
        StepShape.ENCODERS.forEach(steps::shape);
    }

    /** Trains language models. Processes end between models and precisions: with both precisions of the larger one they would need 20 GB. */
    static void ofDecoders(Bench bench, Set<String> rows) {
        Set<String> asked = new HashSet<>(rows);
        asked.retainAll(Set.of(DECODER_F32, DECODER_BF16));
        StepRows steps = new StepRows(bench, asked, DECODER_F32, DECODER_BF16, "≥ 1.1 × libtorch bf16");
        for (StepShape shape : StepShape.DECODERS) {
            bench.endSides();
            steps.shape(shape);
        }
        bench.endSides();
    }

    private void shape(StepShape shape) {
        int[] indices = IntStream.range(0, shape.batch()).toArray();
        Map<String, Samples> times = inF32(shape, indices);
        if (rows.contains(f32)) {
            bench.add(Line.speed(
                    f32,
                    shape.name(),
                    times.get(OURS_F32),
                    times.get(TORCH_F32),
                    "≥ 1.2 × libtorch f32",
                    rate(shape, times.get(OURS_F32), times.get(TORCH_F32))));
        }
        if (rows.contains(ERAT)) {
            bench.add(Line.speed(
                    ERAT,
                    shape.name() + ", ERAT beside our LoRA r=8",
                    times.get(OURS_ERAT),
                    times.get(OURS_F32),
                    "≥ 1, not slower",
                    "steps spread over the schedule of a run"));
        }
        if (rows.contains(FIT)) {
            bench.add(Line.speed(
                    FIT,
                    shape.name() + ", Deeplearning4j's fit beside the bare learner",
                    times.get(OURS_F32),
                    times.get(OURS_BARE),
                    "≥ 0.99",
                    "LoRA r=8, f32; both give the same bits"));
        }
        if (rows.contains(LIMIT)) {
            limit(shape, Bench.F32, times.get(OURS_F32));
        }
        if (shape.vocabulary() > 0) {
            bench.endSides();
        }
        Map<String, Samples> ofHalf = inBf16(shape, indices);
        if (rows.contains(bf16)) {
            bf16(shape, ofHalf);
        }
        if (rows.contains(LIMIT)) {
            limit(shape, Bench.BF16, ofHalf.get(OURS_BF16));
        }
        if (rows.contains(FORWARD) && shape.model().equals(Workspace.BASE)) {
            forward(shape, indices);
        }
    }

    private static String rate(StepShape shape, Samples ours, Samples peer) {
        double flop = shape.flop();
        return String.format(
                Locale.ROOT,
                "matrix work %.0f GFLOP: ours %.0f GFLOP/s, libtorch %.0f GFLOP/s",
                flop / 1e9,
                flop / ours.median() / 1e9,
                flop / peer.median() / 1e9);
    }

    private Map<String, Samples> inF32(StepShape shape, int[] indices) {
        Contest contest = new Contest();
        if (rows.contains(f32) || rows.contains(LIMIT) || rows.contains(ERAT) || rows.contains(FIT)) {
            contest.add(OURS_F32, () -> train(bench.ours(), shape, Bench.LORA, Bench.F32, indices));
        }
        if (rows.contains(f32)) {
            contest.add(TORCH_F32, () -> train(bench.torch(), shape, Bench.LORA, Bench.F32, indices));
        }
        if (rows.contains(FIT)) {
            contest.add(OURS_BARE, () -> train(bench.ours(), shape, Bench.LORA + Bench.BARE, Bench.F32, indices));
        }
        if (rows.contains(ERAT)) {
            contest.add(OURS_ERAT, () -> train(bench.ours(), shape, Bench.ERAT, Bench.F32, indices));
        }
        return run(contest);
    }

    private Map<String, Samples> inBf16(StepShape shape, int[] indices) {
        boolean row = rows.contains(bf16);
        Contest contest = new Contest();
        if (row || rows.contains(LIMIT)) {
            contest.add(OURS_BF16, () -> train(bench.ours(), shape, Bench.LORA, Bench.BF16, indices));
        }
        if (row) {
            contest.add(TORCH_F32, () -> train(bench.torch(), shape, Bench.LORA, Bench.F32, indices));
            contest.add(TORCH_BF16, () -> train(bench.torch(), shape, Bench.LORA, Bench.BF16, indices));
        }
        return run(contest);
    }

    private Map<String, Samples> run(Contest contest) {
        return contest.run(bench.times(2, 1), bench.times(7, 3));
    }

    private double train(Child side, StepShape shape, String method, String precision, int[] indices) {
        // A stride that meets all parts of the schedule in few steps.
        step = (step + 377) % Engine.TOTAL_STEPS;
        return bench.train(side, shape.model(), method, precision, shape.data(), indices, step);
    }

    private void bf16(StepShape shape, Map<String, Samples> times) {
        Samples ours = times.get(OURS_BF16);
        bench.add(Line.speed(
                bf16,
                shape.name() + ", beside libtorch f32",
                ours,
                times.get(TORCH_F32),
                "≥ 2.0 × libtorch f32",
                rate(shape, ours, times.get(TORCH_F32))));
        bench.add(Line.speed(
                bf16,
                shape.name() + ", beside libtorch bf16",
                ours,
                times.get(TORCH_BF16),
                bf16Target,
                rate(shape, ours, times.get(TORCH_BF16))));
    }

    /** The time that oneDNN's bare products of the step would take, over the time of the step. */
    private void limit(StepShape shape, String precision, Samples step) {
        Map<StepShape.Product, Double> seconds = new LinkedHashMap<>();
        shape.products()
                .forEach((product, count) -> seconds.computeIfAbsent(product, key -> bench.ours()
                        .ask(Child.request("products")
                                .put("precision", precision)
                                .put("batch", key.batch())
                                .put("m", key.m())
                                .put("k", key.k())
                                .put("n", key.n()))
                        .get("seconds")
                        .asDouble()));
        double bare = shape.products().entrySet().stream()
                .mapToDouble(entry -> entry.getValue() * seconds.get(entry.getKey()))
                .sum();
        bench.add(Line.speed(
                LIMIT,
                shape.name() + " " + precision + ", beside oneDNN's bare products",
                step,
                Samples.of(bare),
                "≥ 0.85",
                String.format(
                        Locale.ROOT,
                        "%.0f GFLOP in products, for which oneDNN's own rate is %.0f GFLOP/s",
                        shape.flop() / 1e9,
                        shape.flop() / bare / 1e9)));
    }

    private void forward(StepShape shape, int[] indices) {
        Map<String, Samples> times = new Contest()
                .add(OURS_F32, () -> forward(bench.ours(), shape, Bench.F32, indices))
                .add(TORCH_F32, () -> forward(bench.torch(), shape, Bench.F32, indices))
                .add(OURS_BF16, () -> forward(bench.ours(), shape, Bench.BF16, indices))
                .add(TORCH_BF16, () -> forward(bench.torch(), shape, Bench.BF16, indices))
                .run(bench.times(2, 1), bench.times(7, 3));
        Samples torch = times.get(TORCH_F32);
        bench.add(Line.speed(FORWARD, shape.name() + " f32", times.get(OURS_F32), torch, "≥ 1.2 × libtorch f32", ""));
        bench.add(Line.speed(
                FORWARD,
                shape.name() + " bf16, beside libtorch f32",
                times.get(OURS_BF16),
                torch,
                "≥ 2.0 × libtorch f32",
                ""));
        bench.add(Line.speed(
                FORWARD,
                shape.name() + " bf16, beside libtorch bf16",
                times.get(OURS_BF16),
                times.get(TORCH_BF16),
                "",
                ""));
    }

    private double forward(Child side, StepShape shape, String precision, int[] indices) {
        return bench.forward(side, shape.model(), precision, shape.data(), indices);
    }
}
