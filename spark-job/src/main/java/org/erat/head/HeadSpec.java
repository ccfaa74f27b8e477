package org.erat.head;

import java.io.Serializable;
import org.erat.config.HeadSettings;
import org.erat.data.tokenized.TaskType;

/**
 * What a task head is.
 *
 * @param readout which hidden states it reads
 * @param width H, width of the hidden states
 * @param outputs C: classes, tokens of a vocabulary, or 1 for a number
 * @param loss what its outputs mean
 */
public record HeadSpec(Readout readout, int width, int outputs, Loss loss) implements Serializable {
    public HeadSpec {
        long values = predictsTokens(loss) ? 0 : (long) width * width + (long) outputs * width;
        if (width < 1 || outputs < 1 || values > Integer.MAX_VALUE / 2) {
            throw new IllegalArgumentException("A head of width " + width + " with " + outputs + " outputs");
        }
    }

    /** Which hidden states a head reads. */
    public enum Readout {
        /** The mean over the tokens of each example. */
        MEAN,
        /** The first token of each example. */
        FIRST_TOKEN,
        /** Every token that has a target. */
        TARGET_TOKENS
    }

    /** What outputs mean and cost. */
    public enum Loss {
        /** Logits of classes: −log softmax of the right one. */
        CROSS_ENTROPY,
        /** Logits of independent labels: the mean over them of the cross entropy of each and its absence. */
        BINARY_CROSS_ENTROPY,
        /** A number: the squared error. */
        SQUARED_ERROR,
        /** Logits of the vocabulary by the frozen output layer of the base model: −log softmax of the token that follows. */
        NEXT_TOKEN,
        /** The same, read at a mask token that stands in the place of the token it predicts. */
        MASKED_TOKEN
    }

    /** The head of a task. */
    public static HeadSpec of(TaskType task, int outputs, HeadSettings settings, int width) {
        return switch (task) {
            case CLASSIFICATION -> new HeadSpec(readout(settings), width, outputs, Loss.CROSS_ENTROPY);
            case MULTI_LABEL_CLASSIFICATION ->
                new HeadSpec(readout(settings), width, outputs, Loss.BINARY_CROSS_ENTROPY);
            case REGRESSION -> new HeadSpec(readout(settings), width, outputs, Loss.SQUARED_ERROR);
            case TOKEN_CLASSIFICATION -> new HeadSpec(Readout.TARGET_TOKENS, width, outputs, Loss.CROSS_ENTROPY);
            case LANGUAGE_MODELING -> new HeadSpec(Readout.TARGET_TOKENS, width, outputs, Loss.NEXT_TOKEN);
        };
    }

    private static Readout readout(HeadSettings settings) {
        return switch (settings.pooling()) {
            case MEAN -> Readout.MEAN;
            case FIRST_TOKEN -> Readout.FIRST_TOKEN;
        };
    }

    /** Whether a dense layer with tanh stands before the outputs: where one vector speaks for a whole example. */
    public boolean hasDense() {
        return readout != Readout.TARGET_TOKENS;
    }

    /** Whether it predicts tokens by the frozen output layer of the base model, and so has no parameters. */
    public boolean predictsTokens() {
        return predictsTokens(loss);
    }

    private static boolean predictsTokens(Loss loss) {
        return loss == Loss.NEXT_TOKEN || loss == Loss.MASKED_TOKEN;
    }

    /** The same with another loss. */
    public HeadSpec withLoss(Loss other) {
        return new HeadSpec(readout, width, outputs, other);
    }

    /** Bytes of its outputs and of their gradient in one pass, of so many states: little but for a language model. */
    public long outputBytes(long states) {
        return predictsTokens() ? LanguageModelHead.logitBytes(states, outputs) : 2L * Float.BYTES * states * outputs;
    }

    /** Its parameters. */
    public HeadLayout layout() {
        return HeadLayout.of(this);
    }
}
