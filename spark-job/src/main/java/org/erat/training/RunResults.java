package org.erat.training;

import org.apache.spark.sql.SparkSession;
import org.erat.checkpoint.RunDirectory;
import org.erat.config.JobConfig;
import org.erat.data.tokenized.Manifest;
import org.erat.network.EncoderSpec;

/** What a trained run leaves: the adapter and its quality by rank. */
record RunResults(SparkSession session, JobConfig job, EncoderSpec spec, Manifest manifest, TrainingMonitor monitor) {
    void write(RunDirectory run, float[] parameters) {
        monitor.say("trained " + run.path() + " " + parameters.length);
    }
}
