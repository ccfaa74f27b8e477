package org.erat.head;

import java.util.Arrays;
import java.util.function.Supplier;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.data.safetensors.Dtype;
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
     * Of a chunk's logits, whose place their gradient takes, and of the gradient's copy in the dtype of activations where
     * that is another one. Each chunk reads the whole output matrix twice: the fewer chunks, the less there is to read.
     */
    private static final long LOGIT_BYTES = 50 << 20;

    /** Chunks have multiples of so many rows, but for the last one: primitives are made for a number of rows. */
    private static final int ROWS = 8;

    private final double labelSmoothing;
    private final Kernels kernels;

    /** Reading needs no output layer, and so does not lay one out. */
    private final Supplier<OutputLayer> output;

    private final long logitBytes;

    LanguageModelHead(HeadSpec spec, double labelSmoothing, ModelRuntime runtime) {
        this(spec, labelSmoothing, runtime.kernels(), runtime::output, LOGIT_BYTES);
    }

    /** @param logitBytes most bytes of a chunk, which has one row at least */
    LanguageModelHead(
            HeadSpec spec, double labelSmoothing, Kernels kernels, Supplier<OutputLayer> output, long logitBytes) {
        super(spec, kernels);
        this.labelSmoothing = labelSmoothing;
        this.kernels = kernels;
        this.output = output;
        this.logitBytes = logitBytes;
    }

    /** Most bytes that the logits of a chunk take. */
    static long logitBytes(long states, int vocabulary) {
        long ofRow = rowBytes(vocabulary, Dtype.BF16);
        return Math.min(Math.max(LOGIT_BYTES, ofRow), states * ofRow);
    }

    private static long rowBytes(int vocabulary, Dtype activations) {
        int ofCopy = activations == Dtype.BF16 ? Short.BYTES : 0;
        return (long) vocabulary * (Float.BYTES + ofCopy);
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
        long ofRow = rowBytes(layer.vocabulary(), kernels.memory().activations());
        int rows = chunkRows(classes.length, (int) Math.max(1, logitBytes / ofRow));
        for (int from = 0; from < classes.length; from += rows) {
            int to = Math.min(classes.length, from + rows);
            try (OutputLayer.Pass pass = layer.forward(states.rows(from, to));
                    Tensor logits = layer.logits(pass)) {
                loss(logits, Arrays.copyOfRange(classes, from, to), weight, losses, from);
                chunk.accept(from, to, pass, logits);
            }
        }
    }

    /** Rows of as few chunks as possible, all of about as many. */
    private static int chunkRows(int rows, int most) {
        int chunks = Math.max(1, (rows + most - 1) / most);
        int even = (rows + chunks - 1) / chunks;
        return Math.max(1, Math.min(most, (even + ROWS - 1) / ROWS * ROWS));
    }

    /** Writes the losses of a chunk, whose logits become their gradient. */
    private void loss(Tensor logits, int[] classes, double weight, Tensor losses, long from) {
        try (Tensor ofChunk = kernels.memory().allocateSingle(classes.length)) {
            kernels.losses().crossEntropy(logits, classes, labelSmoothing, weight, ofChunk);
            kernels.pointwise().assign(ofChunk.matrix(0, 1, classes.length), losses.matrix(from, 1, classes.length));
        }
    }
}
