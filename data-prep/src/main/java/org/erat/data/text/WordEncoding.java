package org.erat.data.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.util.Arrays;
import java.util.List;
import org.erat.data.tokenized.Targets;

/**
 * The tokens of a list of words, and which token starts which word.
 *
 * @param tokenIds [T] special tokens included
 * @param typeIds [T]
 * @param wordStarts [words] index of a word's first token, or -1 where it has none: the tokenizer drops some words, such
 *     as a lone control character, and truncation cuts words away
 * @param cutAway number of words at the end that were cut away
 */
record WordEncoding(int[] tokenIds, int[] typeIds, int[] wordStarts, int cutAway) {
    /**
     * Tokenizes words.
     *
     * @param byteLevel whether the tokenizer is a byte-level one, to which a space before a word is part of the word. Then
     *     every word gets one, as with {@code add_prefix_space=True} of the transformers library: without, the tokens
     *     would be those of the inside of a word.
     */
    static WordEncoding of(HuggingFaceTokenizer tokenizer, boolean byteLevel, List<String> words) {
        Encoding encoding = tokenizer.encode(
                byteLevel ? words.stream().map(WordEncoding::withSpace).toList() : words);
        int[] wordStarts = new int[words.size()];
        Arrays.fill(wordStarts, -1);
        long[] wordOfToken = encoding.getWordIds();
        int last = -1;
        for (int t = 0; t < wordOfToken.length; t++) {
            int word = Math.toIntExact(wordOfToken[t]);
            if (word >= 0 && wordStarts[word] < 0) {
                wordStarts[word] = t;
                last = word;
            }
        }
        return new WordEncoding(
                ints(encoding.getIds()),
                ints(encoding.getTypeIds()),
                wordStarts,
                encoding.exceedMaxLength() ? words.size() - 1 - last : 0);
    }

    /**
     * The classes of the tokens: the first token of a word has that of the word, all others have {@link Targets#NONE}.
     *
     * @param wordClasses [words]
     * @return [T]
     */
    int[] tokenClasses(int[] wordClasses) {
        int[] classes = withoutClasses();
        for (int word = 0; word < wordStarts.length; word++) {
            if (wordStarts[word] >= 0) {
                classes[wordStarts[word]] = wordClasses[word];
            }
        }
        return classes;
    }

    /** {@link Targets#NONE} for each token. */
    int[] withoutClasses() {
        int[] classes = new int[tokenIds.length];
        Arrays.fill(classes, Targets.NONE);
        return classes;
    }

    static int[] ints(long[] values) {
        return Arrays.stream(values).mapToInt(Math::toIntExact).toArray();
    }

    private static String withSpace(String word) {
        return word.isEmpty() || Character.isWhitespace(word.charAt(0)) ? word : " " + word;
    }
}
