package org.erat.textmetric;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.textmetric.meteor.MatchModule;
import org.erat.textmetric.meteor.Meteor;
import org.erat.textmetric.meteor.MeteorData;

/**
 * The metrics of the E2E NLG challenge, of a corpus.
 *
 * @param segments number of hypotheses
 * @param references number of references
 * @param bleu {@link Bleu}, from 0 to 1
 * @param nist {@link Nist}, as the Perl script computes it
 * @param nistPython {@link Nist}, as E2E's Python computes it
 * @param rougeL {@link RougeL}, from 0 to 1
 * @param cider {@link Cider}, from 0 to 10
 * @param meteor {@link Meteor}; empty without its data
 */
public record GenerationScores(
        int segments,
        int references,
        double bleu,
        double nist,
        double nistPython,
        double rougeL,
        double cider,
        Optional<MeteorScore> meteor) {
    /**
     * METEOR and the modules that it was computed with.
     *
     * @param score from 0 to 1
     * @param modules names of the modules, in the order in which they are tried
     */
    public record MeteorScore(double score, List<String> modules) {}

    /** All metrics but METEOR, which needs data. */
    public static GenerationScores of(List<Segment> segments) {
        return of(segments, TokenizedSegment.of(segments, PtbTokenizer::tokens), Optional.empty());
    }

    /**
     * All metrics of several systems.
     *
     * @param systems segments of each
     * @param meteorData folder with the data of METEOR 1.5, see {@link MeteorData#read}
     * @throws org.erat.data.BadInputException if these cannot be used
     */
    public static List<GenerationScores> of(List<List<Segment>> systems, Configuration hadoop, Path meteorData) {
        List<List<TokenizedSegment>> tokenized = systems.stream()
                .map(segments -> TokenizedSegment.of(segments, PtbTokenizer::tokens))
                .toList();
        Meteor meteor = new Meteor(MeteorData.read(
                hadoop,
                meteorData,
                Meteor.vocabulary(tokenized.stream().flatMap(List::stream).toList())));
        List<String> modules =
                meteor.modules().stream().map(MatchModule::toString).toList();
        return IntStream.range(0, systems.size())
                .mapToObj(i -> of(
                        systems.get(i),
                        tokenized.get(i),
                        Optional.of(new MeteorScore(meteor.score(tokenized.get(i)), modules))))
                .toList();
    }

    private static GenerationScores of(
            List<Segment> segments, List<TokenizedSegment> ptb, Optional<MeteorScore> meteor) {
        List<TokenizedSegment> mteval = TokenizedSegment.of(segments, Mteval13aTokenizer::tokens);
        Nist nist = Nist.of(mteval);
        return new GenerationScores(
                segments.size(),
                segments.stream()
                        .mapToInt(segment -> segment.references().size())
                        .sum(),
                Bleu.of(mteval).score(),
                nist.score(),
                nist.pythonScore(),
                RougeL.score(ptb),
                Cider.score(ptb),
                meteor);
    }

    /** The scores by the names that they have in files and tables; METEOR where it was computed. */
    public Map<String, Double> byName() {
        Map<String, Double> scores = new LinkedHashMap<>();
        scores.put("bleu", bleu);
        scores.put("nist", nist);
        scores.put("nist_python", nistPython);
        scores.put("rouge_l", rougeL);
        scores.put("cider", cider);
        meteor.ifPresent(each -> scores.put("meteor", each.score()));
        return scores;
    }

    /** The scores as a table, a metric a line. */
    public List<String> lines() {
        return Stream.concat(
                        Stream.of(
                                line("BLEU-4", bleu, ""),
                                line("NIST-5", nist, "as mteval-v13a.pl"),
                                line("NIST-5", nistPython, "as e2e-metrics -p"),
                                line("ROUGE-L", rougeL, ""),
                                line("CIDEr", cider, "")),
                        meteor.map(each -> line("METEOR", each.score(), String.join(", ", each.modules()))).stream())
                .toList();
    }

    private static String line(String metric, double score, String note) {
        return String.format(Locale.ROOT, "%-8s %8.4f  %s", metric, score, note).stripTrailing();
    }
}
