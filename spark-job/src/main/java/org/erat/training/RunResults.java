package org.erat.training;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.erat.checkpoint.RunDirectory;
import org.erat.config.JobConfig;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.evaluation.EvaluationRequest;
import org.erat.evaluation.Quality;
import org.erat.evaluation.QualityByRank;
import org.erat.evaluation.QualityTable;
import org.erat.export.AdapterFiles;
import org.erat.export.TrainedAdapter;

/** What a trained run leaves: the adapter in PEFT's format and its quality by rank. */
record RunResults(SparkSession session, JobConfig job, TrainingMonitor monitor) {
    private static final String ADAPTER = "adapter";

    /** Writes adapter and quality, and says what they are. */
    void write(RunDirectory run, TrainedAdapter adapter, long modelBytes) {
        Configuration hadoop = session.sparkContext().hadoopConfiguration();
        AdapterFiles.write(adapter, run.path(ADAPTER), hadoop);
        if (job.evaluation().prefixes()) {
            run.write(Quality.FILE, measure(adapter).toJson());
        }
        show(run, modelBytes);
    }

    /** Says what a run has left. */
    void show(RunDirectory run, long modelBytes) {
        run.read(Quality.FILE)
                .map(json -> Quality.parse(json, run.path(Quality.FILE).toString()))
                .ifPresent(quality -> QualityTable.lines(quality).forEach(monitor::say));
        monitor.say("adapter: " + run.path(ADAPTER));
        reportTraffic(run, modelBytes);
    }

    private Quality measure(TrainedAdapter adapter) {
        List<Integer> ranks = IntStream.rangeClosed(1, adapter.rank()).boxed().toList();
        EvaluationRequest request = new EvaluationRequest(
                Split.VALIDATION,
                ranks,
                job.evaluation().suffixes() ? ranks : List.of(),
                job.evaluation().batchSize(),
                job.data().validationLimit());
        TokenizedDataset data = TokenizedDataset.open(session, job.data().validation());
        return QualityByRank.evaluate(session, adapter, data, request, monitor::say);
    }

    private void reportTraffic(RunDirectory run, long modelBytes) {
        long rounds = 0;
        double down = 0;
        double up = 0;
        for (Map<String, Object> round : run.metrics().read()) {
            rounds++;
            down += ((Number) round.get("bytes_to_each_worker")).doubleValue();
            up += ((Number) round.get("bytes_from_all_workers")).doubleValue()
                    / job.training().shards();
        }
        double perRound = (down + up) / Math.max(1, rounds);
        monitor.say(String.format(
                java.util.Locale.ROOT,
                "network: %.2f MB for each worker and round (%.2f MB down, %.2f MB up), 1/%.0f of the base model's %.1f MB;"
                        + " %.1f MB for each worker in all",
                perRound / 1e6,
                down / Math.max(1, rounds) / 1e6,
                up / Math.max(1, rounds) / 1e6,
                modelBytes / Math.max(1, perRound),
                modelBytes / 1e6,
                (down + up) / 1e6));
    }
}
