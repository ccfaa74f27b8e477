package org.erat.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.DoubleBuffer;
import java.util.Arrays;
import java.util.stream.Stream;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.Adapters;
import org.erat.adapter.RowSelection;
import org.erat.adapter.RowsBySlot;
import org.erat.adapter.Window;
import org.erat.compute.Backend;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.compute.TestTensors;
import org.erat.config.Activations;
import org.erat.data.architecture.Architecture;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;

/**
 * One pass over padded examples with adapters of rank 1 on all projections, forward and backward, to be compared with what
 * the transformers library and autograd gave for the same weights: see {@link ReferenceDecoders}.
 */
final class ReferenceRun {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final BaseModelDirectory model;
    private final Architecture architecture;
    private final Backend backend;
    private final int[][] examples;
    private final int[][] types;
    private final double scale;
    private final AdapterLayout layout;

    ReferenceRun(BaseModelDirectory model, Backend backend, int[][] examples, double scale) {
        this(
                model,
                backend,
                examples,
                Stream.of(examples).map(ids -> new int[ids.length]).toArray(int[][]::new),
                scale);
    }

    /**
     * @param examples token ids of each
     * @param types token types of each
     * @param scale of the adapters
     */
    ReferenceRun(BaseModelDirectory model, Backend backend, int[][] examples, int[][] types, double scale) {
        this.model = model;
        this.architecture = model.architecture();
        this.backend = backend;
        this.examples = examples;
        this.types = types;
        this.scale = scale;
        this.layout = new AdapterLayout(architecture, 1, architecture.projections());
    }

    private Batch batch() {
        int tokens = Stream.of(examples).mapToInt(ids -> ids.length).max().orElseThrow();
        int[] ids = new int[examples.length * tokens];
        Arrays.fill(ids, architecture.padTokenId());
        int[] typeIds = new int[ids.length];
        int[] lengths = new int[examples.length];
        for (int b = 0; b < examples.length; b++) {
            lengths[b] = examples[b].length;
            System.arraycopy(examples[b], 0, ids, b * tokens, lengths[b]);
            System.arraycopy(types[b], 0, typeIds, b * tokens, lengths[b]);
        }
        return new Batch(ids, typeIds, lengths, new long[lengths.length], new Targets.Classes(new int[lengths.length]));
    }

    private double[] adapters() {
        double[] all = new double[(int) layout.length()];
        for (AdapterLayout.Slot slot : layout.slots()) {
            String key = slot.block() + "." + slot.projection().key();
            System.arraycopy(ReferenceDecoders.values(key + ".a", slot.in()), 0, all, (int) slot.rowOfA(0), slot.in());
            System.arraycopy(
                    ReferenceDecoders.values(key + ".b", slot.out()), 0, all, (int) slot.rowOfB(0), slot.out());
        }
        return all;
    }

    Result result() {
        Batch batch = batch();
        int width = architecture.width();
        double[] objective = new double[batch.tokenIds().length * width];
        for (int b = 0; b < examples.length; b++) {
            double[] ofExample = ReferenceDecoders.values("objective." + b, examples[b].length * width);
            System.arraycopy(ofExample, 0, objective, b * batch.tokens() * width, ofExample.length);
        }
        RowsBySlot rows = RowsBySlot.everywhere(RowSelection.of(new Window(0, 1), scale));
        try (Kernels kernels = backend.open(1);
                TransformerWeights weights =
                        TransformerWeights.of(architecture, model.family(), model.tensors(), backend);
                Tensor values = kernels.memory().uploadSingle(DoubleBuffer.wrap(adapters()), 1, layout.length());
                Tensor gradient = kernels.memory().allocateSingle(layout.length())) {
            Transformer transformer = new Transformer(kernels, weights, Activations.KEPT);
            kernels.pointwise().fill(gradient, 0);
            try (Transformer.Pass pass = transformer.forward(batch, Adapters.of(layout, values, rows))) {
                double[] states = TestTensors.doubles(kernels, pass.hidden());
                Tensor dHidden = kernels.memory()
                        .upload(DoubleBuffer.wrap(objective), pass.hidden().shape());
                transformer.backward(pass, dHidden, new Gradients(gradient, false));
                double[] gradients = TestTensors.doubles(kernels, gradient);
                return new Result(width, batch.tokens(), batch.lengths(), states, gradients);
            }
        }
    }

    /** Those of the output layer, tied or not. */
    double[] logits(double[] hidden) {
        try (Kernels kernels = backend.open(1);
                TransformerWeights weights =
                        TransformerWeights.of(architecture, model.family(), model.tensors(), backend);
                OutputWeights output = OutputWeights.of(weights, model.family(), model.tensors(), backend);
                Tensor states = kernels.memory().uploadSingle(DoubleBuffer.wrap(hidden), 1, hidden.length)) {
            OutputLayer layer = new OutputLayer(kernels, output, architecture);
            try (OutputLayer.Pass pass = layer.forward(states);
                    Tensor logits = layer.logits(pass)) {
                return TestTensors.doubles(kernels, logits);
            }
        }
    }

    /** What a run gives, by rows of the batch. */
    record Result(int width, int tokens, int[] lengths, double[] states, double[] gradients) {
        /** [length, H] of an example. */
        double[][] hidden(int example) {
            double[][] rows = new double[lengths[example]][width];
            for (int t = 0; t < rows.length; t++) {
                System.arraycopy(states, (example * tokens + t) * width, rows[t], 0, width);
            }
            return rows;
        }

        double[] gradient(long from, int length) {
            return Arrays.copyOfRange(gradients, (int) from, (int) from + length);
        }
    }

    // ---- comparison

    /** Hidden states and gradients, and logits where there are some. */
    static void check(ReferenceRun run, JsonNode expected, double tolerance) throws IOException {
        Result result = run.result();
        for (int b = 0; b < run.examples.length; b++) {
            double[][] hidden = result.hidden(b);
            assertClose(flat(hidden), expected.path("hidden").path(b), "hidden states", tolerance);
            if (expected.has("logits")) {
                double[] logits = run.logits(hidden[hidden.length - 1]);
                assertClose(logits, expected.path("logits").path(b), "logits", tolerance);
            }
        }
        for (AdapterLayout.Slot slot : run.layout.slots()) {
            String key = slot.block() + "." + slot.projection().key();
            JsonNode gradient = expected.path("gradients").path(key);
            assertClose(result.gradient(slot.rowOfA(0), slot.in()), gradient.path("a"), key + ".a", tolerance);
            assertClose(result.gradient(slot.rowOfB(0), slot.out()), gradient.path("b"), key + ".b", tolerance);
        }
    }

    static void assertClose(double[] actual, JsonNode expected, String what, double tolerance) throws IOException {
        double[] values = JSON.treeToValue(expected, double[].class);
        assertThat(actual).as(what).hasSameSizeAs(values);
        for (int i = 0; i < values.length; i++) {
            assertThat(actual[i])
                    .as("%s %d", what, i)
                    .isCloseTo(values[i], within(tolerance * Math.max(1, Math.abs(values[i]))));
        }
    }

    private static double[] flat(double[]... rows) {
        return Stream.of(rows).flatMapToDouble(Arrays::stream).toArray();
    }
}
