package org.erat.data.text;

import static org.assertj.core.api.Assertions.assertThat;

import org.erat.data.basemodel.TokenizerJson;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Texts whose punctuation a tokenizer has taken apart, as people write them. */
class DetokenizerTest {
    private static final Detokenizer LOWER_CASE = new Detokenizer(true);

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "a pub , near the river . cheap ? yes ! | a pub, near the river. cheap? yes!",
                "it ' s , they ' re , i ' ve , we ' ll , he ' d , i ' m | it's, they're, i've, we'll, he'd, i'm",
                "it isn ' t and don ' t | it isn't and don't",
                "the ' green man ' is here | the ' green man ' is here",
                "a family - friendly pub - £ 20 - 25 | a family-friendly pub - £20-25",
                "rated 4 . 5 out of 5 . ten | rated 4.5 out of 5. ten",
                "more than £ 30 , $ 4 | more than £30, $4",
                "built in 2010 . 5 rooms | built in 2010.5 rooms",
                "already. restored, isn't it? | already. restored, isn't it?"
            })
    void blanksGoWhereEnglishHasNone(String decoded, String text) {
        assertThat(LOWER_CASE.restored(decoded, "")).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({
        "near[Café Rouge], the cafe rouge, the café rouge",
        "near[Cafe\u0301 Rouge], the cafe rouge, the café rouge",
        "Café and cafe, the cafe, the cafe",
        "coffee shop, the cafe, the cafe",
        "near[Café Rouge], The Cafe Rouge, The Café Rouge",
        "near[Café Rouge], cafes, cafes"
    })
    void wordsHaveTheAccentsOfThePrompt(String prompt, String decoded, String text) {
        assertThat(LOWER_CASE.restored(decoded, prompt)).isEqualTo(text);
        assertThat(new Detokenizer(false).restored(decoded, prompt)).isEqualTo(decoded);
    }

    @Test
    void theTokenizerSaysWhatIsLost() {
        assertThat(of("{'type': 'BertPreTokenizer'}", "{'type': 'BertNormalizer', 'lowercase': true}"))
                .isEqualTo(LOWER_CASE);
        assertThat(of(
                        "{'type': 'Sequence', 'pretokenizers': [{'type': 'BertPreTokenizer'}]}",
                        "{'type': 'BertNormalizer', 'lowercase': true, 'strip_accents': false}"))
                .isEqualTo(new Detokenizer(false));
        assertThat(of(
                        "{'type': 'BertPreTokenizer'}",
                        "{'type': 'Sequence', 'normalizers': [{'type': 'NFD'}, {'type': 'StripAccents'}]}"))
                .isEqualTo(LOWER_CASE);
        assertThat(of("{'type': 'ByteLevel'}", "null")).isNull();
    }

    private static Detokenizer of(String preTokenizer, String normalizer) {
        String json = "{'model': {}, 'pre_tokenizer': " + preTokenizer + ", 'normalizer': " + normalizer + "}";
        return Detokenizer.of(TokenizerJson.parse(
                        json.replace('\'', '"').getBytes(java.nio.charset.StandardCharsets.UTF_8), "a test"))
                .orElse(null);
    }
}
