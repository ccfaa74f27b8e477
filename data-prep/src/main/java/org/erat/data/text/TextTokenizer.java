package org.erat.data.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.basemodel.TokenizerJson;

/**
 * The tokenizer of a language model: from prompts to tokens, and from tokens to text. It can be sent to executors, which
 * {@linkplain #open open} it.
 */
public final class TextTokenizer implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Prompts are never cut: one that is too long is an error. */
    private static final int NO_LIMIT = Integer.MAX_VALUE;

    private final byte[] file;

    private TextTokenizer(byte[] file) {
        this.file = file;
    }

    /**
     * The tokenizer of a base model.
     *
     * @param vocabulary tokens that the model knows
     * @throws org.erat.data.BadInputException if there is none, or it cannot be used
     */
    public static TextTokenizer read(Configuration hadoop, Path modelDirectory, int vocabulary) {
        return new TextTokenizer(
                TokenizerFile.read(hadoop, modelDirectory, vocabulary).bytes());
    }

    /** Opens it in this process. */
    public Opened open() {
        try {
            return new Opened(TokenizerFile.open(file, NO_LIMIT));
        } catch (IOException e) {
            throw new UncheckedIOException("the tokenizer was read before", e);
        }
    }

    /** A tokenizer in use. Confined to one thread. */
    public final class Opened implements AutoCloseable {
        private final HuggingFaceTokenizer tokenizer;

        /** Where the tokenizer ends texts itself. */
        private final Optional<PromptLayout> layout;

        private final Optional<Detokenizer> detokenizer;

        private Opened(HuggingFaceTokenizer tokenizer) {
            this.tokenizer = tokenizer;
            this.layout = PromptLayout.ofPairs(tokenizer);
            this.detokenizer = Detokenizer.of(json());
        }

        private TokenizerJson json() {
            return TokenizerJson.parse(file, BaseModelDirectory.TOKENIZER);
        }

        /**
         * Tokens of prompts as training has them before a completion: with the special tokens that a text begins with, and,
         * where the tokenizer ends texts itself, those between two texts.
         */
        public List<int[]> prompts(List<String> texts) {
            return layout.map(around -> Arrays.stream(tokenizer.batchEncode(texts, false, false))
                            .map(text -> around.prompt(WordEncoding.ints(text.getIds())))
                            .toList())
                    .orElseGet(() -> Arrays.stream(tokenizer.batchEncode(texts))
                            .map(Opened::withoutEnd)
                            .toList());
        }

        private static int[] withoutEnd(Encoding encoding) {
            int[] ids = WordEncoding.ints(encoding.getIds());
            long[] special = encoding.getSpecialTokenMask();
            int length = ids.length;
            while (length > 0 && special[length - 1] != 0) {
                length--;
            }
            return Arrays.copyOf(ids, length);
        }

        /** The token that ends a completion, where the tokenizer ends texts itself. */
        public OptionalInt endToken() {
            return layout.map(around -> OptionalInt.of(around.after()[0])).orElse(OptionalInt.empty());
        }

        /** Token type of a completion. */
        public int completionType() {
            return layout.map(PromptLayout::completionType).orElse(0);
        }

        /** Ids of the special tokens, which are no text. */
        public Set<Integer> specialTokens() {
            return json().specialTokens();
        }

        /**
         * The text of a completion as people write it. Where the tokenizer ends texts itself it is a text of its own, and
         * else what it adds to the prompt. Where the tokenizer takes punctuation apart, it is put together again, with the
         * accents of the prompt's words.
         *
         * @param prompt its text
         * @param before its tokens, at least one
         * @param tokens of the completion
         */
        public String completion(String prompt, int[] before, int... tokens) {
            String decoded = layout.isPresent() ? decoded(tokens) : continuation(before, tokens);
            return detokenizer.map(each -> each.restored(decoded, prompt)).orElse(decoded);
        }

        /** A text of its own as people write it, without special tokens. */
        public String text(int... tokens) {
            String decoded = decoded(tokens);
            return detokenizer.map(each -> each.restored(decoded, "")).orElse(decoded);
        }

        /** The text of tokens, special ones left out. */
        private String decoded(int... tokens) {
            return tokenizer.decode(IntStream.of(tokens).asLongStream().toArray(), true);
        }

        /** The text that tokens add to those before them, which begins with a blank where they begin a word. */
        private String continuation(int[] before, int... tokens) {
            int[] all = Arrays.copyOf(before, before.length + tokens.length);
            System.arraycopy(tokens, 0, all, before.length, tokens.length);
            String first = decoded(before);
            String whole = decoded(all);
            // A letter of several tokens may be cut in two by the boundary.
            return whole.startsWith(first) ? whole.substring(first.length()) : decoded(tokens);
        }

        /** The id of a token that is one of the vocabulary as a whole, such as {@code </s>}. */
        public OptionalInt id(String token) {
            return json().tokenId(token);
        }

        @Override
        public void close() {
            tokenizer.close();
        }
    }
}
