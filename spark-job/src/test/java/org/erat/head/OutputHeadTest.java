package org.erat.head;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.DoubleBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.commons.math3.special.Erf;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.compute.TestTensors;
import org.erat.compute.nd4j.Nd4jBackend;
import org.erat.config.HeadSettings;
import org.erat.config.HeadSettings.Pooling;
import org.erat.config.Precision;
import org.erat.data.architecture.Activation;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Families;
import org.erat.data.architecture.Positions;
import org.erat.data.architecture.TaskHead;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;
import org.erat.data.tokenized.TaskType;
import org.erat.head.HeadLayout.Array;
import org.erat.head.HeadLayout.Kind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Heads in double precision against their formulas and central differences.
 *
 * <p>Tolerance of values: a few roundings of sums of numbers near 1, 1e-12. Of slopes: with h = 1e-5 the difference errs by
 * h²·f‴/6 ≈ 1e-11 in truncation and by ε·|f|/h ≈ 1e-11 in rounding; 1e-8 is asked for.
 */
class OutputHeadTest {
    private static final int WIDTH = 6;
    private static final int TOKENS = 4;
    private static final int[] LENGTHS = {4, 2, 3};

    /** Where the head's parameters begin in the vector of all. */
    private static final int FROM = 5;

    private static final double H = 1e-5;

    private static final long KEY = 7;

    private Kernels kernels;

    @BeforeEach
    void open() {
        kernels = new Nd4jBackend(Precision.F64).open(1);
    }

    @AfterEach
    void everyTensorIsClosed() {
        long left = kernels.memory().outstanding();
        kernels.close();
        assertThat(left).isZero();
    }

    private static Batch batch(Targets targets) {
        int[] ids = new int[LENGTHS.length * TOKENS];
        return new Batch(ids, ids, LENGTHS, new long[LENGTHS.length], targets);
    }

    private static HeadSpec spec(TaskType task, Pooling pooling, int outputs) {
        return spec("bert", task, pooling, outputs, 0);
    }

    private static HeadSpec spec(String family, TaskType task, Pooling pooling, int outputs, double dropout) {
        return HeadSpec.of(task, outputs, new HeadSettings(pooling, dropout), architecture(family));
    }

    private static Architecture architecture(String family) {
        return Architecture.encoder(
                family, 50, 2, Positions.ofAllTokens(24), 1, WIDTH, 2, 16, Activation.GELU, 1e-5, 0);
    }

    /** ModernBERT's, whose norm has no bias. */
    private static HeadSpec withNorm(TaskType task) {
        HeadSpec biased = spec("modernbert", task, Pooling.FAMILY, 3, 0);
        TaskHead.Norm norm = biased.layers().norms().get(0);
        TaskHead unbiased = new TaskHead(
                biased.layers().layers(),
                biased.layers().activations(),
                List.of(new TaskHead.Norm(norm.name(), false, norm.epsilon())));
        return new HeadSpec(biased.readout(), WIDTH, 3, biased.loss(), unbiased, 0);
    }

    /** A head of a decoder, which is read at the last token. */
    private static HeadSpec ofDecoder() {
        HeadSpec ofEncoder = spec(TaskType.CLASSIFICATION, Pooling.FAMILY, 3);
        return new HeadSpec(
                HeadSpec.Readout.LAST_TOKEN,
                WIDTH,
                3,
                ofEncoder.loss(),
                Families.named("gpt2").sequenceClassifier(architecture("gpt2")),
                0);
    }

    /** Three tokens of the first example, none of the second and one of the third. */
    private static final Targets TOKEN_CLASSES =
            new Targets.TokenClasses(new int[] {-1, 2, 0, 1, -1, -1, -1, -1, 2, -1, -1, -1});

    private static final int[] TOKENS_WITH_TARGETS = {1, 2, 3, 8};

    private static Targets sets(int[]... labels) {
        return new Targets.LabelSets(Arrays.stream(labels)
                .flatMapToInt(each -> Arrays.stream(Targets.LabelSets.of(each).bits()))
                .toArray());
    }

    static Stream<Arguments> heads() {
        Targets classes = new Targets.Classes(new int[] {0, 2, 1});
        Targets numbers = new Targets.Numbers(new float[] {0.5f, -1, 2});
        Targets sets = sets(new int[] {0, 2}, new int[0], new int[] {1});
        LossSettings weighed = new LossSettings(0, List.of(0.5, 2.0, 1.25));
        LossSettings weighedAndSmoothed = new LossSettings(0.2, List.of(0.5, 2.0, 1.25));
        return Stream.of(
                Arguments.of(spec(TaskType.CLASSIFICATION, Pooling.MEAN, 3), LossSettings.PLAIN, classes),
                Arguments.of(spec(TaskType.CLASSIFICATION, Pooling.FAMILY, 3), LossSettings.PLAIN, classes),
                Arguments.of(spec(TaskType.CLASSIFICATION, Pooling.MEAN, 3), new LossSettings(0.2, List.of()), classes),
                Arguments.of(spec(TaskType.CLASSIFICATION, Pooling.MEAN, 3), weighed, classes),
                Arguments.of(spec(TaskType.CLASSIFICATION, Pooling.FAMILY, 3), weighedAndSmoothed, classes),
                Arguments.of(
                        spec("roberta", TaskType.CLASSIFICATION, Pooling.FAMILY, 3, 0), LossSettings.PLAIN, classes),
                Arguments.of(
                        spec("distilbert", TaskType.CLASSIFICATION, Pooling.FAMILY, 3, 0), LossSettings.PLAIN, classes),
                Arguments.of(
                        spec("electra", TaskType.CLASSIFICATION, Pooling.FAMILY, 3, 0), LossSettings.PLAIN, classes),
                Arguments.of(
                        spec("modernbert", TaskType.CLASSIFICATION, Pooling.FAMILY, 3, 0), LossSettings.PLAIN, classes),
                Arguments.of(withNorm(TaskType.CLASSIFICATION), LossSettings.PLAIN, classes),
                Arguments.of(withNorm(TaskType.TOKEN_CLASSIFICATION), LossSettings.PLAIN, TOKEN_CLASSES),
                Arguments.of(ofDecoder(), LossSettings.PLAIN, classes),
                Arguments.of(spec(TaskType.MULTI_LABEL_CLASSIFICATION, Pooling.MEAN, 3), LossSettings.PLAIN, sets),
                Arguments.of(
                        spec(TaskType.MULTI_LABEL_CLASSIFICATION, Pooling.FAMILY, 3),
                        // Half of ε is a float.
                        new LossSettings(0.25, List.of()),
                        sets),
                Arguments.of(spec(TaskType.REGRESSION, Pooling.MEAN, 1), LossSettings.PLAIN, numbers),
                Arguments.of(spec(TaskType.REGRESSION, Pooling.FAMILY, 1), LossSettings.PLAIN, numbers),
                Arguments.of(spec(TaskType.TOKEN_CLASSIFICATION, Pooling.MEAN, 3), LossSettings.PLAIN, TOKEN_CLASSES),
                Arguments.of(spec(TaskType.TOKEN_CLASSIFICATION, Pooling.MEAN, 3), weighedAndSmoothed, TOKEN_CLASSES));
    }

    private static double[] random(long seed, int length) {
        return new Random(seed).doubles(length, -1, 1).toArray();
    }

    private static int parameters(HeadSpec spec) {
        return FROM + spec.layout().length() + 3;
    }

    private record Result(double[] outputs, double loss, double[] dHidden, double[] gradient) {}

    private Result run(
            HeadSpec spec, LossSettings loss, Targets targets, double[] hidden, double[] parameters, double weight) {
        Batch batch = batch(targets);
        Head head = new OutputHead(spec, loss, kernels);
        try (Tensor x = kernels.memory().upload(DoubleBuffer.wrap(hidden), hidden.length / WIDTH, WIDTH);
                Tensor values = kernels.memory().uploadSingle(DoubleBuffer.wrap(parameters), parameters.length);
                Tensor gradient = kernels.memory().allocateSingle(parameters.length);
                Tensor losses = kernels.memory().allocateSingle(targets.count())) {
            kernels.pointwise().fill(gradient, 0);
            Head.Parameters ofHead = new Head.Parameters(values, gradient, FROM);
            try (Tensor states = head.read(x, batch);
                    Tensor outputs = head.outputs(states, ofHead);
                    Tensor dStates = head.lossGradient(states, targets, weight, KEY, 0, ofHead, losses);
                    Tensor dHidden = head.readBackward(dStates, batch)) {
                return new Result(
                        TestTensors.doubles(kernels, outputs),
                        Arrays.stream(TestTensors.doubles(kernels, losses))
                                .average()
                                .orElseThrow(),
                        TestTensors.doubles(kernels, dHidden),
                        TestTensors.doubles(kernels, gradient));
            }
        }
    }

    /** What the head reads, outputs and mean loss by their formulas. */
    @ParameterizedTest
    @MethodSource("heads")
    void outputsAndLossFollowTheirFormulas(HeadSpec spec, LossSettings loss, Targets targets) {
        double[] hidden = random(1, LENGTHS.length * TOKENS * WIDTH);
        double[] parameters = random(2, parameters(spec));
        double[][] states = states(spec, hidden);
        double[][] outputs = new double[states.length][];
        for (int i = 0; i < states.length; i++) {
            outputs[i] = outputs(spec, parameters, states[i]);
        }

        Result result = run(spec, loss, targets, hidden, parameters, 1);

        assertThat(result.outputs())
                .containsExactly(
                        Stream.of(outputs).flatMapToDouble(Arrays::stream).toArray(), within(1e-12));
        double mean = IntStream.range(0, outputs.length)
                .mapToDouble(i -> loss(loss, targets, i, outputs[i]))
                .average()
                .orElseThrow();
        assertThat(result.loss()).isCloseTo(mean, within(1e-12));
    }

    private static double[][] states(HeadSpec spec, double[] hidden) {
        return switch (spec.readout()) {
            case FIRST_TOKEN ->
                IntStream.range(0, LENGTHS.length)
                        .mapToObj(b -> row(hidden, b * TOKENS))
                        .toArray(double[][]::new);
            case LAST_TOKEN ->
                IntStream.range(0, LENGTHS.length)
                        .mapToObj(b -> row(hidden, b * TOKENS + LENGTHS[b] - 1))
                        .toArray(double[][]::new);
            case TARGET_TOKENS ->
                IntStream.of(TOKENS_WITH_TARGETS)
                        .mapToObj(token -> row(hidden, token))
                        .toArray(double[][]::new);
            case MEAN ->
                IntStream.range(0, LENGTHS.length)
                        .mapToObj(b -> IntStream.range(0, WIDTH)
                                .mapToDouble(column -> IntStream.range(0, LENGTHS[b])
                                        .mapToDouble(t -> hidden[(b * TOKENS + t) * WIDTH + column])
                                        .average()
                                        .orElseThrow())
                                .toArray())
                        .toArray(double[][]::new);
        };
    }

    private static double[] row(double[] hidden, int token) {
        return Arrays.copyOfRange(hidden, token * WIDTH, (token + 1) * WIDTH);
    }

    /**
     * The layers one after the other on a state, their parameters one after the other: weights [out,in] row-major, each before
     * its bias, and norms behind the layer whose activation they read.
     */
    private static double[] outputs(HeadSpec spec, double[] parameters, double[] state) {
        double[] x = state;
        int from = FROM;
        List<TaskHead.Linear> linears = spec.layers().layers();
        for (int i = 0; i < linears.size(); i++) {
            boolean last = i == linears.size() - 1;
            boolean biased = linears.get(i).biased();
            int out = last ? spec.outputs() : WIDTH;
            x = linear(parameters, from, out, x, biased);
            from += out * WIDTH + (biased ? out : 0);
            if (last) {
                break;
            }
            Activation activation = spec.layers().activations().get(i);
            x = Arrays.stream(x).map(sum -> activated(activation, sum)).toArray();
            if (!spec.layers().norms().isEmpty()) {
                TaskHead.Norm norm = spec.layers().norms().get(i);
                x = normalized(parameters, from, norm, x);
                from += norm.biased() ? 2 * WIDTH : WIDTH;
            }
        }
        return x;
    }

    private static double activated(Activation activation, double x) {
        return switch (activation) {
            case TANH -> Math.tanh(x);
            case RELU -> Math.max(x, 0);
            case GELU -> x * (1 + Erf.erf(x / Math.sqrt(2))) / 2;
            default -> throw new IllegalArgumentException("No head has " + activation);
        };
    }

    private static double[] normalized(double[] parameters, int from, TaskHead.Norm norm, double[] x) {
        double mean = Arrays.stream(x).average().orElseThrow();
        double variance = Arrays.stream(x)
                .map(value -> (value - mean) * (value - mean))
                .average()
                .orElseThrow();
        return IntStream.range(0, x.length)
                .mapToDouble(i -> (x[i] - mean) / Math.sqrt(variance + norm.epsilon()) * parameters[from + i]
                        + (norm.biased() ? parameters[from + x.length + i] : 0))
                .toArray();
    }

    private static double[] linear(double[] parameters, int from, int out, double[] x, boolean biased) {
        double[] y = new double[out];
        for (int o = 0; o < out; o++) {
            y[o] = biased ? parameters[from + out * x.length + o] : 0;
            for (int i = 0; i < x.length; i++) {
                y[o] += parameters[from + o * x.length + i] * x[i];
            }
        }
        return y;
    }

    /** The cross entropy of a label and its absence, smoothed as that of two classes: ε/2 for the wrong one. */
    private static double ofLabel(double smoothing, boolean present, double logit) {
        double probability = 1 / (1 + Math.exp(-logit));
        double wanted = present ? 1 - smoothing / 2 : smoothing / 2;
        return -wanted * Math.log(probability) - (1 - wanted) * Math.log(1 - probability);
    }

    /** Weight of the class · ((1 − ε)·that of the right class + ε·the mean over all classes), of −log p. */
    private static double loss(LossSettings loss, Targets targets, int row, double[] outputs) {
        if (targets instanceof Targets.Numbers numbers) {
            return Math.pow(outputs[0] - numbers.numbers()[row], 2);
        }
        if (targets instanceof Targets.LabelSets sets) {
            return IntStream.range(0, outputs.length)
                    .mapToDouble(c -> ofLabel(loss.labelSmoothing(), sets.has(row, c), outputs[c]))
                    .average()
                    .orElseThrow();
        }
        int[] classes = targets instanceof Targets.TokenClasses
                ? new int[] {2, 0, 1, 2}
                : ((Targets.Classes) targets).classes();
        double sum = Arrays.stream(outputs).map(Math::exp).sum();
        double ofRight = Math.log(sum) - outputs[classes[row]];
        double ofAll = Arrays.stream(outputs)
                .map(output -> Math.log(sum) - output)
                .average()
                .orElseThrow();
        double weight = loss.classWeights().isEmpty() ? 1 : loss.classWeights().get(classes[row]);
        return weight * ((1 - loss.labelSmoothing()) * ofRight + loss.labelSmoothing() * ofAll);
    }

    /** Of the hidden states and of each array. A weight is a factor of the gradient and not of the loss. */
    @ParameterizedTest
    @MethodSource("heads")
    void gradientsAreThoseOfTheMeanLoss(HeadSpec spec, LossSettings loss, Targets targets) {
        double[] hidden = random(3, LENGTHS.length * TOKENS * WIDTH);
        double[] parameters = random(4, parameters(spec));
        double weight = 0.25;
        Result result = run(spec, loss, targets, hidden, parameters, weight);

        double[] direction = random(5, hidden.length);
        double slope = (run(spec, loss, targets, moved(hidden, direction, H), parameters, 1)
                                .loss()
                        - run(spec, loss, targets, moved(hidden, direction, -H), parameters, 1)
                                .loss())
                / (2 * H);
        assertThat(product(result.dHidden(), direction)).isCloseTo(weight * slope, within(1e-8));
        for (Array array : spec.layout().arrays()) {
            double[] inArray = new double[parameters.length];
            System.arraycopy(random(6, array.length()), 0, inArray, FROM + array.offset(), array.length());
            slope = (run(spec, loss, targets, hidden, moved(parameters, inArray, H), 1)
                                    .loss()
                            - run(spec, loss, targets, hidden, moved(parameters, inArray, -H), 1)
                                    .loss())
                    / (2 * H);
            assertThat(product(result.gradient(), inArray)).as(array.name()).isCloseTo(weight * slope, within(1e-8));
        }
        assertThat(Arrays.copyOf(result.gradient(), FROM)).as("before the head").containsOnly(0);
        assertThat(Arrays.copyOfRange(result.gradient(), FROM + spec.layout().length(), parameters.length))
                .as("behind it")
                .containsOnly(0);
    }

    private static double[] moved(double[] values, double[] direction, double h) {
        return IntStream.range(0, values.length)
                .mapToDouble(i -> values[i] + h * direction[i])
                .toArray();
    }

    private static double product(double[] one, double[] other) {
        return IntStream.range(0, one.length)
                .mapToDouble(i -> one[i] * other[i])
                .sum();
    }

    @Test
    void onlyTokensWithATargetAreRead() {
        HeadSpec spec = spec(TaskType.TOKEN_CLASSIFICATION, Pooling.MEAN, 3);
        double[] hidden = random(1, LENGTHS.length * TOKENS * WIDTH);
        double[] parameters = random(2, parameters(spec));
        Result result = run(spec, LossSettings.PLAIN, TOKEN_CLASSES, hidden, parameters, 1);
        double[] others = random(7, hidden.length);
        for (int token : TOKENS_WITH_TARGETS) {
            System.arraycopy(hidden, token * WIDTH, others, token * WIDTH, WIDTH);
        }

        Result withOthers = run(spec, LossSettings.PLAIN, TOKEN_CLASSES, others, parameters, 1);

        assertThat(withOthers.outputs()).containsExactly(result.outputs());
        assertThat(withOthers.gradient()).containsExactly(result.gradient());
        for (int i = 0; i < hidden.length; i++) {
            int token = i / WIDTH;
            if (IntStream.of(TOKENS_WITH_TARGETS).noneMatch(other -> other == token)) {
                assertThat(result.dHidden()[i]).isZero();
            }
        }
    }

    /** The slopes of the very loss that was returned, so with what the key drops; inference drops nothing. */
    @ParameterizedTest
    @ValueSource(strings = {"bert", "roberta", "distilbert", "electra", "modernbert"})
    void gradientsAreThoseOfTheValuesThatAreNotDropped(String family) {
        Targets classes = new Targets.Classes(new int[] {0, 2, 1});
        HeadSpec dropping = spec(family, TaskType.CLASSIFICATION, Pooling.FAMILY, 3, 0.5);
        gradientsAreThoseOfTheMeanLoss(dropping, LossSettings.PLAIN, classes);

        double[] hidden = random(3, LENGTHS.length * TOKENS * WIDTH);
        double[] parameters = random(4, parameters(dropping));
        Result with = run(dropping, LossSettings.PLAIN, classes, hidden, parameters, 1);
        Result without = run(
                spec(family, TaskType.CLASSIFICATION, Pooling.FAMILY, 3, 0),
                LossSettings.PLAIN,
                classes,
                hidden,
                parameters,
                1);
        assertThat(with.outputs()).containsExactly(without.outputs());
        assertThat(with.loss()).isNotCloseTo(without.loss(), within(1e-3));
    }

    @Test
    void itsArraysAreThoseOfTheTransformersLibrary() {
        assertThat(names("bert", TaskType.CLASSIFICATION))
                .containsExactly(
                        "bert.pooler.dense.weight", "bert.pooler.dense.bias", "classifier.weight", "classifier.bias");
        assertThat(names("roberta", TaskType.REGRESSION))
                .containsExactly(
                        "classifier.dense.weight",
                        "classifier.dense.bias",
                        "classifier.out_proj.weight",
                        "classifier.out_proj.bias");
        assertThat(names("distilbert", TaskType.CLASSIFICATION))
                .containsExactly(
                        "pre_classifier.weight", "pre_classifier.bias", "classifier.weight", "classifier.bias");
        assertThat(ofDecoder().layout().arrays()).containsExactly(new Array("score.weight", Kind.WEIGHT, 3, WIDTH, 0));
        assertThat(spec(TaskType.CLASSIFICATION, Pooling.MEAN, 3).layout().arrays())
                .containsExactly(
                        new Array("dense.weight", Kind.WEIGHT, WIDTH, WIDTH, 0),
                        new Array("dense.bias", Kind.BIAS, 1, WIDTH, 36),
                        new Array("out_proj.weight", Kind.WEIGHT, 3, WIDTH, 42),
                        new Array("out_proj.bias", Kind.BIAS, 1, 3, 60));
        assertThat(spec(TaskType.TOKEN_CLASSIFICATION, Pooling.MEAN, 3).layout().arrays())
                .containsExactly(
                        new Array("classifier.weight", Kind.WEIGHT, 3, WIDTH, 0),
                        new Array("classifier.bias", Kind.BIAS, 1, 3, 18));
    }

    @Test
    void theNormOfAHeadComesBehindTheLayerThatItReads() {
        assertThat(withNorm(TaskType.CLASSIFICATION).layout().arrays())
                .containsExactly(
                        new Array("head.dense.weight", Kind.WEIGHT, WIDTH, WIDTH, 0),
                        new Array("head.norm.weight", Kind.NORM, 1, WIDTH, 36),
                        new Array("classifier.weight", Kind.WEIGHT, 3, WIDTH, 42),
                        new Array("classifier.bias", Kind.BIAS, 1, 3, 60));
        assertThat(withNorm(TaskType.CLASSIFICATION).layers().modules()).containsExactly("head", "classifier");
        assertThat(names("modernbert", TaskType.CLASSIFICATION)).contains("head.norm.bias");
    }

    private static Stream<String> names(String family, TaskType task) {
        return spec(family, task, Pooling.FAMILY, 1, 0).layout().arrays().stream()
                .map(Array::name);
    }
}
