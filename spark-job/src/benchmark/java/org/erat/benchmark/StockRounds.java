package org.erat.benchmark;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.deeplearning4j.spark.api.RDDTrainingApproach;
import org.deeplearning4j.spark.api.Repartition;
import org.deeplearning4j.spark.impl.graph.SparkComputationGraph;
import org.deeplearning4j.spark.impl.paramavg.ParameterAveragingTrainingMaster;
import org.erat.config.JobConfig;
import org.erat.data.tokenized.PackedExamples;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.dl4j.BatchArrays;
import org.erat.dl4j.LearnerGraph;
import org.erat.learner.LearnerSpec;
import org.erat.model.BaseModel;
import org.erat.training.round.EpochBatches;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** Rounds of dl4j-spark's own parameter averaging on the graph that our rounds train, with the same local steps. */
record StockRounds(SparkSession session, JobConfig job) {
    /** Seconds of each round. Every call of the training master holds the data of exactly one round. */
    List<Double> run(int count) {
        int workers = job.training().shards();
        int batchSize = job.training().batchSize();
        int localSteps = job.training().localSteps();
        JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
        BaseModel model =
                BaseModel.describe(job.model().path(), session.sparkContext().hadoopConfiguration());
        TokenizedDataset data = TokenizedDataset.open(session, job.data().train());
        int totalSteps = count * localSteps;
        LearnerSpec spec = LearnerSpec.of(job, model, data.manifest(), totalSteps);
        JavaRDD<PackedExamples> examples = data.shards(Split.TRAIN, 1, workers * localSteps * batchSize);
        List<MultiDataSet> batches = BatchArrays.of(new EpochBatches(
                                batchSize, job.seed(), model.architecture().padTokenId(), spec.head())
                        .of(examples, 0))
                .collect();
        ParameterAveragingTrainingMaster master = new ParameterAveragingTrainingMaster.Builder(workers, batchSize)
                .batchSizePerWorker(batchSize)
                .workerPrefetchNumBatches(0)
                .averagingFrequency(localSteps)
                .saveUpdater(true)
                .rddTrainingApproach(RDDTrainingApproach.Direct)
                .repartionData(Repartition.Never)
                .build();
        SparkComputationGraph graph = new SparkComputationGraph(spark, LearnerGraph.create(spec), master);
        List<Double> seconds = new ArrayList<>();
        for (int round = 0; round < count; round++) {
            JavaRDD<MultiDataSet> ofRound = spark.parallelize(batches, workers);
            long start = System.nanoTime();
            graph.fitMultiDataSet(ofRound);
            seconds.add((System.nanoTime() - start) / 1e9);
        }
        return seconds;
    }
}
