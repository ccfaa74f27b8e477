package org.erat.job;

import java.util.HashMap;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import org.erat.config.DataSettings;
import org.erat.config.JobConfig;
import org.erat.config.ModelSettings;

/** Plans runs. What several of them work on is read and checked once. For one thread. */
public final class TrainingPlanner {
    /** All that {@link RunInputs} depend on. */
    private record Key(ModelSettings model, DataSettings data, int shards, boolean measured) {
        static Key of(JobConfig job) {
            return new Key(
                    job.model(),
                    job.data(),
                    job.training().shards(),
                    job.evaluation().measures());
        }
    }

    private final SparkSession session;
    private final SparkConf conf;
    private final Map<Key, RunInputs> inputs = new HashMap<>();

    /**
     * @param session any; nothing runs on it
     * @param conf Spark's configuration of the runs
     */
    public TrainingPlanner(SparkSession session, SparkConf conf) {
        this.session = session;
        this.conf = conf;
    }

    /**
     * Plans a run, reading what it would work on.
     *
     * @throws org.erat.data.EratException if model, data or memory would not do
     */
    public TrainingPlan plan(JobConfig job) {
        return TrainingPlan.of(
                inputs.computeIfAbsent(
                        Key.of(job), key -> RunInputs.of(session, job, TrainingData.open(session, job.data()))),
                conf,
                job);
    }
}
