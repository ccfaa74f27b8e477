package org.erat.textmetric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.apache.hadoop.conf.Configuration;
import org.erat.data.text.ScoredTexts;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Outputs of systems of the E2E NLG challenge have the scores that the challenge's own scripts give, in the folder that
 * {@code -Derat.generation} names: {@code e2e/scores.json} holds these scores. TGen's are published (arXiv 1901.07931).
 */
class PublishedScoresTest {
    private static final String E2E_REFERENCES = "testset_w_refs.csv.gz";

    /** Half a unit of the last digit of scores.json. */
    private static final double SIX_DIGITS = 5.1e-7;

    private static final double FOUR_DIGITS = 5.1e-5;

    /** What METEOR's ties between alignments make of a corpus. */
    private static final double TIES = 2e-4;

    private Path folder;

    @BeforeEach
    void findFiles() {
        String named = System.getProperty("erat.generation");
        assumeTrue(named != null, "needs -Derat.generation=DIR");
        folder = Path.of(named);
    }

    private List<Segment> segments(String references, String hypotheses) {
        Path e2e = folder.resolve("e2e");
        return ScoredTexts.read(
                        new Configuration(false),
                        new org.apache.hadoop.fs.Path(e2e.resolve(references).toString()),
                        new org.apache.hadoop.fs.Path(e2e.resolve(hypotheses).toString()))
                .stream()
                .map(texts -> new Segment(texts.hypothesis(), texts.references()))
                .toList();
    }

    private GenerationScores scores(List<Segment> segments) {
        return GenerationScores.of(
                        List.of(segments),
                        new Configuration(false),
                        new org.apache.hadoop.fs.Path(folder.resolve("meteor").toString()))
                .get(0);
    }

    @ParameterizedTest
    @CsvSource({
        "tgen, testset_w_refs.csv.gz, tgen.tsv.gz",
        "slug, testset_w_refs.csv.gz, slug.tsv.gz",
        "zhang, testset_w_refs.csv.gz, zhang.tsv.gz",
        "example-inputs, devel-conc.txt, baseline-output.txt"
    })
    void systemsHaveTheScoresOfTheChallengesScripts(String system, String references, String hypotheses)
            throws Exception {
        JsonNode expected = new ObjectMapper()
                .readTree(folder.resolve("e2e/scores.json").toFile())
                .get(system);
        GenerationScores scores = scores(segments(references, hypotheses));
        assertThat(scores.bleu()).isCloseTo(expected.get("BLEU").asDouble(), within(SIX_DIGITS));
        assertThat(scores.nist()).isCloseTo(expected.get("NIST_perl").asDouble(), within(FOUR_DIGITS));
        assertThat(scores.nistPython()).isCloseTo(expected.get("NIST_python").asDouble(), within(SIX_DIGITS));
        assertThat(scores.rougeL()).isCloseTo(expected.get("ROUGE_L").asDouble(), within(SIX_DIGITS));
        assertThat(scores.cider()).isCloseTo(expected.get("CIDEr").asDouble(), within(SIX_DIGITS));
        assertThat(scores.meteor().orElseThrow().score())
                .isCloseTo(expected.get("METEOR_exact_stem_synonym").asDouble(), within(TIES));
    }

    @Test
    void tgenHasItsPublishedScores() {
        assertThat(scores(segments(E2E_REFERENCES, "tgen.tsv.gz")).lines())
                .containsExactly(
                        "BLEU-4     0.6593",
                        "NIST-5     8.6094  as mteval-v13a.pl",
                        "NIST-5     8.5923  as e2e-metrics -p",
                        "ROUGE-L    0.6850",
                        "CIDEr      2.2338",
                        "METEOR     0.4454  exact, stem, synonym");
    }

    /** Tokens and scores of each segment are those of Stanford's tokenizer and of the challenge's scripts. */
    @Test
    void eachSegmentHasItsTokensAndScores() throws Exception {
        List<TokenizedSegment> tokens =
                TokenizedSegment.of(segments(E2E_REFERENCES, "tgen.tsv.gz"), PtbTokenizer::tokens);
        List<ScoredTexts> stanford = ScoredTexts.read(
                new Configuration(false),
                new org.apache.hadoop.fs.Path(folder + "/e2e/testset_refs.ptb341.txt.gz"),
                new org.apache.hadoop.fs.Path(folder + "/e2e/tgen.ptb341.txt.gz"));
        List<String> expected = lines("e2e/tgen.segments.tsv.gz");
        List<Double> cider = Cider.segmentScores(tokens);
        assertThat(tokens).hasSize(630).hasSameSizeAs(stanford);
        for (int i = 0; i < tokens.size(); i++) {
            TokenizedSegment segment = tokens.get(i);
            assertThat(String.join(" ", segment.hypothesis()))
                    .isEqualTo(stanford.get(i).hypothesis());
            assertThat(segment.references().stream()
                            .map(each -> String.join(" ", each))
                            .toList())
                    .isEqualTo(stanford.get(i).references());
            String[] columns = expected.get(i + 1).split("\t", -1);
            assertThat(RougeL.score(segment)).isCloseTo(Double.parseDouble(columns[1]), within(SIX_DIGITS));
            assertThat(cider.get(i)).isCloseTo(Double.parseDouble(columns[2]), within(SIX_DIGITS));
        }
    }

    private List<String> lines(String file) throws Exception {
        try (InputStream in = new GZIPInputStream(Files.newInputStream(folder.resolve(file)))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        }
    }
}
