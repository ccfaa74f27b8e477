package org.erat.job;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.erat.checkpoint.RunDirectory;
import org.erat.config.JobConfig;
import org.erat.data.tokenized.Split;
import org.erat.evaluation.Evaluation;
import org.erat.evaluation.EvaluationDetails;
import org.erat.evaluation.EvaluationRequest;
import org.erat.evaluation.EvaluationTable;
import org.erat.evaluation.Evaluator;
import org.erat.export.AdapterFiles;
import org.erat.export.TokenizerFiles;
import org.erat.export.TrainedAdapter;
import org.erat.inference.AdapterUse;
import org.erat.inference.InnerMoments;
import org.erat.report.ReportPage;
import org.erat.tracking.Tracking;

/** What a trained run leaves: the adapter in PEFT's format, its metrics by rank and what stands behind them. */
record RunResults(SparkSession session, JobConfig job, RunListener listener, RunInputs inputs) {
    private static final String ADAPTER = "adapter";

    /** Some thousands of tokens, for moments of tens of rows. */
    private static final int EXAMPLES_OF_MOMENTS = 256;

    /** Writes the adapter and its metrics. */
    void write(RunDirectory run, TrainedAdapter trained) {
        TrainedAdapter adapter =
                InnerMoments.measure(session, use(trained), inputs.data(), Split.TRAIN, EXAMPLES_OF_MOMENTS);
        TokenizerFiles tokenizer = TokenizerFiles.in(new Path(inputs.model().uri()), hadoop());
        AdapterFiles.write(adapter, tokenizer, run.path(ADAPTER), hadoop());
        if (job.evaluation().prefixes()) {
            Evaluator.Detailed measured = measure(adapter);
            run.write(Evaluation.FILE, measured.evaluation().toJson());
            run.write(EvaluationDetails.FILE, measured.details().toJson());
        }
    }

    /** Tells other tools what the run has left. */
    void tell(Tracking tracking, RunDirectory run) {
        evaluation(run).ifPresent(tracking::quality);
        tracking.finished(
                Stream.of(ADAPTER, ReportPage.FILE, Evaluation.FILE, RunDirectory.CONFIG, RunDirectory.PROVENANCE)
                        .filter(name -> !name.equals(Evaluation.FILE)
                                || job.evaluation().prefixes())
                        .map(run::path)
                        .toList());
    }

    /** What a finished run has left; says what it is. */
    RunOutcome read(RunDirectory run) {
        RunOutcome outcome = new RunOutcome(
                AdapterFiles.read(run.path(ADAPTER), hadoop()),
                evaluation(run),
                RunTotals.of(run, job.training().shards()));
        outcome.evaluation()
                .ifPresent(evaluation -> EvaluationTable.lines(evaluation).forEach(listener::say));
        listener.say("adapter: " + run.path(ADAPTER));
        listener.say(outcome.totals().traffic(inputs.model().weightBytes()));
        // Runs of earlier programs have none.
        if (run.read(ReportPage.FILE).isPresent()) {
            listener.say("report: " + run.path(ReportPage.FILE));
        }
        return outcome;
    }

    private static Optional<Evaluation> evaluation(RunDirectory run) {
        return run.read(Evaluation.FILE)
                .map(json -> Evaluation.parse(json, run.path(Evaluation.FILE).toString()));
    }

    private Evaluator.Detailed measure(TrainedAdapter adapter) {
        EvaluationRequest request = EvaluationRequest.of(
                        adapter,
                        job.adapter().order(),
                        List.of(),
                        job.evaluation().suffixes())
                .withLimit(job.data().validationLimit());
        return Evaluator.evaluateInDetail(session, use(adapter), inputs.validation(), request, listener::say);
    }

    private AdapterUse use(TrainedAdapter adapter) {
        return new AdapterUse(
                adapter,
                inputs.model().uri(),
                job.compute(),
                job.evaluation().batchSize(),
                job.evaluation().threshold());
    }

    private Configuration hadoop() {
        return session.sparkContext().hadoopConfiguration();
    }
}
