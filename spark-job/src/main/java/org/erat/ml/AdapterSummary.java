package org.erat.ml;

import java.io.Serializable;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.erat.checkpoint.RunDirectory;
import org.erat.data.BadInputException;
import org.erat.evaluation.Evaluation;
import org.erat.evaluation.Recommendation;
import org.erat.job.RunOutcome;
import org.erat.job.RunTotals;
import org.erat.report.ReportPage;

/**
 * What a {@code fit} has done.
 *
 * @param runDirectory where it is recorded: metrics by round, checkpoints, the adapter in PEFT's format, the report
 * @param lossByRound mean training loss of each round
 * @param rounds number of rounds
 * @param examples examples seen, all epochs together
 * @param tokens tokens seen, without padding
 * @param seconds of the rounds
 * @param metric that ranks compare by; empty where none was measured
 * @param recommendedRank the smallest rank within one standard error of the best one; 0 where none was measured
 */
public record AdapterSummary(
        String runDirectory,
        List<Double> lossByRound,
        long rounds,
        long examples,
        long tokens,
        double seconds,
        String metric,
        int recommendedRank)
        implements Serializable {
    public AdapterSummary {
        lossByRound = List.copyOf(lossByRound);
    }

    static AdapterSummary of(String directory, RunOutcome outcome, Configuration hadoop) {
        RunDirectory run = RunDirectory.read(directory, hadoop, line -> {});
        List<Double> losses = run.metrics().read().stream()
                .map(round -> ((Number) round.get("loss")).doubleValue())
                .toList();
        RunTotals totals = outcome.totals();
        Optional<Evaluation> evaluation = outcome.evaluation();
        return new AdapterSummary(
                run.path().toString(),
                losses,
                totals.rounds(),
                totals.examples(),
                totals.tokens(),
                totals.seconds(),
                evaluation.map(measured -> measured.metric().toString()).orElse(""),
                evaluation
                        .flatMap(Evaluation::recommended)
                        .map(Recommendation::rank)
                        .orElse(0));
    }

    /**
     * The report of the run as one HTML page, which a notebook can show.
     *
     * @throws BadInputException if it is not in the run directory any more
     */
    public String report() {
        Configuration hadoop = SparkSession.active().sparkContext().hadoopConfiguration();
        return RunDirectory.read(runDirectory, hadoop, line -> {})
                .read(ReportPage.FILE)
                .orElseThrow(() ->
                        new BadInputException(runDirectory + "/" + ReportPage.FILE + " is not there. Fit again."));
    }
}
