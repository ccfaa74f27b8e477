package org.erat.data.text;

import org.erat.data.UsageException;

/**
 * What to prepare, for which model, and where to put it. Every path may be on any Hadoop FileSystem.
 *
 * @param task how the data set is laid out
 * @param input the text: a file, a folder with a training and a validation file, or {@code maven:GROUP:ARTIFACT:VERSION}
 * @param modelDir folder of the base model, of which {@code tokenizer.json} is read
 * @param vocabSize number of token ids that the model has embeddings for
 * @param maxLength length in tokens at which examples are cut, special tokens included
 * @param out folder of the tokenized data set
 * @param validationShare share of a single input file that is split off for validation
 * @param seed seed of that split
 */
public record TokenizationRequest(
        TextTask task,
        String input,
        String modelDir,
        int vocabSize,
        int maxLength,
        String out,
        double validationShare,
        long seed) {

    /** Enough of WordNet's 117,791 glosses to tell one rank from the next, and few enough to evaluate in seconds. */
    public static final double DEFAULT_VALIDATION_SHARE = 0.02;

    public static final long DEFAULT_SEED = 1;

    /** Two texts and three special tokens, with a little of each text left. */
    private static final int SHORTEST = 8;

    public TokenizationRequest {
        if (maxLength < SHORTEST) {
            throw new UsageException(
                    String.format("A maximum length of %d tokens: give %d or more", maxLength, SHORTEST));
        }
    }
}
