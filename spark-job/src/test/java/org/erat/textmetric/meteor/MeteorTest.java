package org.erat.textmetric.meteor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.erat.data.BadInputException;
import org.erat.textmetric.TokenizedSegment;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Values are worked out by hand from the formula, with data of a few words. */
class MeteorTest {
    private static final double ROUNDING = 1e-12;

    @TempDir
    private Path folder;

    @BeforeEach
    void writeData() throws IOException {
        Files.writeString(folder.resolve("english.words"), "the\nis\n’\ns\n");
        Files.writeString(folder.resolve("english.synsets"), "pub\n1 2\nbar\n2 3\ngoose\n7\nbird\n7\n");
        Files.writeString(folder.resolve("english.exceptions"), "goose\ngeese\n");
    }

    private Meteor meteor() {
        Set<String> vocabulary = Set.of("a", "lot", "of", "many", "geese");
        return new Meteor(MeteorData.read(
                new Configuration(false), new org.apache.hadoop.fs.Path(folder.toString()), vocabulary));
    }

    private static TokenizedSegment segment(String hypothesis, String... references) {
        return new TokenizedSegment(
                words(hypothesis),
                Arrays.stream(references).map(MeteorTest::words).toList());
    }

    private static List<String> words(String text) {
        return text.isEmpty() ? List.of() : List.of(text.split(" ", -1));
    }

    @Test
    void theSameTextHasNoPenalty() {
        assertThat(meteor().score(segment("the pub is open", "the pub is open")))
                .isCloseTo(1, within(ROUNDING));
    }

    /** Weights 1, .8 and .6 of three words of content, in one chunk, all of which match. */
    @Test
    void wordsMatchByTextSynonymAndStem() {
        assertThat(meteor().score(segment("big pub opens", "big bar opening")))
                .isCloseTo((1 + 0.8 + 0.6) / 3, within(ROUNDING));
    }

    @Test
    void aSynonymIsFoundByTheBaseForm() {
        assertThat(meteor().score(segment("geese", "bird"))).isCloseTo(0.8, within(ROUNDING));
    }

    /**
     * Two of three words match in two chunks: "the" counts .25 and a word of content .75. P = R = 1/1.75, and two matched
     * words have two chunks.
     */
    @Test
    void functionWordsCountLessAndChunksCost() {
        double expected = 1 / 1.75 * (1 - 0.6 * Math.pow(2 / 2.0, 0.2));
        assertThat(meteor().score(segment("the red car", "car blue the"))).isCloseTo(expected, within(ROUNDING));
    }

    @Test
    void theBestReferenceCounts() {
        assertThat(meteor().score(segment("red car", "blue sky", "red car"))).isCloseTo(1, within(ROUNDING));
    }

    /** The corpus: 3 of 4 words of content, one chunk of the imperfect segment over 3 matched words. */
    @Test
    void aCorpusAddsStatisticsUp() {
        double expected = 3 / 4.0 * (1 - 0.6 * Math.pow(1 / 3.0, 0.2));
        assertThat(meteor().score(List.of(segment("red car", "red car"), segment("big pub", "big sky"))))
                .isCloseTo(expected, within(ROUNDING));
    }

    @Test
    void hyphensAndCliticsAreSplit() {
        assertThat(Meteor.normalized(List.of("family-friendly", "it", "'s", "n't", "-lrb-")))
                .containsExactly("family", "friendly", "it", "’", "s", "n", "’", "t", "-lrb-");
    }

    @Test
    void paraphrasesMatchInBothDirections() throws IOException {
        Files.writeString(folder.resolve("paraphrase-en"), "0.5\na lot of\nmany\n");
        assertThat(meteor().modules()).contains(MatchModule.PARAPHRASE);
        assertThat(meteor().score(segment("a lot of geese", "many geese")))
                .isCloseTo(meteor().score(segment("many geese", "a lot of geese")), within(0.1))
                .isGreaterThan(0.5);
    }

    @Test
    void oddTextsHaveAScore() {
        for (String odd : List.of("", "-", "’ ’ ’", "😀 👩‍👩‍👧", "- - the the", "a-b-c 'x")) {
            assertThat(meteor().score(segment(odd, odd, "the pub"))).isBetween(0.0, 1.0);
            assertThat(meteor().score(List.of(segment(odd, "the pub")))).isBetween(0.0, 1.0);
        }
    }

    @Test
    void aFileThatIsNotThereIsNamed() throws IOException {
        Files.delete(folder.resolve("english.synsets"));
        assertThatThrownBy(this::meteor)
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(folder + " has neither english.synsets nor english.synsets.gz. Copy it there");
    }

    @Test
    void aFileOfAnotherKindIsNamed() throws IOException {
        Files.writeString(folder.resolve("english.synsets"), "pub\nbar\n");
        assertThatThrownBy(this::meteor)
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("english.synsets is not METEOR's");
    }
}
