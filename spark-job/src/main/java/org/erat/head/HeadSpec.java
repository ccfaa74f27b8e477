package org.erat.head;

import java.io.Serializable;
import org.erat.config.HeadSettings;
import org.erat.config.HeadSettings.Pooling;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Families;
import org.erat.data.architecture.TaskHead;
import org.erat.data.tokenized.TaskType;

/**
 * What a task head is.
 *
 * @param readout which hidden states it reads
 * @param width H, width of the hidden states
 * @param outputs C: classes, tokens of a vocabulary, or 1 for a number
 * @param loss what its outputs mean
 * @param layers from the states to the outputs; none of a language model
 * @param dropout share of what a layer reads that training drops, in [0,1), where {@code layers} says that it does
 */
public record HeadSpec(Readout readout, int width, int outputs, Loss loss, TaskHead layers, double dropout)
        implements Serializable {
    public HeadSpec {
        if (predictsTokens(loss) != layers.layers().isEmpty()) {
            throw new IllegalArgumentException("A head of " + loss + " with layers " + layers.layers());
        }
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
        /** The last token of each example. */
        LAST_TOKEN,
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

    /** The head of a task on a model. */
    public static HeadSpec of(TaskType task, int outputs, HeadSettings settings, Architecture architecture) {
        return switch (task) {
            case CLASSIFICATION -> ofTexts(outputs, Loss.CROSS_ENTROPY, settings, architecture);
            case MULTI_LABEL_CLASSIFICATION -> ofTexts(outputs, Loss.BINARY_CROSS_ENTROPY, settings, architecture);
            case REGRESSION -> ofTexts(outputs, Loss.SQUARED_ERROR, settings, architecture);
            case TOKEN_CLASSIFICATION ->
                new HeadSpec(
                        Readout.TARGET_TOKENS,
                        architecture.width(),
                        outputs,
                        Loss.CROSS_ENTROPY,
                        Families.of(architecture).tokenClassifier(architecture),
                        settings.dropout());
            case LANGUAGE_MODELING -> ofVocabulary(architecture.width(), outputs, Loss.NEXT_TOKEN);
        };
    }

    private static HeadSpec ofTexts(int outputs, Loss loss, HeadSettings settings, Architecture architecture) {
        boolean mean = settings.pooling() == Pooling.MEAN;
        Readout ofFamily =
                switch (architecture.pooling()) {
                    case FIRST_TOKEN -> Readout.FIRST_TOKEN;
                    case LAST_TOKEN -> Readout.LAST_TOKEN;
                    case MEAN -> Readout.MEAN;
                };
        return new HeadSpec(
                mean ? Readout.MEAN : ofFamily,
                architecture.width(),
                outputs,
                loss,
                mean ? TaskHead.OF_POOLED_STATES : Families.of(architecture).sequenceClassifier(architecture),
                settings.dropout());
    }

    /** The head of a language model, which has no layers of its own. */
    public static HeadSpec ofVocabulary(int width, int vocabulary, Loss loss) {
        return new HeadSpec(Readout.TARGET_TOKENS, width, vocabulary, loss, TaskHead.NONE, 0);
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
        return new HeadSpec(readout, width, outputs, other, layers, dropout);
    }

    /** Most bytes of its outputs and of their gradient in one pass, of so many states: little but for a language model. */
    public long outputBytes(long states) {
        return predictsTokens() ? LanguageModelHead.logitBytes(states, outputs) : (long) Float.BYTES * states * outputs;
    }

    /** Its parameters. */
    public HeadLayout layout() {
        return HeadLayout.of(this);
    }
}
