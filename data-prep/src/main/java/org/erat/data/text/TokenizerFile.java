package org.erat.data.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.data.BadInputException;
import org.erat.data.Sha256;
import org.erat.data.UsageException;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.basemodel.TokenizerJson;

/**
 * The {@code tokenizer.json} of a base model. Executors get its bytes.
 *
 * @param bytes the file
 * @param sha256 its SHA-256, in hexadecimal
 * @param byteLevel whether it splits bytes and not characters
 * @param specialTokens special tokens that it adds to one text, or to a list of words
 * @param pairSpecialTokens special tokens that it adds to two texts
 */
record TokenizerFile(byte[] bytes, String sha256, boolean byteLevel, int specialTokens, int pairSpecialTokens) {
    /** Enough for any tokenizer's special tokens. */
    private static final int TRIAL_LENGTH = 64;

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
        TokenizerJson json = TokenizerJson.parse(bytes, file.toString());
        json.check(vocabSize);
        try (HuggingFaceTokenizer trial = open(bytes, TRIAL_LENGTH)) {
            return new TokenizerFile(
                    bytes,
                    Sha256.of(bytes),
                    json.isByteLevel(),
                    specialTokens(trial.encode("a")),
                    specialTokens(trial.encode("a", "b")));
        } catch (IOException | RuntimeException e) {
            throw new BadInputException(
                    String.format(
                            "%s cannot be used as a tokenizer (%s): prepare the model again", file, e.getMessage()),
                    e);
        }
    }

    /** The file as JSON. */
    TokenizerJson json() {
        return TokenizerJson.parse(bytes, BaseModelDirectory.TOKENIZER);
    }

    private static int specialTokens(Encoding encoding) {
        return (int) Arrays.stream(encoding.getSpecialTokenMask()).sum();
    }

    /**
     * Refuses a maximum length that leaves no token for a text beside the special tokens. The tokenizers library does not
     * truncate at all where the special tokens alone are too many.
     *
     * @param pair whether examples have two texts
     * @throws UsageException naming the smallest value that works
     */
    void requireRoom(int maxLength, boolean pair) {
        int special = pair ? pairSpecialTokens : specialTokens;
        int shortest = special + (pair ? 2 : 1);
        if (maxLength < shortest) {
            throw new UsageException(String.format(
                    "--max-length %d is too short: the tokenizer adds %d special tokens to %s. The smallest value is %d",
                    maxLength, special, pair ? "two texts" : "a text", shortest));
        }
    }

    /**
     * Opens the tokenizer of the file {@code bytes}. It does not pad, since batches are padded when they are made, and
     * truncates to {@code maxLength}, the longer of two texts first. What the file says about both is ignored.
     */
    static HuggingFaceTokenizer open(byte[] bytes, int maxLength) throws IOException {
        return open(bytes, maxLength, "longest_first");
    }

    /** The same without truncation. */
    static HuggingFaceTokenizer openWhole(byte[] bytes) throws IOException {
        return open(bytes, TRIAL_LENGTH, "do_not_truncate");
    }

    private static HuggingFaceTokenizer open(byte[] bytes, int maxLength, String truncation) throws IOException {
        String length = Integer.toString(maxLength);
        return HuggingFaceTokenizer.newInstance(
                new ByteArrayInputStream(bytes),
                Map.of(
                        "addSpecialTokens", "true",
                        "padding", "do_not_pad",
                        "truncation", truncation,
                        "modelMaxLength", length,
                        "maxLength", length));
    }
}
