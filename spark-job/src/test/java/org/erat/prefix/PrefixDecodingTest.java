package org.erat.prefix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.DoubleBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
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
import org.erat.compute.cuda.CudaUnderTest;
import org.erat.compute.nd4j.Nd4jBackend;
import org.erat.compute.onednn.OneDnnBackend;
import org.erat.config.Activations;
import org.erat.config.Precision;
import org.erat.data.architecture.Architecture;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;
import org.erat.model.KeyValueCache;
import org.erat.model.TinyBaseModel;
import org.erat.model.Transformer;
import org.erat.model.TransformerWeights;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The states of encoders that predict the next token, read token by token over keys and values that are kept, against those
 * of the evaluation pass over the whole text, whose arrangement {@link PrefixReferenceTest} checks. Adapters are on all
 * projections.
 *
 * <p>Tolerance: both ways add the same terms in another order, which errs by some 1e-16 or 6e-8 of values up to 10.
 */
class PrefixDecodingTest {
    private static final double DOUBLE = 1e-12;
    private static final double SINGLE = 1e-5;
    private static final int MASK = 4;

    /** Sequences that go on from step 2 and from step 4 on, as beams change places and completions end. */
    private static final int[][] SOURCES = {{}, {}, {2, 0, 1, 0}, {}, {3, 1}};

    private static final int STEPS = 8;

    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource({
        "bert, pseudo-mask",
        "bert, causal",
        "roberta, pseudo-mask",
        "distilbert, causal",
        "distilbert, pseudo-mask"
    })
    void tokensOneByOneGiveTheStatesOfTheWholeText(String family, String objective) {
        Architecture architecture =
                switch (family) {
                    case "bert" -> TinyBaseModel.bert(2);
                    case "roberta" -> TinyBaseModel.roberta(2);
                    default -> TinyBaseModel.distilBert(2);
                };
        TinyBaseModel.write(directory, architecture);
        PassInputs inputs = objective.equals("causal")
                ? new PrefixCausal(architecture.tokenTypes())
                : new PseudoMask(MASK, architecture.vocabulary(), architecture.padTokenId());
        try (BaseModelDirectory model = BaseModelDirectory.open(directory)) {
            check(new Nd4jBackend(Precision.F64), model, inputs, DOUBLE);
            check(new OneDnnBackend(Precision.F32), model, inputs, SINGLE);
            for (Backend cuda : CudaUnderTest.of(Precision.F32)) {
                check(cuda, model, inputs, SINGLE);
            }
        }
    }

    private static void check(Backend backend, BaseModelDirectory model, PassInputs inputs, double tolerance) {
        Random random = new Random(5);
        int vocabulary = model.architecture().vocabulary();
        int[][] texts = IntStream.of(6, 1, 11)
                .mapToObj(length -> random.ints(length, 5, vocabulary).toArray())
                .toArray(int[][]::new);
        int[] prompts = Stream.of(texts).mapToInt(text -> text.length).toArray();
        try (Run run = new Run(backend, model, inputs)) {
            double[][] states = run.read(texts);
            for (int step = 0; step < STEPS; step++) {
                int[] next = random.ints(texts.length, 5, vocabulary).toArray();
                for (int s = 0; s < texts.length; s++) {
                    texts[s] = Arrays.copyOf(texts[s], texts[s].length + 1);
                    texts[s][texts[s].length - 1] = next[s];
                }
                assertClose(states, run.whole(texts, prompts), tolerance, "step " + step);
                if (step < SOURCES.length && SOURCES[step].length > 0) {
                    int[] sources = SOURCES[step];
                    int[][] before = texts;
                    int[] lengths = prompts;
                    run.cache.select(sources);
                    texts = IntStream.of(sources).mapToObj(s -> before[s]).toArray(int[][]::new);
                    prompts = IntStream.of(sources).map(s -> lengths[s]).toArray();
                }
                states = run.read(
                        Stream.of(texts).mapToInt(text -> text[text.length - 1]).toArray());
            }
        }
    }

    private static void assertClose(double[][] actual, double[][] expected, double tolerance, String what) {
        assertThat(actual.length).isEqualTo(expected.length);
        for (int s = 0; s < expected.length; s++) {
            for (int i = 0; i < expected[s].length; i++) {
                assertThat(actual[s][i])
                        .as("%s, sequence %d, element %d", what, s, i)
                        .isCloseTo(expected[s][i], within(tolerance * Math.max(1, Math.abs(expected[s][i]))));
            }
        }
    }

    /** A model with adapters of rank 1 on all projections. */
    private static final class Run implements AutoCloseable {
        private final PassInputs inputs;
        private final int type;
        private final Kernels kernels;
        private final TransformerWeights weights;
        private final Transformer transformer;
        private final Tensor values;
        private final Adapters adapters;
        private KeyValueCache cache;

        Run(Backend backend, BaseModelDirectory model, PassInputs inputs) {
            this.inputs = inputs;
            Architecture architecture = model.architecture();
            type = architecture.tokenTypes() > 1 ? 1 : 0;
            kernels = backend.open(1);
            weights = TransformerWeights.of(architecture, model.family(), model.tensors(), backend);
            transformer = new Transformer(kernels, weights, Activations.KEPT);
            AdapterLayout layout = new AdapterLayout(architecture, 1, architecture.projections());
            double[] all = new Random(9)
                    .doubles(layout.length(), -0.5, 0.5)
                    .map(value -> (float) value)
                    .toArray();
            values = kernels.memory().uploadSingle(DoubleBuffer.wrap(all), 1, layout.length());
            adapters = Adapters.of(layout, values, RowsBySlot.everywhere(RowSelection.of(new Window(0, 1), 0.5)));
        }

        /** Plain examples; those behind a prompt are of the type of completions. */
        private Batch plain(int[][] texts, int[] prompts, Targets targets) {
            int tokens = Stream.of(texts).mapToInt(text -> text.length).max().orElseThrow();
            int[] ids = new int[texts.length * tokens];
            int[] types = new int[ids.length];
            for (int s = 0; s < texts.length; s++) {
                System.arraycopy(texts[s], 0, ids, s * tokens, texts[s].length);
                Arrays.fill(types, s * tokens + prompts[s], s * tokens + texts[s].length, type);
            }
            int[] lengths = Stream.of(texts).mapToInt(text -> text.length).toArray();
            return new Batch(ids, types, lengths, new long[texts.length], targets);
        }

        /** States [S][H] that predict the tokens behind prompts. */
        double[][] read(int[]... prompts) {
            int tokens = Stream.of(prompts).mapToInt(text -> text.length).max().orElseThrow();
            int[] lengths = Stream.of(prompts).mapToInt(text -> text.length).toArray();
            int[] last = IntStream.range(0, prompts.length)
                    .map(s -> s * tokens + lengths[s] - 1)
                    .toArray();
            Batch batch = inputs.prompts(plain(prompts, lengths, new Targets.Unknown(last)), type);
            Transformer.Prefilled prefilled = transformer.prefill(batch, adapters);
            cache = prefilled.cache();
            return predicting(prefilled.hidden(), batch.targets().tokens());
        }

        /** States that predict the tokens behind one more of each sequence. */
        double[][] read(int... tokens) {
            int[] read = inputs.placeholder().isEmpty() ? tokens : Arrays.copyOf(tokens, 2 * tokens.length);
            inputs.placeholder().ifPresent(token -> Arrays.fill(read, tokens.length, read.length, token));
            return predicting(
                    transformer.decode(read, type, adapters, cache),
                    IntStream.range(read.length - tokens.length, read.length).toArray());
        }

        private double[][] predicting(Tensor hidden, int... rows) {
            inputs.placeholder().ifPresent(token -> cache.forgetNewest());
            return states(hidden, rows);
        }

        private double[][] states(Tensor hidden, int... rows) {
            try (Tensor all = hidden) {
                double[] flat = TestTensors.doubles(kernels, all);
                int width = transformer.architecture().width();
                return IntStream.of(rows)
                        .mapToObj(row -> Arrays.copyOfRange(flat, row * width, (row + 1) * width))
                        .toArray(double[][]::new);
            }
        }

        /** States of the pass over the whole texts that predict the last token of each. */
        double[][] whole(int[][] texts, int[] prompts) {
            int tokens = Stream.of(texts).mapToInt(text -> text.length).max().orElseThrow();
            int[] classes = new int[texts.length * tokens];
            Arrays.fill(classes, Targets.NONE);
            int[] last = new int[texts.length];
            int targets = 0;
            for (int s = 0; s < texts.length; s++) {
                for (int t = prompts[s]; t < texts[s].length; t++) {
                    classes[s * tokens + t - 1] = texts[s][t];
                    last[s] = targets++;
                }
            }
            Batch formed = inputs.evaluation(plain(texts, prompts, new Targets.TokenClasses(classes)));
            int[] predicting = formed.targets().tokens();
            try (Transformer.Pass pass = transformer.forward(formed, adapters)) {
                double[] flat = TestTensors.doubles(kernels, pass.hidden());
                int width = transformer.architecture().width();
                return IntStream.of(last)
                        .map(target -> predicting[target])
                        .mapToObj(row -> Arrays.copyOfRange(flat, row * width, (row + 1) * width))
                        .toArray(double[][]::new);
            }
        }

        @Override
        public void close() {
            if (cache != null) {
                cache.close();
            }
            values.close();
            assertThat(kernels.memory().outstanding()).isZero();
            kernels.close();
            weights.close();
        }
    }
}
