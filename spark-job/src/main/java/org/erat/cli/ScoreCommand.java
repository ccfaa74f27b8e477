package org.erat.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.erat.data.Json;
import org.erat.data.UsageException;
import org.erat.data.storage.Storage;
import org.erat.data.text.ScoredTexts;
import org.erat.textmetric.GenerationScores;
import org.erat.textmetric.Segment;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "score",
        description = {
            "Scores generated text against references: BLEU-4, NIST-5, ROUGE-L, CIDEr and METEOR, as the E2E NLG challenge"
                    + " defines them. The scores go to standard output.",
            "A file's ending says what it is: .csv or .tsv has a meaning representation and a text in each row; .jsonl has"
                    + " \"references\", or a \"hypothesis\", \"completion\" or \"text\", in each object; any other is"
                    + " plain text, a text a line, with blank lines between groups of references. Any may be compressed."
        },
        footer = {
            "",
            "Examples:",
            "  submit/erat score --references testset_w_refs.csv --hypotheses tgen.tsv",
            "  submit/erat score --references refs.txt --hypotheses output.txt --format json --meteor-data meteor"
        })
final class ScoreCommand extends JobCommand<ScoreCommand.Request> {
    /** How scores are printed. */
    enum Format {
        TEXT,
        JSON
    }

    /**
     * What to score.
     *
     * @param references file of references
     * @param hypotheses file of generated texts
     * @param format how to print
     * @param meteor with which data METEOR is computed
     */
    record Request(String references, String hypotheses, Format format, MeteorOption.Choice meteor) {}

    private static final ObjectMapper MAPPER = Json.mapper();

    @Spec
    private CommandSpec command;

    @Option(names = "--references", required = true, paramLabel = "FILE", description = "References to compare with.")
    private String references;

    @Option(names = "--hypotheses", required = true, paramLabel = "FILE", description = "Generated texts to score.")
    private String hypotheses;

    @Option(
            names = "--format",
            paramLabel = "F",
            defaultValue = "text",
            description = "text, or json with all digits (default: ${DEFAULT-VALUE}).")
    private String format;

    @Mixin
    private MeteorOption meteor;

    @Override
    Request request() {
        for (Format each : Format.values()) {
            if (each.name().equalsIgnoreCase(format)) {
                return new Request(references, hypotheses, each, meteor.choice());
            }
        }
        throw new UsageException("--format " + format + " is neither text nor json.");
    }

    @Override
    boolean loadsNativeCode() {
        return false;
    }

    @Override
    boolean startsSpark() {
        return false;
    }

    @Override
    void run(Request request, Progress progress) {
        Configuration hadoop = SparkHadoopUtil.get().conf();
        List<Segment> segments =
                ScoredTexts.read(hadoop, Storage.path(request.references()), Storage.path(request.hypotheses()))
                        .stream()
                        .map(texts -> new Segment(texts.hypothesis(), texts.references()))
                        .toList();
        GenerationScores scores =
                request.meteor().scores(List.of(segments), hadoop).get(0);
        progress.say(String.format(
                "%,d hypotheses, %,d references of %s", scores.segments(), scores.references(), request.references()));
        request.meteor().sayIfLeftOut(progress);
        PrintWriter out = command.commandLine().getOut();
        if (request.format() == Format.JSON) {
            out.println(json(scores));
        } else {
            scores.lines().forEach(out::println);
        }
        out.flush();
    }

    private static String json(GenerationScores scores) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("segments", scores.segments());
        fields.put("references", scores.references());
        fields.putAll(scores.byName());
        scores.meteor().ifPresent(each -> fields.put("meteor_modules", each.modules()));
        try {
            return MAPPER.writeValueAsString(fields);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
