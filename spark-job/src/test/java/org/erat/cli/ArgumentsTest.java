package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.erat.data.UsageException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ArgumentsTest {
    /** What Java makes of the two bytes of an umlaut, and what a second Java is given by it. */
    @ParameterizedTest
    @CsvSource({
        "ANSI_X3.4-1968, runs/k\ufffd\ufffdse",
        "ANSI_X3.4-1968, runs/k??se",
        "UTF-8, runs/k\ufffdse",
        "ANSI_X3.4-1968, runs/k\u00e4se",
        "ISO-8859-1, runs/\u4e1c"
    })
    void aWordThatHasLostLettersIsNamedWithTheLocaleToSet(String encoding, String word) {
        assertThatThrownBy(() -> Arguments.requireEncodable(encoding, "train", word))
                .isInstanceOf(UsageException.class)
                .hasMessageStartingWith("'" + word + "' is not in " + encoding)
                .hasMessageContaining("Set LC_ALL=C.UTF-8");
    }

    @Test
    void otherWordsPass() {
        assertThatCode(() -> {
                    Arguments.requireEncodable("ANSI_X3.4-1968", "train", "--set", "a?b", "%41", "percent-encoded");
                    Arguments.requireEncodable("UTF-8", "käse", "東京", "what??");
                    Arguments.requireEncodable("ISO-8859-1", "käse");
                    Arguments.requireEncodable("no such encoding", "käse");
                })
                .doesNotThrowAnyException();
    }

    @Test
    void aDriverElsewhereGetsTheWordsThatWereWritten() {
        assertThat(Arguments.decoded("train", "percent-encoded:k%C3%A4se%20%25%2B", "a+b%20", "percent-encoded"))
                .containsExactly("train", "käse %+", "a+b%20", "percent-encoded");
    }
}
