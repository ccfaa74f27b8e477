package org.erat.data.basemodel;

import java.nio.file.Path;
import org.erat.data.BadInputException;
import org.erat.data.safetensors.TensorInfo;

/**
 * Whether {@code config.json} and the word embeddings agree about the size of the vocabulary. They do not where tokens were
 * added, the embeddings resized, and only one of the files saved again.
 */
final class VocabularySize {
    private VocabularySize() {}

    /**
     * Checks the number of rows.
     *
     * @param vocabulary {@code vocab_size} of {@code config}
     * @param embeddings the word embeddings in {@code weights}
     * @param highestId highest token id of the tokenizer beside them
     * @throws BadInputException with both numbers and the file to correct
     */
    static void check(Path config, int vocabulary, Path weights, TensorInfo embeddings, int highestId) {
        long[] shape = embeddings.shape();
        if (shape.length != 2 || shape[0] == vocabulary) {
            return;
        }
        String both = config + ": vocab_size is " + vocabulary + ", but the word embeddings in " + weights + " have "
                + shape[0] + " rows";
        if (highestId >= shape[0]) {
            throw new BadInputException(both + ", and the tokenizer has token ids up to " + highestId
                    + ". The weights are too small for both: save them again after the embeddings were resized, or use"
                    + " the files of one model.");
        }
        throw new BadInputException(both + ". The configuration was not saved after the embeddings were resized: set"
                + " vocab_size to " + shape[0] + " in config.json, or save the model again with save_pretrained.");
    }
}
