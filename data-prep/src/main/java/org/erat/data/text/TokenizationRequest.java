package org.erat.data.text;

import java.util.Optional;
import org.erat.data.tokenized.Manifest;

/**
 * What to prepare, for which model, and where to put it. Every path may be on any Hadoop FileSystem.
 *
 * @param task how the data set is laid out
 * @param input the text: a file, a folder with a training and a validation file, or {@code maven:GROUP:ARTIFACT:VERSION}
 * @param modelDir folder of the base model; its {@code tokenizer.json} is read
 * @param vocabSize number of token ids that the model has embeddings for
 * @param maxLength length in tokens at which examples are cut, special tokens included; at least one token more for each
 *     text than the tokenizer adds
 * @param out folder of the tokenized data set
 * @param validationShare share of a single input file that is split off for validation
 * @param seed seed of that split
 * @param like data that a model was trained on: then the rows are for evaluation and prediction with it, all of one split,
 *     and have its classes
 */
public record TokenizationRequest(
        TextTask task,
        String input,
        String modelDir,
        int vocabSize,
        int maxLength,
        String out,
        double validationShare,
        long seed,
        Optional<Manifest> like) {

    /** Enough of WordNet's 117,791 glosses to tell one rank from the next, and few enough to evaluate in seconds. */
    public static final double DEFAULT_VALIDATION_SHARE = 0.02;

    public static final long DEFAULT_SEED = 1;
}
