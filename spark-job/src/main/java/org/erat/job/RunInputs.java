package org.erat.job;

import java.util.List;
import java.util.stream.LongStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.SparkSession;
import org.erat.config.ClassWeights;
import org.erat.config.JobConfig;
import org.erat.config.TrainingSettings;
import org.erat.data.BadInputException;
import org.erat.data.tokenized.LengthBuckets;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.PackedExamples;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.evaluation.Evaluator;
import org.erat.learner.LearnerSpec;
import org.erat.learner.ParameterLayout;
import org.erat.model.BaseModel;
import org.erat.monitoring.Phase;
import org.erat.report.RunSizes;
import org.erat.training.Encoding;
import org.erat.training.round.RoundSettings;

/**
 * What a run works on, known to fit together: a run that could not be trained, or not be measured at its end, is refused
 * before it has cost anything.
 *
 * @param model the base model
 * @param data what is trained on
 * @param validation what quality is measured on
 * @param shards training examples of the data, not cached
 * @param examples how many they are
 */
record RunInputs(
        BaseModel model,
        TokenizedDataset data,
        TokenizedDataset validation,
        JavaRDD<PackedExamples> shards,
        long examples) {
    /**
     * Reads them, and writes nothing.
     *
     * @throws BadInputException if the base model or a data set cannot be used, or they do not belong together
     * @throws org.erat.data.UsageException if there are more shards than examples
     */
    static RunInputs of(SparkSession session, JobConfig job, TrainingData given) {
        BaseModel model =
                BaseModel.describe(job.model().path(), session.sparkContext().hadoopConfiguration());
        TokenizedDataset data = given.train();
        requireMadeFor(model, data);
        data.requireLabels();
        if (data.manifest().train().examples() == 0) {
            throw new BadInputException(place(data) + " has no training examples: it was prepared with --like, for"
                    + " evaluate and predict. Name the data set to train on as data.train");
        }
        if (job.evaluation().measures()) {
            requireExamples(given.validation());
            Evaluator.requireMetrics(data.manifest(), place(data));
        }
        if (job.evaluation().measures() && given.validation() != data) {
            requireMadeFor(model, given.validation());
            given.validation().requireLabels();
            requireSameLabels(data, given.validation());
        }
        return new RunInputs(
                model,
                data,
                given.validation(),
                Phase.named(
                        session.sparkContext(),
                        "loading the training data",
                        () -> data.shards(
                                Split.TRAIN, job.training().shards(), job.data().trainLimit())),
                data.examples(Split.TRAIN, job.data().trainLimit()));
    }

    /** Local steps of the largest shard in an epoch: shards differ by one example at most. */
    int stepsPerEpoch(TrainingSettings training) {
        long largest = (examples + training.shards() - 1) / training.shards();
        return LengthBuckets.batchCount(Math.toIntExact(largest), training.batchSize());
    }

    /** What a run on these inputs learns. */
    LearnerSpec learner(JobConfig job) {
        long totalSteps = (long) stepsPerEpoch(job.training()) * job.training().epochs();
        return LearnerSpec.of(job, model, data.manifest(), totalSteps);
    }

    /**
     * The weights of classes in the loss; empty where all are 1. Counts the training examples where weights are balanced.
     */
    List<Double> classWeights(JobConfig job) {
        ClassWeights weights = job.training().classWeights();
        if (!weights.balanced()) {
            return weights.given();
        }
        long[] counts = ClassFrequencies.of(shards, data.manifest().outputs());
        double all = LongStream.of(counts).sum();
        // A class without examples weighs nothing, whatever its weight.
        return LongStream.of(counts)
                .mapToObj(count -> count == 0 ? 1 : all / (counts.length * (double) count))
                .toList();
    }

    /** How large a run on these inputs is. */
    RunSizes sizes(JobConfig job) {
        ParameterLayout layout = learner(job).layout();
        RoundSettings rounds = rounds(job);
        Encoding.Lengths bytes = rounds.encoding(layout, job.seed()).lengths();
        return new RunSizes(
                data.manifest().task(),
                rounds.rounds(),
                rounds.localSteps(),
                job.training().shards(),
                examples,
                layout.adapterGroup().length(),
                layout.headGroup().length(),
                rounds.keepsOptimizer() ? layout.stateLength() : 0,
                (long) layout.adapters().slots().size() * layout.adapters().rank(),
                model.weightBytes(),
                bytes.adapters(),
                bytes.head(),
                bytes.optimizer());
    }

    /** How a run on these inputs is cut into rounds. */
    RoundSettings rounds(JobConfig job) {
        return RoundSettings.of(
                job.training(), stepsPerEpoch(job.training()), learner(job).learningRate());
    }

    /**
     * One line that changes when the result would, configuration apart: when data, base model or the data that quality is
     * measured on do. Runs of earlier programs have its first two parts only.
     */
    String fingerprint(JobConfig job) {
        Manifest trained = data.manifest();
        String always = "data " + trained.contentSha256() + ", base weights " + model.weightsSha256() + ", config.json "
                + model.configSha256() + ", tokens " + trained.tokensSha256();
        return job.evaluation().measures() && validation != data
                ? always + ", validation " + validation.manifest().tokensSha256()
                : always;
    }

    private static void requireExamples(TokenizedDataset validation) {
        if (validation.manifest().validation().examples() == 0) {
            throw new BadInputException(place(validation) + " has no validation examples, which quality is measured on:"
                    + " prepare it with a larger --validation-fraction, name another as data.validation, or set"
                    + " evaluation.prefixes = false and evaluation.every-rounds = 0");
        }
    }

    private static void requireMadeFor(BaseModel model, TokenizedDataset data) {
        Manifest manifest = data.manifest();
        if (!manifest.tokenizerSha256().equals(model.tokenizerSha256())) {
            throw new BadInputException(place(data) + " was made with another tokenizer than " + model.uri()
                    + " has: prepare the data with --model " + model.uri());
        }
        int longest = Math.max(manifest.train().longest(), manifest.validation().longest());
        int most = model.architecture().maxLength();
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
