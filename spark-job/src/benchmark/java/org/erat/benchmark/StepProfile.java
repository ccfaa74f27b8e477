package org.erat.benchmark;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/** Where the time of our step goes, from what oneDNN itself says of every primitive that it executes. */
final class StepProfile {
    static final String ROW = "profile";
    static final String OF_DECODERS = "decoder-profile";

    /** Enough for Java to have compiled what it runs in every step. */
    private static final int WARM_UP = 15;

    private final Bench bench;
    private final String row;
    private final List<StepShape> shapes;

    private StepProfile(Bench bench, String row, List<StepShape> shapes) {
        this.bench = bench;
        this.row = row;
        this.shapes = shapes;
    }

    static StepProfile ofEncoders(Bench bench) {
        return new StepProfile(bench, ROW, StepShape.ENCODERS);
    }

    static StepProfile ofDecoders(Bench bench) {
        return new StepProfile(bench, OF_DECODERS, StepShape.DECODERS);
    }

    /** Kinds of work within a step. */
    private enum Work {
        FROZEN_MAPS("products with frozen weights"),
        ATTENTION("products and softmax of attention"),
        ADAPTERS("products of adapters"),
        ACTIVATION("activation, both ways"),
        NORMALISATION("layer normalisation, both ways"),
        SUMS("sums and copies"),
        VOCABULARY_PRODUCTS("products over the vocabulary"),
        VOCABULARY_LOSSES("logits to losses and their gradient"),
        OUTSIDE("outside oneDNN: loops in Java, optimizer, embeddings, copies to and from ND4J, calls");

        private final String words;

        Work(String words) {
            this.words = words;
        }

        /**
         * The kind of a primitive.
         *
         * @param operands sizes of its operands as oneDNN writes them: 1024x768:768x8
         */
        static Work of(String primitive, String operands, StepShape shape) {
            if (List.of(operands.split("[x:]")).contains(Integer.toString(shape.vocabulary()))) {
                return primitive.equals("matmul") ? VOCABULARY_PRODUCTS : VOCABULARY_LOSSES;
            }
            return switch (primitive) {
                case "matmul" -> ofProduct(operands);
                case "softmax" -> ATTENTION;
                case "eltwise" -> ACTIVATION;
                case "layer_normalization", "binary" -> NORMALISATION;
                case "reorder" -> SUMS;
                default -> throw new IllegalArgumentException("No kind of work: " + primitive);
            };
        }

        private static Work ofProduct(String operands) {
            List<String> sizes = List.of(operands.split("[x:]"));
            boolean batched = operands.substring(0, operands.indexOf(':')).split("x").length > 2;
            return batched ? ATTENTION : sizes.contains(Integer.toString(Engine.RANK)) ? ADAPTERS : FROZEN_MAPS;
        }
    }

    void measure() {
        for (StepShape shape : shapes) {
            for (String precision : List.of(Bench.F32, Bench.BF16)) {
                measure(shape, precision);
            }
        }
    }

    private void measure(StepShape shape, String precision) {
        int steps = bench.times(10, 3);
        Map<Work, Double> milliseconds = new EnumMap<>(Work.class);
        double whole = 0;
        try (Child ours = bench.verboseOurs()) {
            for (int step = 0; step < WARM_UP + steps; step++) {
                ours.takeAside();
                double seconds = bench.train(
                        ours,
                        shape.model(),
                        Bench.LORA,
                        precision,
                        shape.data(),
                        IntStream.range(0, shape.batch()).toArray(),
                        step);
                if (step >= WARM_UP) {
                    whole += 1e3 * seconds;
                    ours.takeAside().forEach(line -> count(line, shape, milliseconds));
                }
            }
        }
        double inside =
                milliseconds.values().stream().mapToDouble(Double::doubleValue).sum();
        milliseconds.put(Work.OUTSIDE, whole - inside);
        for (Map.Entry<Work, Double> part : milliseconds.entrySet()) {
            bench.add(Line.figure(
                    row,
                    shape.name() + " " + precision + ", " + part.getKey().words,
                    "ms",
                    Samples.of(part.getValue() / steps),
                    "",
                    String.format(Locale.ROOT, "%.1f %% of the step", 100 * part.getValue() / whole)));
        }
    }

    /** Adds the time of one line: onednn_verbose,…,exec,ENGINE,PRIMITIVE,…,OPERANDS,MILLISECONDS. */
    private static void count(String line, StepShape shape, Map<Work, Double> milliseconds) {
        List<String> fields = new ArrayList<>(Arrays.asList(line.split(",")));
        int exec = fields.indexOf("exec");
        if (exec >= 0) {
            int last = fields.size() - 1;
            Work work = Work.of(fields.get(exec + 2), fields.get(last - 1), shape);
            milliseconds.merge(work, Double.parseDouble(fields.get(last)), Double::sum);
        }
    }
}
