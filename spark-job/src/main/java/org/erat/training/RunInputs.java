package org.erat.training;

import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.SparkSession;
import org.erat.config.JobConfig;
import org.erat.data.BadInputException;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.PackedExamples;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.model.BaseModel;
import org.erat.monitoring.Phase;

/**
 * What a run works on, known to fit together: a run that could not be trained, or not be measured at its end, is refused
 * before it has cost anything.
 *
 * @param model the base model
 * @param data what is trained on
 * @param shards its training examples, not cached
 * @param examples how many they are
 */
record RunInputs(BaseModel model, TokenizedDataset data, JavaRDD<PackedExamples> shards, long examples) {
    /**
     * Reads them, and writes nothing.
     *
     * @throws BadInputException if the base model or a data set cannot be used, or they do not belong together
     * @throws org.erat.data.UsageException if there are more shards than examples
     */
    static RunInputs of(SparkSession session, JobConfig job) {
        Configuration hadoop = session.sparkContext().hadoopConfiguration();
        BaseModel model = BaseModel.describe(job.model().path(), hadoop);
        TokenizedDataset data = TokenizedDataset.open(session, job.data().train());
        requireMadeFor(model, data);
        if (job.evaluation().prefixes()
                && !job.data().validation().equals(job.data().train())) {
            TokenizedDataset validation =
                    TokenizedDataset.open(session, job.data().validation());
            requireMadeFor(model, validation);
            requireSameLabels(data, validation);
        }
        return new RunInputs(
                model,
                data,
                Phase.named(
                        session.sparkContext(),
                        "loading the training data",
                        () -> data.shards(
                                Split.TRAIN, job.training().shards(), job.data().trainLimit())),
                data.examples(Split.TRAIN, job.data().trainLimit()));
    }

    /** One line that changes when the data or the base weights do. */
    static String fingerprint(TokenizedDataset data, BaseModel model) {
        return "data " + data.manifest().contentSha256() + ", base weights " + model.weightsSha256();
    }

    private static void requireMadeFor(BaseModel model, TokenizedDataset data) {
        Manifest manifest = data.manifest();
        if (!manifest.tokenizerSha256().equals(model.tokenizerSha256())) {
            throw new BadInputException(place(data) + " was made with another tokenizer than " + model.uri()
                    + " has: prepare the data with --model " + model.uri());
        }
        int longest = Math.max(manifest.train().longest(), manifest.validation().longest());
        int most = model.config().maxLength();
        if (longest > most) {
            throw new BadInputException(place(data) + " has examples of " + longest + " tokens, and " + model.uri()
                    + " has positions for " + most + ": prepare the data with --max-length " + most);
        }
    }

    private static void requireSameLabels(TokenizedDataset data, TokenizedDataset validation) {
        Manifest one = data.manifest();
        Manifest other = validation.manifest();
        if (one.type() != other.type() || !one.labelNames().equals(other.labelNames())) {
            throw new BadInputException(place(validation) + " is for " + other.type() + " with labels "
                    + other.labelNames() + ", and " + place(data) + " for " + one.type() + " with labels "
                    + one.labelNames() + ": set data.validation to data of the same task");
        }
    }

    private static String place(TokenizedDataset data) {
        return data.directory() + "/" + Manifest.FILE;
    }
}
