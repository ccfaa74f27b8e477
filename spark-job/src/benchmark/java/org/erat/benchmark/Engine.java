package org.erat.benchmark;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.Map;
import org.erat.data.tokenized.Batch;

/** One of the two sides: makes trainable transformers. */
interface Engine {
    /** Classes of the head. */
    int CLASSES = 2;

    /** R, the largest rank. */
    int RANK = 8;

    /** α of the adapters' scale. */
    double ALPHA = 16;

    /** Of AdamW, on both sides; the gradient is not clipped, and nothing is dropped. */
    double LEARNING_RATE = 4e-4;

    double WEIGHT_DECAY = 0.01;

    /** T of the ERAT schedule, whose windows follow from the step. */
    int TOTAL_STEPS = 1000;

    /**
     * A transformer with adapters on query and value. An encoder has a head: mean over tokens, dense tanh layer, linear
     * layer. A decoder predicts next tokens by its word embeddings.
     *
     * @param model base-model directory
     * @param method {@code lora} or, on our side, {@code erat}
     * @param precision {@code f32} or {@code bf16}
     */
    Trainer open(Path model, String method, String precision);

    /** As {@link #open}, with its optimizer step made without the framework around it, where the side has one. */
    default Trainer openBare(Path model, String method, String precision) {
        throw new UnsupportedOperationException("There is no framework to go without");
    }

    /**
     * Completes prompts by greedy search.
     *
     * @param model a decoder's base-model directory
     * @param prompts [B,T] token ids
     * @param count tokens of each completion; none ends before
     */
    Generated generate(Path model, String precision, int[][] prompts, int count);

    /**
     * Completions.
     *
     * @param seconds that took the search, the reading of the prompts counted
     * @param tokens [B,count]
     */
    record Generated(double seconds, int[][] tokens) {}

    /** A transformer under training. Times are in seconds and hold nothing but the work itself. */
    interface Trainer {
        /** Forward, backward and optimizer on one mini-batch. */
        double train(Batch batch, int step);

        /** Forward without gradients at the largest rank. */
        double forward(Batch batch);

        /** All that is trained, by name: {@code a.MODULE} and {@code b.MODULE} (Bᵀ) as [R,·], then the head's arrays. */
        Map<String, float[]> parameters();

        /** Log-probabilities, and the gradients of the batch's mean loss, at these parameters. */
        Outcome outcome(Map<String, float[]> parameters, Batch batch);
    }

    /**
     * What both sides should agree on.
     *
     * @param logProbabilities [B,C] of all classes; of a language model [M], of the token that each target is
     * @param gradients by the names of {@link Trainer#parameters}
     */
    record Outcome(float[] logProbabilities, Map<String, float[]> gradients) implements Serializable {}
}
