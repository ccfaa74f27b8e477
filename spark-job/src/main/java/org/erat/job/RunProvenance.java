package org.erat.job;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.spark.api.java.JavaSparkContext;
import org.erat.checkpoint.Provenance;
import org.erat.checkpoint.Versions;
import org.erat.config.JobConfig;
import org.erat.monitoring.Redaction;

/** Where a run comes from: its inputs, its versions and its cluster, with nothing secret. */
record RunProvenance(JavaSparkContext spark, JobConfig job, RunInputs inputs, Redaction redaction) {
    Provenance startedAt(Instant started) {
        Map<String, String> properties = new LinkedHashMap<>();
        for (scala.Tuple2<String, String> property : spark.getConf().getAll()) {
            properties.put(property._1(), property._2());
        }
        return new Provenance(
                inputs.fingerprint(job),
                Map.of("seed", job.seed()),
                Map.of(
                        "data",
                        inputs.data().manifest().contentSha256(),
                        Provenance.TOKENS,
                        inputs.data().manifest().tokensSha256(),
                        "base weights",
                        inputs.model().weightsSha256(),
                        "base model's config.json",
                        inputs.model().configSha256(),
                        "tokenizer",
                        inputs.model().tokenizerSha256(),
                        "configuration",
                        job.fingerprint()),
                Versions.current(),
                cluster(),
                redaction.of(properties),
                started,
                null);
    }

    /** As it is now: executors come and go. */
    private Map<String, String> cluster() {
        Map<String, String> cluster = new LinkedHashMap<>();
        cluster.put("master", spark.master());
        cluster.put("application", spark.sc().applicationId());
        cluster.put("deploy mode", spark.sc().deployMode());
        cluster.put("parallelism", Integer.toString(spark.defaultParallelism()));
        // The driver is listed too, and in local mode it is the executor.
        int listed = spark.sc().statusTracker().getExecutorInfos().length;
        cluster.put("executors", Integer.toString(spark.sc().isLocal() ? listed : listed - 1));
        cluster.put("cpus of a task", spark.getConf().get("spark.task.cpus", "1"));
        cluster.put("threads of a task", Integer.toString(job.compute().threads()));
        cluster.put("executor memory", spark.getConf().get("spark.executor.memory", "1g"));
        return cluster;
    }
}
