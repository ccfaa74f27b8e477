package org.erat.training;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.spark.impl.graph.SparkComputationGraph;
import org.erat.data.tokenized.PackedExamples;
import org.erat.network.TinyEncoders;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** Rounds over random examples: as small as a run can be with everything in it. */
final class TinyRun {
    final TinyEncoders tiny;
    int shards = 2;
    int examplesOfShard = 12;
    int batchSize = 4;
    int localSteps = 2;
    int epochs = 2;
    double outerLearningRate = 1;
    double outerMomentum = 0;
    boolean keepsOptimizer = true;
    double clipNorm = 1;

    /** What happens to an epoch's mini-batches on their way to the training master. */
    UnaryOperator<JavaRDD<MultiDataSet>> disturbance = UnaryOperator.identity();

    /** Is told of every round. */
    RoundListener listener = (report, state) -> {};

    TinyRun(TinyEncoders tiny) {
        this.tiny = tiny;
    }

    /** What a run came to after each round. */
    record Outcome(List<RoundReport> reports, List<TrainingState> states) {
        TrainingState last() {
            return states.get(states.size() - 1);
        }
    }

    RoundSettings rounds() {
        return new RoundSettings(
                epochs,
                (examplesOfShard + batchSize - 1) / batchSize,
                localSteps,
                outerLearningRate,
                outerMomentum,
                keepsOptimizer,
                clipNorm,
                tiny.settings().learningRate());
    }

    EpochBatches batches() {
        return new EpochBatches(batchSize, tiny.seed, 0, tiny.outputs, tiny.regression);
    }

    /** Examples of shard k: random tokens of random lengths, the class follows from the first token. */
    PackedExamples shard(int k) {
        Random random = new Random(100 + k);
        int n = examplesOfShard;
        long[] ids = new long[n];
        int[] offsets = new int[n + 1];
        float[] labels = new float[n];
        List<Integer> tokens = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            ids[i] = (long) i * shards + k;
            int length = 2 + random.nextInt(5);
            for (int t = 0; t < length; t++) {
                tokens.add(5 + random.nextInt(40));
            }
            labels[i] = tokens.get(offsets[i]) % tiny.outputs;
            offsets[i + 1] = tokens.size();
        }
        int[] flat = tokens.stream().mapToInt(Integer::intValue).toArray();
        return new PackedExamples(ids, offsets, flat, new byte[flat.length], labels);
    }

    JavaRDD<PackedExamples> data(JavaSparkContext spark) {
        List<PackedExamples> all = new ArrayList<>();
        for (int k = 0; k < shards; k++) {
            all.add(shard(k));
        }
        return spark.parallelize(all, shards);
    }

    Outcome train(SparkSession session) {
        return train(session, null, Integer.MAX_VALUE);
    }

    /** Trains from a state, or from the start, until the epoch in which a round is reached. */
    Outcome train(SparkSession session, TrainingState from, int untilRound) {
        JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
        ComputationGraph graph = tiny.graph();
        List<RoundReport> reports = new ArrayList<>();
        List<TrainingState> states = new ArrayList<>();
        RoundSettings rounds = rounds();
        EratTrainingMaster master = new EratTrainingMaster(rounds, List.of((report, state) -> {
            reports.add(report);
            states.add(state);
            listener.roundDone(report, state);
        }));
        int done = 0;
        if (from != null) {
            graph.setParams(org.nd4j.linalg.factory.Nd4j.createFromArray(from.parameters()));
            master.resume(from);
            done = from.round();
        }
        SparkComputationGraph sparkGraph = new SparkComputationGraph(spark, graph, master);
        JavaRDD<PackedExamples> data = data(spark);
        for (int epoch = done / rounds.roundsPerEpoch();
                epoch < epochs && epoch * rounds.roundsPerEpoch() < untilRound;
                epoch++) {
            sparkGraph.fitMultiDataSet(disturbance.apply(batches().of(data, epoch)));
        }
        return new Outcome(reports, states);
    }
}
