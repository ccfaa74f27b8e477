package org.erat.data.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.erat.data.basemodel.TokenizerJson;

/**
 * The special tokens around a prompt and its completion. A tokenizer that ends texts itself has the layout of its pairs of
 * texts, as BERT's {@code [CLS] prompt [SEP] completion [SEP]}; any other has what it begins a text with, then {@code prompt
 * completion} and the end token.
 *
 * @param before tokens before the prompt
 * @param between tokens between prompt and completion
 * @param after tokens after the completion; a model learns to end there
 * @param completionType token type of the completion and of what follows it; 0 comes before
 */
record PromptLayout(int[] before, int[] between, int[] after, int completionType) implements Serializable {
    /**
     * The layout of a tokenizer.
     *
     * @param file what it was read from
     * @throws BadInputException if it does not say how a text ends
     */
    static PromptLayout of(HuggingFaceTokenizer tokenizer, TokenizerJson file, TokenizerSettings settings) {
        return ofPairs(tokenizer)
                .orElseGet(() -> new PromptLayout(
                        before(tokenizer.encode("a", "b")), new int[0], new int[] {endToken(file, settings)}, 0));
    }

    private static int[] before(Encoding pair) {
        return Arrays.copyOf(WordEncoding.ints(pair.getIds()), next(pair.getSpecialTokenMask(), 0, false));
    }

    /** The layout of a tokenizer that ends texts itself; empty for any other. */
    static Optional<PromptLayout> ofPairs(HuggingFaceTokenizer tokenizer) {
        Encoding pair = tokenizer.encode("a", "b");
        int[] ids = WordEncoding.ints(pair.getIds());
        long[] special = pair.getSpecialTokenMask();
        int[] before = before(pair);
        int between = next(special, before.length, true);
        int second = next(special, between, false);
        int after = next(special, second, true);
        if (after == ids.length) {
            return Optional.empty();
        }
        return Optional.of(new PromptLayout(
                before, Arrays.copyOfRange(ids, between, second), Arrays.copyOfRange(ids, after, ids.length), (int)
                        pair.getTypeIds()[second]));
    }

    private static int next(long[] special, int from, boolean wanted) {
        int at = from;
        while (at < special.length && (special[at] != 0) != wanted) {
            at++;
        }
        return at;
    }

    private static int endToken(TokenizerJson file, TokenizerSettings settings) {
        Optional<String> token = settings.endToken();
        if (token.isEmpty()) {
            throw new BadInputException(settings.where()
                    + " names no eos_token, so a completion has no end that a model could learn. Set it to the end token"
                    + " of the model");
        }
        // By its name: as a text it may be normalized to another one.
        return file.tokenId(token.get())
                .orElseThrow(() -> new BadInputException(String.format(
                        "%s: eos_token '%s' is not a token of tokenizer.json: set it to the end token of the model",
                        settings.where(), token.get())));
    }

    /** The tokens of a prompt with those before and behind it. */
    int[] prompt(int... tokens) {
        return Stream.of(before, tokens, between).flatMapToInt(IntStream::of).toArray();
    }

    /** Whether prompt and completion are two texts to the tokenizer, which puts tokens of its own between them. */
    boolean isPair() {
        return between.length > 0;
    }

    /**
     * Refuses a maximum length that leaves no token for prompt and completion.
     *
     * @throws UsageException naming the smallest value that works
     */
    void requireRoom(int maxLength) {
        int shortest = before.length + between.length + after.length + 2;
        if (maxLength < shortest) {
            throw new UsageException(String.format(
                    "--max-length %d is too short for special tokens, a prompt and a completion. The smallest value is %d",
                    maxLength, shortest));
        }
    }
}
