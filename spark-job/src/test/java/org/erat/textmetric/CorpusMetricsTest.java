package org.erat.textmetric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Values are worked out by hand from the definitions, with small texts of one letter a word. */
class CorpusMetricsTest {
    private static final double ROUNDING = 1e-12;

    private static List<String> words(String text) {
        return text.isEmpty() ? List.of() : List.of(text.split(" ", -1));
    }

    private static TokenizedSegment segment(String hypothesis, String... references) {
        return new TokenizedSegment(
                words(hypothesis),
                Arrays.stream(references).map(CorpusMetricsTest::words).toList());
    }

    /** The second a of the hypothesis does not count, since no reference has two; x and "x a" are in the other reference. */
    @Test
    void bleuClipsByTheHighestCountOfAReference() {
        Bleu bleu = Bleu.of(List.of(segment("a b c d x a", "a b c d e f g h", "x a y z")));
        assertThat(bleu.matches()).containsExactly(5L, 4L, 2L, 1L);
        assertThat(bleu.totals()).containsExactly(6L, 5L, 4L, 3L);
    }

    /** Lengths 4 and 8 are as close to 6: the shorter one counts, so there is no brevity penalty. */
    @Test
    void bleuTakesTheShorterOfTwoReferencesThatAreAsClose() {
        assertThat(Bleu.of(List.of(segment("a b c d x y", "a b c d e f g h", "x a y z")))
                        .referenceLength())
                .isEqualTo(4);
    }

    /** p = 1, 2/3, 1/(2·2), 1/(4·1), c = 4 and r = 5. */
    @Test
    void bleuSmoothsOrdersWithoutAMatchAsMtevalDoes() {
        double expected = Math.exp(1 - 5 / 4.0) * Math.pow(1 * 2 / 3.0 / 4 / 4, 0.25);
        assertThat(Bleu.of(List.of(segment("a b d e", "a b c d e"))).score()).isCloseTo(expected, within(ROUNDING));
    }

    /**
     * Words of the references: a a b c, so a has log₂(4/2) = 1 bit, b and c 2; a b follows a once of twice: 1 bit. The
     * hypothesis a b: (1 + 2)/2 + 1/1 = 2.5. By Perl c/(4/2) = 1, by Python c/2 = 1.
     */
    @Test
    void nistWeighsNGramsByTheirInformation() {
        Nist nist = Nist.of(List.of(segment("a b", "a b", "a c")));
        assertThat(nist.score()).isCloseTo(2.5, within(ROUNDING));
        assertThat(nist.pythonScore()).isCloseTo(2.5, within(ROUNDING));
    }

    /**
     * Two segments with references of 1 and 1 + 1 + 4 words: by Perl the reference length is 7/(4/2) = 3.5, by Python 1 + 2 =
     * 3, for 3 words of the hypotheses.
     */
    @Test
    void theTwoNistsDifferInTheReferenceLength() {
        Nist nist = Nist.of(List.of(segment("a", "a"), segment("b b", "b", "b", "b c d e")));
        double beta = Math.log(2) / Math.pow(Math.log(1.5), 2);
        assertThat(nist.score() / nist.information())
                .isCloseTo(Math.exp(-beta * Math.pow(Math.log(3 / 3.5), 2)), within(ROUNDING));
        assertThat(nist.pythonScore()).isCloseTo(nist.information(), within(ROUNDING));
    }

    /** P = 3/4 is that of the first reference, R = 1/1 that of the second. */
    @Test
    void rougeTakesPrecisionAndRecallOfDifferentReferences() {
        double p = 3 / 4.0;
        double r = 1;
        assertThat(RougeL.score(segment("a b c d", "a x b y c z", "d")))
                .isCloseTo((1 + 1.44) * p * r / (r + 1.44 * p), within(ROUNDING));
    }

    /** The same text has the similarity 1 for each n for which it has n-grams: four of four, and one of four. */
    @Test
    void ciderAveragesTheSimilarityOfFourOrders() {
        List<Double> scores = Cider.segmentScores(List.of(segment("a b c d", "a b c d"), segment("e", "e")));
        assertThat(scores.get(0)).isCloseTo(10, within(ROUNDING));
        assertThat(scores.get(1)).isCloseTo(10 / 4.0, within(ROUNDING));
    }

    /** One bigram more: e^(−1/72). With weights of ln 2, n = 1 has the similarity 1/√2, and other n have none. */
    @Test
    void ciderPunishesADifferenceInLength() {
        List<Double> scores = Cider.segmentScores(List.of(segment("e f", "e"), segment("g", "g f")));
        assertThat(scores.get(0)).isCloseTo(10 * Math.exp(-1 / 72.0) / Math.sqrt(2) / 4, within(ROUNDING));
    }

    @Test
    void anEmptyHypothesisHasTheScoreZero() {
        List<TokenizedSegment> corpus = List.of(segment("", "a b"));
        assertThat(List.of(
                        Bleu.of(corpus).score(),
                        Nist.of(corpus).score(),
                        Nist.of(corpus).pythonScore(),
                        RougeL.score(corpus),
                        Cider.score(corpus)))
                .containsOnly(0.0);
    }

    @Property(tries = 300)
    void anyTextHasAScore(@ForAll String hypothesis, @ForAll String reference) {
        GenerationScores scores = GenerationScores.of(
                List.of(new Segment(hypothesis, List.of(reference)), new Segment("😀 ?!", List.of("", "x y"))));
        assertThat(List.of(scores.bleu(), scores.nist(), scores.nistPython(), scores.rougeL(), scores.cider()))
                .allMatch(score -> Double.isFinite(score) && score >= 0);
    }
}
