package org.erat.data.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.erat.data.tokenized.Targets.NONE;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.erat.data.basemodel.TokenizerJson;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ids and alignments are worked out by hand from the vocabularies. */
class WordEncodingTest {
    /** A control character and an empty word have no token. */
    private static final List<String> WORDS = List.of("The", "cats", "\u0007", "sat", ".", "", "dogb");

    @TempDir
    private Path folder;

    @Test
    void theFirstSubtokenOfAWordCarriesItsClass() throws IOException {
        WordEncoding encoding = wordPiece(WORDS, 64);

        // [CLS] the cat ##s sat . dog ##b [SEP]
        assertThat(encoding.tokenIds()).containsExactly(2, 4, 5, 7, 8, 19, 6, 13, 3);
        assertThat(encoding.typeIds()).containsOnly(0).hasSize(9);
        assertThat(encoding.wordStarts()).containsExactly(1, 2, -1, 4, 5, -1, 6);
        assertThat(encoding.tokenClasses(new int[] {10, 11, 12, 13, 14, 15, 16}))
                .containsExactly(NONE, 10, 11, NONE, 13, 14, 16, NONE, NONE);
        assertThat(encoding.cutAway()).isZero();
    }

    @Test
    void wordsBehindTheMaximumLengthAreCutAway() throws IOException {
        WordEncoding encoding = wordPiece(WORDS, 6);

        assertThat(encoding.tokenIds()).containsExactly(2, 4, 5, 7, 8, 3);
        assertThat(encoding.wordStarts()).containsExactly(1, 2, -1, 4, -1, -1, -1);
        assertThat(encoding.tokenClasses(new int[] {10, 11, 12, 13, 14, 15, 16}))
                .containsExactly(NONE, 10, 11, NONE, 13, NONE);
        assertThat(encoding.cutAway()).isEqualTo(3);
    }

    @Test
    void aWordOfWhichOneSubtokenIsLeftKeepsItsClass() throws IOException {
        WordEncoding encoding = wordPiece(WORDS, 4);

        assertThat(encoding.tokenIds()).containsExactly(2, 4, 5, 3);
        assertThat(encoding.wordStarts()).containsExactly(1, 2, -1, -1, -1, -1, -1);
        assertThat(encoding.cutAway()).isEqualTo(5);
    }

    @Test
    void wordsWithoutAnyTokenHaveNoClassAndAreNotCutAway() throws IOException {
        WordEncoding encoding = wordPiece(List.of("\u0007", ""), 64);

        assertThat(encoding.tokenIds()).containsExactly(2, 3);
        assertThat(encoding.wordStarts()).containsExactly(-1, -1);
        assertThat(encoding.tokenClasses(new int[] {0, 1})).containsExactly(NONE, NONE);
        assertThat(encoding.cutAway()).isZero();
    }

    @Test
    void aWordThatTheTokenizerSplitsStaysOneWord() throws IOException {
        // [CLS] good , bad [SEP], where the comma is a token of the first word.
        WordEncoding encoding = wordPiece(List.of("good,", "bad"), 64);

        assertThat(encoding.tokenIds()).containsExactly(2, 10, 15, 11, 3);
        assertThat(encoding.wordStarts()).containsExactly(1, 3);
    }

    @Test
    void everyWordOfAByteLevelTokenizerHasTheSpaceBeforeIt() throws IOException {
        for (String json : List.of(
                TinyByteLevelTokenizer.json(),
                TinyByteLevelTokenizer.jsonWithPrefixSpace(),
                TinyByteLevelTokenizer.jsonOfSequence())) {
            WordEncoding encoding = encode(json, List.of("ab", "c", "", "d e", " ab"), 64);

            // <s> Ġab Ġ c Ġ d Ġ e Ġab </s>
            assertThat(encoding.tokenIds()).containsExactly(0, 11, 4, 7, 4, 8, 4, 9, 11, 2);
            assertThat(encoding.wordStarts()).containsExactly(1, 2, -1, 4, 8);
            assertThat(encoding.tokenClasses(new int[] {5, 6, 7, 8, 9}))
                    .containsExactly(NONE, 5, 6, NONE, 8, NONE, NONE, NONE, 9, NONE);
        }
    }

    private WordEncoding wordPiece(List<String> words, int maxLength) throws IOException {
        Path model = TinyTokenizer.writeModel(folder.resolve("model"));
        return encode(Files.readString(model.resolve("tokenizer.json")), words, maxLength);
    }

    private static WordEncoding encode(String json, List<String> words, int maxLength) throws IOException {
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        boolean byteLevel = TokenizerJson.parse(bytes, "tokenizer.json").isByteLevel();
        try (HuggingFaceTokenizer tokenizer = TokenizerFile.open(bytes, maxLength)) {
            return WordEncoding.of(tokenizer, byteLevel, words);
        }
    }
}
