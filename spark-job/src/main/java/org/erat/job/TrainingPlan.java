package org.erat.job;

import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.erat.config.JobConfig;
import org.erat.data.tokenized.Manifest;
import org.erat.learner.LearnerSpec;
import org.erat.learner.ParameterLayout;
import org.erat.monitoring.Bytes;
import org.erat.report.RunSizes;
import org.erat.training.round.RoundSettings;

/**
 * What a run will do and need, found out without starting it. A {@link TrainingPlanner} makes it.
 *
 * @param fingerprint of data and base weights
 * @param tokens that the run will see, all epochs together, without padding; where it takes a part of the training examples,
 *     as many as they have on average
 * @param lines for people
 */
public record TrainingPlan(String fingerprint, double tokens, List<String> lines) {
    /**
     * Plans a run.
     *
     * @param conf Spark's configuration of the run
     * @throws org.erat.data.EratException if memory would not do
     */
    static TrainingPlan of(RunInputs inputs, SparkConf conf, JobConfig job) {
        Manifest manifest = inputs.data().manifest();
        int shards = job.training().shards();
        RoundSettings rounds = inputs.rounds(job);
        LearnerSpec learner = inputs.learner(job);
        ParameterLayout layout = learner.layout();
        long weights = inputs.model().weightBytes();
        int longest = manifest.train().longest();
        RunSizes sizes = inputs.sizes(job);
        long traffic = sizes.bytesDown() + sizes.bytesUp();
        ExecutorMemory memory =
                ExecutorMemory.of(learner, weights, job.training().examplesAtOnce(), longest, conf);
        List<String> lines = Stream.of(
                        List.of(
                                String.format(
                                        "data: %,d training and %,d validation examples of at most %d tokens",
                                        inputs.examples(), manifest.validation().examples(), longest),
                                String.format(
                                        "training: %,d adapter and %,d head parameters; %d rounds of %d local steps, %d steps in"
                                                + " all on each of %d shards",
                                        layout.adapterGroup().length(),
                                        layout.headGroup().length(),
                                        rounds.rounds(),
                                        rounds.localSteps(),
                                        rounds.totalSteps(),
                                        shards),
                                String.format(
                                        "network: at most %s for each shard and round (%s down, %s up), %s; %s for each shard in"
                                                + " all",
                                        Bytes.text(traffic),
                                        Bytes.text(sizes.bytesDown()),
                                        Bytes.text(sizes.bytesUp()),
                                        Bytes.asShareOfModel(traffic, weights),
                                        Bytes.text(traffic * rounds.rounds()))),
                        memory.check(conf),
                        List.of(slots(conf, shards), devices(conf, job)))
                .flatMap(List::stream)
                .toList();
        double tokensPerExample =
                (double) manifest.train().tokens() / manifest.train().examples();
        return new TrainingPlan(
                inputs.fingerprint(job), job.training().epochs() * inputs.examples() * tokensPerExample, lines);
    }

    private static String slots(SparkConf conf, int shards) {
        String master = conf.get("spark.master", "local[*]");
        int cpus = conf.getInt("spark.task.cpus", 1);
        String tasks = "tasks: " + shards + " in each round, " + cpus + " core(s) each, on " + master;
        if (conf.contains("spark.executor.instances") && conf.contains("spark.executor.cores")) {
            int slots = conf.getInt("spark.executor.instances", 1)
                    * Math.max(1, conf.getInt("spark.executor.cores", 1) / cpus);
            return tasks + ": " + slots + " at a time";
        }
        return tasks + ": as many at a time as its executors have cores for";
    }

    private static String devices(SparkConf conf, JobConfig job) {
        String gpus = conf.get("spark.executor.resource.gpu.amount", "0");
        return gpus.equals("0")
                ? "device: CPU, " + job.compute().threads() + " thread(s) for each task"
                : "device: " + gpus + " GPU(s) for each executor, " + conf.get("spark.task.resource.gpu.amount", "none")
                        + " for each task";
    }
}
