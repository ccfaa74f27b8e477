package org.erat.data.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.data.BadInputException;
import org.erat.data.Sha256;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.basemodel.TokenizerJson;

/**
 * The {@code tokenizer.json} of a base model. Its bytes alone are sent to executors.
 *
 * @param bytes the file
 * @param sha256 its SHA-256, in hexadecimal
 */
record TokenizerFile(byte[] bytes, String sha256) {
    /**
     * Reads and checks the tokenizer of the base model in {@code modelDir}.
     *
     * @param vocabSize number of token ids that the model has embeddings for
     * @throws BadInputException if there is none, it cannot be used, or it belongs to another model
     */
    static TokenizerFile read(Configuration hadoop, Path modelDir, int vocabSize) {
        Path file = new Path(modelDir, BaseModelDirectory.TOKENIZER);
        byte[] bytes;
        try (InputStream in = file.getFileSystem(hadoop).open(file)) {
            bytes = in.readAllBytes();
        } catch (FileNotFoundException e) {
            throw new BadInputException(
                    String.format(
                            "%s does not exist, so %s is not a base model: make one with prepare-model",
                            file, modelDir),
                    e);
        } catch (IOException e) {
            throw new BadInputException(String.format("%s cannot be read: %s", file, e.getMessage()), e);
        }
        checkVocabulary(bytes, file, vocabSize);
        try (HuggingFaceTokenizer trial = open(bytes, 64)) {
            trial.encode("a", "b");
        } catch (IOException | RuntimeException e) {
            throw new BadInputException(
                    String.format(
                            "%s cannot be used as a tokenizer (%s): prepare the model again", file, e.getMessage()),
                    e);
        }
        return new TokenizerFile(bytes, Sha256.of(bytes));
    }

    /**
     * Starts the tokenizer of the file {@code bytes}. Whatever the file says: no padding, since batches are padded when
     * they are made, and truncation to {@code maxLength} that cuts the longer of two texts first.
     */
    static HuggingFaceTokenizer open(byte[] bytes, int maxLength) throws IOException {
        String length = Integer.toString(maxLength);
        return HuggingFaceTokenizer.newInstance(
                new ByteArrayInputStream(bytes),
                Map.of(
                        "addSpecialTokens", "true",
                        "padding", "do_not_pad",
                        "truncation", "longest_first",
                        "modelMaxLength", length,
                        "maxLength", length));
    }

    private static void checkVocabulary(byte[] bytes, Path file, int vocabSize) {
        int highest = TokenizerJson.parse(bytes, file.toString()).highestId();
        if (highest >= vocabSize) {
            throw new BadInputException(String.format(
                    "%s has token ids up to %d but the model's config.json has a vocab_size of %d: the tokenizer belongs"
                            + " to another model, copy the right one beside config.json",
                    file, highest, vocabSize));
        }
    }
}
