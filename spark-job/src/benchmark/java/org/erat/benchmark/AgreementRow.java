package org.erat.benchmark;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/** That both sides compute the same: a fast peer of something else would be no peer. */
final class AgreementRow {
    static final String ROW = "agreement";

    private final Bench bench;

    AgreementRow(Bench bench) {
        this.bench = bench;
    }

    void measure() {
        compare(
                "BERT-base 8×128",
                Workspace.BASE,
                Workspace.TOKENS_128,
                IntStream.range(0, 8).toArray());
        compare(
                "12×384 at 16×64",
                Workspace.SMALL,
                Workspace.TOKENS_64,
                IntStream.range(0, 16).toArray());
    }

    private void compare(String name, String model, String data, int[] indices) {
        Path parameters = file("parameters");
        bench.ours()
                .ask(bench.onBatch("parameters", model, Bench.LORA, Bench.F32, data, indices)
                        .put("out", parameters.toString()));
        drawB(parameters);
        Engine.Outcome peer = outcome(bench.torch(), model, Bench.F32, data, indices, parameters);
        add(name + " f32", outcome(bench.ours(), model, Bench.F32, data, indices, parameters), peer);
        add(name + " bf16", outcome(bench.ours(), model, Bench.BF16, data, indices, parameters), peer);
        add(
                name + " libtorch's own bf16 beside its f32",
                outcome(bench.torch(), model, Bench.BF16, data, indices, parameters),
                peer);
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

    private Engine.Outcome outcome(
            Child side, String model, String precision, String data, int[] indices, Path parameters) {
        Path out = file("outcome");
        ObjectNode request = bench.onBatch("outcome", model, Bench.LORA, precision, data, indices)
                .put("parameters", parameters.toString())
                .put("out", out.toString());
        side.ask(request);
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
                ROW,
                what + ": largest difference of a log-probability",
                "",
                Samples.of(outputs),
                "",
                "against libtorch f32"));
        bench.add(Line.figure(
                ROW,
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
