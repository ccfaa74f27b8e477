package org.erat.textmetric;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Expected tokens of mteval follow its regular expressions; those of the Treebank are Stanford's for the same words. */
class TokenizersTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "It's a family-friendly pub.|it's a family-friendly pub .",
                "Price: £20-25, 3.5 stars (4,000)|price : £20 - 25 , 3.5 stars ( 4,000 )",
                "a.b 5. x &amp; y &quot;q&quot;|a . b 5 . x & y \" q \"",
                "don't/won't|don't / won't"
            })
    void mtevalSplitsPunctuationButNotApostrophes(String text, String tokens) {
        assertThat(String.join(" ", Mteval13aTokenizer.tokens(text))).isEqualTo(tokens);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "It's a family-friendly pub, isn't it?|it 's a family-friendly pub is n't it",
                "You cannot pay 20£-25.|you can not pay 20 # -25",
                "In the city center., near 3.5 stars..|in the city center. near 3.5 stars",
                "Hors d'oeuvre (at 5 p.m.) for €10|hors d'oeuvre -lrb- at 5 p.m. -rrb- for $ 10",
                "They've said we'll go; \"yes\" -- no|they 've said we 'll go \" yes \" no",
                "Can’t|ca n't"
            })
    void treebankTokensHaveNoPunctuationAndSplitClitics(String text, String tokens) {
        assertThat(String.join(" ", PtbTokenizer.tokens(text))).isEqualTo(tokens);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "\t\n",
                "...",
                "'",
                "''",
                "-",
                "--",
                "n't",
                "'s",
                "😀",
                "😀😀 👩‍👩‍👧",
                "$1 \\E",
                "\u0000",
                "日本語",
                "e\u0301"
            })
    void oddTextsAreSplitToo(String text) {
        assertThat(Mteval13aTokenizer.tokens(text)).noneMatch(String::isBlank);
        assertThat(PtbTokenizer.tokens(text)).noneMatch(String::isEmpty);
    }

    @Test
    void aTextWithoutTokensHasNone() {
        assertThat(List.of(PtbTokenizer.tokens("?!."), Mteval13aTokenizer.tokens(" ")))
                .containsOnly(List.of());
    }
}
