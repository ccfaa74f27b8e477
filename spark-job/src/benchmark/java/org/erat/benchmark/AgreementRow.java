package org.erat.benchmark;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/** That both sides compute the same: a fast peer of something else would be no peer. */
final class AgreementRow {
    static final String ROW = "agreement";
    static final String OF_DECODERS = "decoder-agreement";

    private final Bench bench;
    private final String row;
    private final List<StepShape> shapes;

    private AgreementRow(Bench bench, String row, List<StepShape> shapes) {
        this.bench = bench;
        this.row = row;
        this.shapes = shapes;
    }

    static AgreementRow ofEncoders(Bench bench) {
        return new AgreementRow(bench, ROW, StepShape.ENCODERS);
    }

    static AgreementRow ofDecoders(Bench bench) {
        return new AgreementRow(bench, OF_DECODERS, StepShape.DECODERS);
    }

    void measure() {
        shapes.forEach(this::compare);
    }

    private void compare(StepShape shape) {
        Path parameters = file("parameters");
        bench.ours().ask(request("parameters", shape, Bench.F32).put("out", parameters.toString()));
        drawB(parameters);
        Engine.Outcome peer = outcome(bench.torch(), shape, Bench.F32, parameters);
        add(shape.name() + " f32", outcome(bench.ours(), shape, Bench.F32, parameters), peer);
        endLargeSides(shape);
        add(shape.name() + " bf16", outcome(bench.ours(), shape, Bench.BF16, parameters), peer);
        add(
                shape.name() + " libtorch's own bf16 beside its f32",
                outcome(bench.torch(), shape, Bench.BF16, parameters),
                peer);
        endLargeSides(shape);
    }

    /** Both precisions of a decoder in both processes would not fit into memory. */
    private void endLargeSides(StepShape shape) {
        if (shape.vocabulary() > 0) {
            bench.endSides();
        }
    }

    private ObjectNode request(String what, StepShape shape, String precision) {
        int[] indices = IntStream.range(0, shape.batch()).toArray();
        return bench.onBatch(what, shape.model(), Bench.LORA, precision, shape.data(), indices);
    }

    /** Gives B values, without which A has no gradient. */
    private static void drawB(Path parameters) {
        HashMap<String, float[]> values = ObjectFile.read(parameters);
        Random random = new Random(1);
        values.keySet().stream().sorted().filter(name -> name.startsWith("b.")).forEach(name -> {
            float[] b = values.get(name);
            for (int i = 0; i < b.length; i++) {
                b[i] = (float) (0.03 * random.nextGaussian());
            }
        });
        ObjectFile.write(parameters, values);
    }

    private Engine.Outcome outcome(Child side, StepShape shape, String precision, Path parameters) {
        Path out = file("outcome");
        side.ask(request("outcome", shape, precision)
                .put("parameters", parameters.toString())
                .put("out", out.toString()));
        return ObjectFile.read(out);
    }

    private Path file(String name) {
        return bench.folder().resolve(name + ".bin");
    }

    private void add(String what, Engine.Outcome ours, Engine.Outcome peer) {
        double outputs = 0;
        for (int i = 0; i < peer.logProbabilities().length; i++) {
            outputs = Math.max(outputs, Math.abs((double) ours.logProbabilities()[i] - peer.logProbabilities()[i]));
        }
        double worst = 0;
        for (Map.Entry<String, float[]> gradient : peer.gradients().entrySet()) {
            worst = Math.max(worst, distance(ours.gradients().get(gradient.getKey()), gradient.getValue()));
        }
        bench.add(Line.figure(
                row,
                what + ": largest difference of a log-probability",
                "",
                Samples.of(outputs),
                "",
                "against libtorch f32"));
        bench.add(Line.figure(
                row,
                what + ": largest relative difference of a matrix's gradient",
                "",
                Samples.of(worst),
                "",
                "‖ours − theirs‖ / ‖theirs‖, against libtorch f32"));
    }

    private static double distance(float[] ours, float[] theirs) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < theirs.length; i++) {
            difference += Math.pow((double) ours[i] - theirs[i], 2);
            norm += Math.pow(theirs[i], 2);
        }
        return Math.sqrt(difference / norm);
    }
}
