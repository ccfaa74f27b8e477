package org.erat.head;

import java.util.Arrays;
import java.util.function.Supplier;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.data.tokenized.Targets;
import org.erat.model.ModelRuntime;
import org.erat.model.OutputLayer;

/**
 * Predicts tokens by the model's own frozen output layer, so that it has no parameters. Logits exist of some target tokens
 * at a time: each chunk goes forward, through the loss and backward before the next one, and only the gradient [M,H] of
 * the states stays. So memory does not grow with the number of targets or, until one row exceeds it, with the vocabulary.
 */
final class LanguageModelHead extends Head {
    /**
     * Logits of a chunk: 26 MiB, and as much for their gradient. Each chunk reads the whole output matrix twice, which takes
     * no longer than its products while it has a hundred rows.
     */
    private static final long LOGITS = 13 << 19;

    /** Chunks have multiples of so many rows, but for the last one: primitives are made for a number of rows. */
    private static final int ROWS = 8;

    private final double labelSmoothing;
    private final Kernels kernels;

    /** Reading needs no output layer, and so does not lay one out. */
    private final Supplier<OutputLayer> output;

    private final long logitsAtOnce;

    LanguageModelHead(HeadSpec spec, double labelSmoothing, ModelRuntime runtime) {
        this(spec, labelSmoothing, runtime.kernels(), runtime::output, LOGITS);
    }

    /** @param logitsAtOnce most logits of a chunk, which has one row at least */
    LanguageModelHead(
            HeadSpec spec, double labelSmoothing, Kernels kernels, Supplier<OutputLayer> output, long logitsAtOnce) {
        super(spec, kernels);
        this.labelSmoothing = labelSmoothing;
        this.kernels = kernels;
        this.output = output;
        this.logitsAtOnce = logitsAtOnce;
    }

    /** Bytes of a chunk's logits and of their gradient, which has a copy in the dtype of activations. */
    static long logitBytes(long states, int vocabulary) {
        return 3L * Float.BYTES * Math.min(Math.max(LOGITS, vocabulary), states * vocabulary);
    }

    /** Of all states at once: for the few whose next token is chosen. */
    @Override
    public Tensor outputs(Tensor states, Parameters parameters) {
        OutputLayer layer = output.get();
        try (OutputLayer.Pass pass = layer.forward(states)) {
            return layer.logits(pass);
        }
    }

    @Override
    public void loss(Tensor states, Targets targets, Parameters parameters, Tensor losses) {
        forEachChunk(states, targets, losses, (from, to, pass, dLogits) -> {}, 0);
    }

    @Override
    public Tensor lossGradient(
            Tensor states,
            Targets targets,
            double weight,
            long dropout,
            long first,
            Parameters parameters,
            Tensor losses) {
        long rows = states.shape()[0];
        Tensor dStates = kernels.memory().allocateSingle(rows, states.shape()[1]);
        forEachChunk(
                states,
                targets,
                losses,
                (from, to, pass, dLogits) -> {
                    try (Tensor ofChunk = output.get().backward(pass, dLogits)) {
                        kernels.pointwise().assign(ofChunk, dStates.rows(from, to));
                    }
                },
                weight / rows);
        return dStates;
    }

    /** Takes the gradient of a chunk's logits. */
    @FunctionalInterface
    private interface Chunk {
        void accept(long from, long to, OutputLayer.Pass pass, Tensor dLogits);
    }

    /** @param weight of each target in the gradient */
    private void forEachChunk(Tensor states, Targets targets, Tensor losses, Chunk chunk, double weight) {
        OutputLayer layer = output.get();
        int[] classes = ((Targets.TokenClasses) targets).known();
        int rows = chunkRows(classes.length, (int) Math.max(1, logitsAtOnce / layer.vocabulary()));
        for (int from = 0; from < classes.length; from += rows) {
            int to = Math.min(classes.length, from + rows);
            try (OutputLayer.Pass pass = layer.forward(states.rows(from, to));
                    Tensor dLogits = loss(layer, pass, Arrays.copyOfRange(classes, from, to), weight, losses, from)) {
                chunk.accept(from, to, pass, dLogits);
            }
        }
    }

    /** Rows of as few chunks as possible, all of about as many. */
    private static int chunkRows(int rows, int most) {
        int chunks = Math.max(1, (rows + most - 1) / most);
        int even = (rows + chunks - 1) / chunks;
        return Math.max(1, Math.min(most, (even + ROWS - 1) / ROWS * ROWS));
    }

    /** Writes the losses of a chunk. The gradient of its logits is all that is left of them. */
    private Tensor loss(
            OutputLayer layer, OutputLayer.Pass pass, int[] classes, double weight, Tensor losses, long from) {
        try (Tensor logits = layer.logits(pass);
                Tensor ofChunk = kernels.memory().allocateSingle(classes.length)) {
            Tensor dLogits = kernels.losses().crossEntropy(logits, classes, labelSmoothing, weight, ofChunk);
            kernels.pointwise().assign(ofChunk.matrix(0, 1, classes.length), losses.matrix(from, 1, classes.length));
            return dLogits;
        }
    }
}
