package org.erat.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.DoubleBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.Adapters;
import org.erat.adapter.LowRankAdapter.Dropout;
import org.erat.adapter.RowSelection;
import org.erat.adapter.RowsBySlot;
import org.erat.adapter.Window;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.compute.TestTensors;
import org.erat.compute.nd4j.Nd4jBackend;
import org.erat.config.Activations;
import org.erat.config.Precision;
import org.erat.data.architecture.Activation;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Architecture.Biases;
import org.erat.data.architecture.Architecture.FeedForward;
import org.erat.data.architecture.Architecture.Heads;
import org.erat.data.architecture.Architecture.Mask;
import org.erat.data.architecture.Architecture.Norm;
import org.erat.data.architecture.Architecture.Place;
import org.erat.data.architecture.Architecture.Pooling;
import org.erat.data.architecture.Positions;
import org.erat.data.architecture.Projection;
import org.erat.data.architecture.RotaryScaling;
import org.erat.data.tokenized.Arrangement;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;
import org.erat.data.tokenized.Visibility;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What an architecture may state beside BERT's: norms before their parts with a last one after all blocks, norms by the
 * root mean square or without a bias, embeddings of another width, causal attention, sliding windows, which may differ from
 * block to block as rotations may, query heads that share key and value, rotary positions, norms of heads,
 * a gate in the feed-forward part, maps without a bias. In double precision, against a transformer in plain loops and central
 * differences of the forward pass.
 *
 * <p>Tolerances: values are sums of some ten products near 1, so 1e-12. Slopes err by h²·f‴/6 with f‴ up to 1e4 and
 * h = 1e-5, so 1e-6 relative to the slope, or to 1 where that is smaller.
 */
class TransformerArchitecturesTest {
    private static final int RANK = 3;
    private static final double SCALE = 0.8;
    private static final double H = 1e-5;

    private static Architecture architecture(Place place, Mask mask, int keyValueHeads) {
        return new Architecture(
                "test",
                20,
                0,
                new Positions.Learned(12, 1, false),
                2,
                8,
                8,
                new Heads(4, keyValueHeads, 3),
                List.of(mask),
                new FeedForward(10, Activation.TANH, false),
                new Norm(Norm.Kind.LAYER, place, 1e-5),
                Biases.ALL,
                true,
                0,
                Pooling.FIRST_TOKEN);
    }

    private static Architecture gated(Place place, Biases biases) {
        return new Architecture(
                "test",
                20,
                0,
                Positions.ofAllTokens(12),
                2,
                8,
                8,
                new Heads(4, 2, 3),
                List.of(Mask.CAUSAL),
                new FeedForward(10, Activation.SILU, true),
                new Norm(Norm.Kind.RMS, place, 1e-5),
                biases,
                true,
                0,
                Pooling.FIRST_TOKEN);
    }

    /** As the decoders have them: no norm of the embeddings, rotary positions and no learned ones. */
    private static Architecture rotary(RotaryScaling scaling, Mask mask, boolean headNorms) {
        return new Architecture(
                "test",
                20,
                0,
                new Positions.Rotary(100, scaling, 12),
                2,
                8,
                8,
                new Heads(4, 2, 4, headNorms),
                List.of(mask),
                new FeedForward(10, Activation.SILU, true),
                new Norm(Norm.Kind.RMS, Place.PRE, 1e-5),
                Biases.ATTENTION,
                true,
                0,
                Pooling.FIRST_TOKEN);
    }

    /** As ModernBERT has it: a window around a query in some blocks, which have a rotation of their own. */
    private static Architecture apart(Norm.Kind norm) {
        RotaryScaling unscaled = new RotaryScaling.Unscaled();
        Positions.Rotation all = new Positions.Rotation(160, unscaled);
        Positions.Rotation around = new Positions.Rotation(10, unscaled);
        return new Architecture(
                "test",
                20,
                0,
                new Positions.Rotary(List.of(all, around, around), 12),
                3,
                8,
                8,
                new Heads(2, 2, 4),
                List.of(Mask.BIDIRECTIONAL, Mask.around(2), Mask.around(3)),
                new FeedForward(10, Activation.SILU, true),
                new Norm(norm, Place.PRE, 1e-5),
                Biases.NONE,
                true,
                0,
                Pooling.MEAN);
    }

    static Stream<Architecture> architectures() {
        return Stream.of(
                architecture(Place.POST, Mask.BIDIRECTIONAL, 4),
                architecture(Place.POST, Mask.BIDIRECTIONAL, 4).withEmbeddingWidth(5),
                architecture(Place.PRE, Mask.around(2), 2),
                apart(Norm.Kind.LAYER),
                apart(Norm.Kind.LAYER_WITHOUT_BIAS),
                architecture(Place.POST, Mask.CAUSAL, 1),
                architecture(Place.PRE, Mask.BIDIRECTIONAL, 4),
                architecture(Place.PRE, Mask.CAUSAL, 2),
                gated(Place.PRE, Biases.NONE),
                gated(Place.PRE, Biases.QUERY_KEY_VALUE),
                gated(Place.POST, Biases.NONE),
                rotary(new RotaryScaling.Unscaled(), Mask.CAUSAL, false),
                rotary(new RotaryScaling.Linear(3), Mask.slidingWindow(2), false),
                rotary(new RotaryScaling.Llama3(8, 1, 4, 30), Mask.CAUSAL, true));
    }

    private static final int[] LENGTHS = {4, 2};
    private static final int TOKENS = 4;

    private static Batch batch() {
        int[] tokenIds = {3, 14, 15, 9, 2, 6, 0, 0};
        return new Batch(tokenIds, new int[8], LENGTHS, new long[2], new Targets.Classes(new int[2]));
    }

    /** The last token of the first example is a pseudo token in the place of the third; the second one's see themselves. */
    private static Batch arranged() {
        Batch plain = batch();
        return new Batch(
                plain.tokenIds(),
                plain.typeIds(),
                plain.lengths(),
                plain.ids(),
                plain.targets(),
                new Arrangement(
                        new int[] {0, 1, 2, 2, 3, 0, 0, 0},
                        new Visibility(new int[] {0, 0, 1, 0, 0, 1, 0, 0}, new int[] {2, 2, 3, 2, 0, 2, 0, 0})));
    }

    /** A transformer in double precision with adapters on some projections. */
    private static final class Adapted implements AutoCloseable {
        private final Batch batch;
        private final Kernels kernels;
        private final TransformerWeights weights;
        private final Transformer transformer;
        private final AdapterLayout layout;
        private final double[] values;

        Adapted(Architecture architecture, PlainTransformer plain, Set<Projection> projections, boolean recomputes) {
            this(architecture, plain, projections, recomputes, batch());
        }

        Adapted(
                Architecture architecture,
                PlainTransformer plain,
                Set<Projection> projections,
                boolean recomputes,
                Batch batch) {
            this.batch = batch;
            Nd4jBackend backend = new Nd4jBackend(Precision.F64);
            this.kernels = backend.open(1);
            this.weights = plain.on(backend);
            this.transformer =
                    new Transformer(kernels, weights, recomputes ? Activations.RECOMPUTED : Activations.KEPT);
            this.layout = new AdapterLayout(architecture, RANK, projections);
            this.values = new Random(3).doubles(layout.length(), -0.5, 0.5).toArray();
        }

        private Adapters adapters(Tensor of) {
            RowsBySlot rows = RowsBySlot.everywhere(RowSelection.of(new Window(0, RANK), SCALE));
            return new Adapters(layout, of, rows, slot -> Dropout.NONE);
        }

        private Tensor upload() {
            return kernels.memory().upload(DoubleBuffer.wrap(values), 1, values.length);
        }

        double[] hidden() {
            try (Tensor uploaded = upload();
                    Transformer.Pass pass = transformer.forward(batch, adapters(uploaded))) {
                return TestTensors.doubles(kernels, pass.hidden());
            }
        }

        double[] inferred() {
            List<double[]> hidden = new ArrayList<>();
            try (Tensor uploaded = upload()) {
                transformer.infer(
                        batch,
                        List.of(adapters(uploaded)),
                        (selection, states) -> hidden.add(TestTensors.doubles(kernels, states)));
            }
            return hidden.get(0);
        }

        /** Gradient of Σ w·hidden, all of whose weights in the padding are 0. */
        double[] gradient(double[] w) {
            try (Tensor uploaded = upload();
                    Tensor gradient = kernels.memory().allocateSingle(values.length);
                    Transformer.Pass pass = transformer.forward(batch, adapters(uploaded))) {
                kernels.pointwise().fill(gradient, 0);
                Tensor dHidden = kernels.memory()
                        .upload(DoubleBuffer.wrap(w), pass.hidden().shape());
                transformer.backward(pass, dHidden, new Gradients(gradient, false));
                return TestTensors.doubles(kernels, gradient);
            }
        }

        double slope(double[] w, double[] direction) {
            double[] center = values.clone();
            double[] sides = new double[2];
            for (int side = 0; side < 2; side++) {
                for (int i = 0; i < values.length; i++) {
                    values[i] = center[i] + (side == 0 ? H : -H) * direction[i];
                }
                sides[side] = product(w, hidden());
            }
            System.arraycopy(center, 0, values, 0, center.length);
            return (sides[0] - sides[1]) / (2 * H);
        }

        /** scale·B·A of a projection, [out,in]; zeros where it carries no adapter. */
        double[][] delta(Architecture architecture, int block, Projection projection) {
            double[][] delta = new double[architecture.out(projection)][architecture.in(projection)];
            if (layout.projections().contains(projection)) {
                AdapterLayout.Slot slot = layout.slot(block, projection);
                for (int row = 0; row < RANK; row++) {
                    for (int o = 0; o < slot.out(); o++) {
                        for (int i = 0; i < slot.in(); i++) {
                            delta[o][i] +=
                                    SCALE * values[(int) slot.rowOfB(row) + o] * values[(int) slot.rowOfA(row) + i];
                        }
                    }
                }
            }
            return delta;
        }

        @Override
        public void close() {
            long left = kernels.memory().outstanding();
            kernels.close();
            weights.close();
            assertThat(left).as("tensors that are not closed").isZero();
        }
    }

    private static double product(double[] one, double[] other) {
        double sum = 0;
        for (int i = 0; i < one.length; i++) {
            sum += one[i] * other[i];
        }
        return sum;
    }

    /** Random weights of the hidden states, 0 in the padding. */
    private static double[] weights(int width) {
        double[] w = new Random(4)
                .doubles((long) LENGTHS.length * TOKENS * width, -1, 1)
                .toArray();
        for (int b = 0; b < LENGTHS.length; b++) {
            Arrays.fill(w, (b * TOKENS + LENGTHS[b]) * width, (b + 1) * TOKENS * width, 0);
        }
        return w;
    }

    @ParameterizedTest
    @MethodSource("architectures")
    void hiddenStatesFollowTheFormulas(Architecture architecture) {
        PlainTransformer plain = new PlainTransformer(architecture, new Random(1));
        int width = architecture.width();
        try (Adapted adapted = new Adapted(architecture, plain, EnumSet.copyOf(architecture.projections()), false)) {
            double[] hidden = adapted.hidden();
            double[] inferred = adapted.inferred();
            for (int b = 0; b < LENGTHS.length; b++) {
                int from = b * TOKENS;
                int[] ids = Arrays.copyOfRange(batch().tokenIds(), from, from + LENGTHS[b]);
                double[] expected = Stream.of(plain.hidden(
                                ids, (block, projection) -> adapted.delta(architecture, block, projection)))
                        .flatMapToDouble(Arrays::stream)
                        .toArray();
                int to = (from + LENGTHS[b]) * width;
                assertThat(Arrays.copyOfRange(hidden, from * width, to)).containsExactly(expected, within(1e-12));
                assertThat(Arrays.copyOfRange(inferred, from * width, to))
                        .as("inference")
                        .containsExactly(expected, within(1e-12));
            }
        }
    }

    static Stream<Architecture> encoders() {
        return Stream.of(
                architecture(Place.POST, Mask.BIDIRECTIONAL, 4), architecture(Place.PRE, Mask.BIDIRECTIONAL, 2));
    }

    @ParameterizedTest
    @MethodSource("encoders")
    void arrangedTokensFollowTheFormulas(Architecture architecture) {
        PlainTransformer plain = new PlainTransformer(architecture, new Random(1));
        int width = architecture.width();
        Set<Projection> projections = EnumSet.copyOf(architecture.projections());
        double[] w = weights(width);
        try (Adapted adapted = new Adapted(architecture, plain, projections, true, arranged())) {
            double[] hidden = adapted.hidden();
            double[] inferred = adapted.inferred();
            Arrangement arrangement = arranged().arrangement();
            for (int b = 0; b < LENGTHS.length; b++) {
                int row = b * TOKENS;
                double[] expected = Stream.of(plain.hidden(
                                Arrays.copyOfRange(arranged().tokenIds(), row, row + LENGTHS[b]),
                                Arrays.copyOfRange(arrangement.positions(), row, row + LENGTHS[b]),
                                (block, query, key) -> query == key
                                        || (key >= arrangement.visibility().from()[row + query]
                                                && key
                                                        < arrangement.visibility()
                                                                .to()[row + query]),
                                (block, projection) -> adapted.delta(architecture, block, projection)))
                        .flatMapToDouble(Arrays::stream)
                        .toArray();
                int to = (row + LENGTHS[b]) * width;
                assertThat(Arrays.copyOfRange(hidden, row * width, to)).containsExactly(expected, within(1e-12));
                assertThat(Arrays.copyOfRange(inferred, row * width, to)).containsExactly(expected, within(1e-12));
            }
            double[] gradient = adapted.gradient(w);
            for (int block = 0; block < architecture.blocks(); block++) {
                double[] direction = direction(adapted.layout, block);
                double slope = adapted.slope(w, direction);
                assertThat(product(gradient, direction)).isCloseTo(slope, within(1e-6 * Math.max(1, Math.abs(slope))));
            }
        }
    }

    /** Of adapters on one projection, for every place where the backward pass may end, and on all. */
    @ParameterizedTest
    @MethodSource("architectures")
    void gradientsAreThoseOfTheForwardPass(Architecture architecture) {
        PlainTransformer plain = new PlainTransformer(architecture, new Random(1));
        double[] w = weights(architecture.width());
        List<Set<Projection>> subsets = new ArrayList<>();
        for (Projection projection : architecture.projections()) {
            subsets.add(EnumSet.of(projection));
        }
        subsets.add(EnumSet.copyOf(architecture.projections()));
        for (Set<Projection> projections : subsets) {
            try (Adapted adapted = new Adapted(architecture, plain, projections, false);
                    Adapted recomputing = new Adapted(architecture, plain, projections, true)) {
                double[] gradient = adapted.gradient(w);
                assertThat(recomputing.gradient(w)).as("recomputed activations").containsExactly(gradient);
                for (int block = 0; block < architecture.blocks(); block++) {
                    double[] direction = direction(adapted.layout, block);
                    double slope = adapted.slope(w, direction);
                    assertThat(product(gradient, direction))
                            .as("%s of block %d", projections, block)
                            .isCloseTo(slope, within(1e-6 * Math.max(1, Math.abs(slope))));
                }
            }
        }
    }

    /** A random unit vector in the adapters of one block. */
    private static double[] direction(AdapterLayout layout, int block) {
        Random random = new Random(block);
        double[] direction = new double[(int) layout.length()];
        double norm = 0;
        for (AdapterLayout.Slot slot : layout.slots()) {
            for (int i = (int) slot.offset(); i < slot.offset() + slot.length(); i++) {
                direction[i] = slot.block() == block ? 2 * random.nextDouble() - 1 : 0;
                norm += direction[i] * direction[i];
            }
        }
        double root = Math.sqrt(norm);
        return Arrays.stream(direction).map(value -> value / root).toArray();
    }
}
