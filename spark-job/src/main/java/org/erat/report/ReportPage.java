package org.erat.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Locale;
import org.erat.chart.Markup;
import org.erat.config.RowOrder;
import org.erat.evaluation.Evaluation;
import org.erat.monitoring.Bytes;

/**
 * The page of a run: one HTML file without scripts, which a browser shows without a network. It is also XML.
 */
public final class ReportPage {
    /** Name of the file in a run directory. */
    public static final String FILE = "report.html";

    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'", Locale.ROOT).withZone(ZoneOffset.UTC);

    private ReportPage() {}

    /** The page of one run. Of a run that is not finished, what there is so far. */
    public static String of(RunRecords run) {
        return Page.of(run.task() + " – " + run.name(), html -> {
            header(html, run);
            run.evaluation().ifPresent(evaluation -> QualitySection.write(html, evaluation, run.details()));
            if (!run.rounds().isEmpty()) {
                TrainingSection.write(html, run);
            }
            AdapterSection.write(html, run);
            run.details().ifPresent(details -> ErrorsSection.write(html, details));
            OriginSection.write(html, run);
        });
    }

    /**
     * The page of one run or of several, which are then laid over one another.
     *
     * @param runs at least one
     */
    public static String of(List<RunRecords> runs) {
        return runs.size() == 1 ? of(runs.get(0)) : ComparisonPage.of(runs);
    }

    private static void header(Markup html, RunRecords run) {
        html.open("header");
        html.open("h1");
        html.text(run.task() + ", " + run.setting("method"));
        html.element("span", run.status().toString(), "class", "badge " + run.status());
        html.close();
        html.element(
                "p",
                "Run " + run.name() + date(run.provenance()) + ". Base model " + run.setting("model.path") + ", data "
                        + run.setting("data.train") + ".",
                "class",
                "quiet");
        if (run.status() != RunStatus.FINISHED) {
            html.element(
                    "p",
                    "As of " + DATE.format(Instant.now()) + ". submit/erat report shows what has come since.",
                    "class",
                    "quiet");
        }
        run.failure().ifPresent(message -> html.element("p", message, "class", "problem"));
        html.open("div", "class", "tiles");
        run.evaluation().ifPresent(evaluation -> qualityTiles(html, evaluation));
        trainingTiles(html, run);
        html.close();
        html.close();
    }

    private static String date(JsonNode provenance) {
        String started = date(provenance.path("started").asText(""));
        String ended = date(provenance.path("ended").asText(""));
        return (started.isEmpty() ? "" : ", started " + started) + (ended.isEmpty() ? "" : ", finished " + ended);
    }

    /** An instant for people; empty where it is none. */
    static String date(String instant) {
        try {
            return DATE.format(Instant.parse(instant));
        } catch (DateTimeParseException e) {
            return "";
        }
    }

    private static void qualityTiles(Markup html, Evaluation evaluation) {
        evaluation
                .recommended()
                .ifPresent(choice -> Page.tile(
                        html,
                        "recommended rank",
                        Integer.toString(choice.rank()),
                        evaluation.metric() + " "
                                + QualitySection.textOf(evaluation.metric(), QualitySection.valueAt(evaluation, choice))
                                + ", " + choice.order().title()));
        RowOrder better = evaluation.better().orElseThrow();
        Page.tile(
                html,
                "AURAC, " + better.title(),
                QualitySection.textOf(evaluation.metric(), evaluation.aurac(better)),
                evaluation.metric().label());
    }

    private static void trainingTiles(Markup html, RunRecords run) {
        List<Round> rounds = run.rounds();
        run.sizes()
                .ifPresent(sizes -> Page.tile(
                        html,
                        "trained values",
                        Amounts.count(sizes.adapterParameters() + sizes.headParameters()),
                        "beside a model of " + Bytes.text(sizes.modelBytes())));
        if (rounds.isEmpty()) {
            return;
        }
        Round last = rounds.get(rounds.size() - 1);
        String of = run.sizes().map(sizes -> " of " + sizes.rounds()).orElse("");
        Page.tile(
                html,
                "rounds",
                rounds.size() + of,
                run.shards() + (run.shards() == 1 ? " shard" : " shards") + ", " + last.step() + " steps each");
        Page.tile(
                html,
                "last loss",
                Amounts.number(last.loss()),
                "first " + Amounts.number(rounds.get(0).loss()));
        ValidationCurves.best(run)
                .ifPresent(best -> Page.tile(
                        html,
                        "best round",
                        Integer.toString(best.number()),
                        "validation " + best.measured().orElseThrow().metric() + " "
                                + QualitySection.textOf(
                                        ValidationCurves.metric(run).orElseThrow(),
                                        best.measured().orElseThrow().mean())));
        double seconds = TrainingSection.sum(rounds, Round::seconds);
        Page.tile(
                html,
                "training time",
                Amounts.seconds(seconds),
                Amounts.count(TrainingSection.sum(rounds, Round::tokens) / seconds) + " tokens/s");
        double bytes = TrainingSection.sum(rounds, Round::bytesDown)
                + TrainingSection.sum(rounds, Round::bytesUp) / run.shards();
        Page.tile(
                html,
                "network, each worker",
                Bytes.text(Math.round(bytes / rounds.size())),
                "in a round, " + Bytes.text(Math.round(bytes)) + " in all");
    }
}
