package org.erat.training;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.erat.adapter.AdapterLayout;
import org.erat.compute.AdamW;
import org.erat.config.HeadSettings;
import org.erat.config.HeadSettings.Pooling;
import org.erat.config.TrainingSettings.Averaging;
import org.erat.config.TrainingSettings.Decay;
import org.erat.config.TrainingSettings.Optimizer;
import org.erat.config.TrainingSettings.OptimizerState;
import org.erat.config.TrainingSettings.Transfer;
import org.erat.data.SplitMix64;
import org.erat.data.architecture.Activation;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Positions;
import org.erat.data.architecture.Projection;
import org.erat.data.tokenized.TaskType;
import org.erat.head.HeadSpec;
import org.erat.learner.LearningRate;
import org.erat.learner.OptimizerSpec;
import org.erat.learner.ParameterLayout;
import org.erat.training.average.Aggregation;
import org.erat.training.round.LocalTraining;
import org.erat.training.round.RoundLoop;
import org.erat.training.round.RoundReport;
import org.erat.training.round.RoundSettings;
import org.erat.training.round.TrainingState;

/**
 * Shards without a transformer: a local step moves random rows of each slot by random amounts, as row-lazy AdamW would,
 * from (round, shard) alone. What becomes of the results is the job's own code.
 *
 * @param layout of adapters, head and optimizer state
 * @param optimizerState how the state travels, which it does
 * @param transfer what values are rounded to on their way
 */
public record FakeShards(ParameterLayout layout, OptimizerState optimizerState, Transfer transfer)
        implements LocalTraining<Integer> {
    /** Query and value of a BERT-like encoder, and a head of two classes with a dense layer. */
    public static FakeShards of(int blocks, int width, int rank) {
        AdapterLayout adapters =
                new AdapterLayout(architecture(blocks, width), rank, Set.of(Projection.QUERY, Projection.VALUE));
        HeadSpec head =
                HeadSpec.of(TaskType.CLASSIFICATION, 2, new HeadSettings(Pooling.MEAN, 0), architecture(blocks, width));
        OptimizerSpec optimizer = new OptimizerSpec(Optimizer.ADAMW_ROW_LAZY, new AdamW(0.9, 0.999, 1e-8), 0, 0);
        ParameterLayout layout = new ParameterLayout(adapters, head.layout(), optimizer, false);
        return new FakeShards(layout, OptimizerState.AVERAGE, Transfer.F32);
    }

    /** The same, sent otherwise. */
    public FakeShards sent(OptimizerState state, Transfer rounded) {
        return new FakeShards(layout, state, rounded);
    }

    public Encoding encoding() {
        return Encoding.of(layout, optimizerState, transfer, 5);
    }

    /** A BERT-like encoder of two heads. */
    public static Architecture architecture(int blocks, int width) {
        return Architecture.encoder(
                "bert", 50, 2, Positions.ofAllTokens(24), blocks, width, 2, 2 * width, Activation.GELU, 1e-12, 0);
    }

    public Aggregation.Parts parts() {
        return parts(Averaging.ROWS);
    }

    public Aggregation.Parts parts(Averaging averaging) {
        return new Aggregation.Parts(layout, encoding(), averaging);
    }

    /** Values that every run starts from. */
    public TrainingState start() {
        SplitMix64 random = new SplitMix64(1, 2, 3);
        float[] parameters = new float[layout.parameters()];
        for (int i = 0; i < parameters.length; i++) {
            parameters[i] = value(random);
        }
        return new TrainingState(0, parameters, new float[layout.stateLength()], new float[0]);
    }

    public RoundSettings rounds(int rounds) {
        return new RoundSettings(
                1,
                rounds,
                1,
                1,
                0,
                optimizerState,
                transfer,
                Averaging.ROWS,
                new LearningRate(0.1, 0, rounds, Decay.CONSTANT));
    }

    /** Rounds in one Spark application, and what was reported. */
    public TrainingState train(JavaSparkContext spark, int shards, int rounds, List<RoundReport> reports) {
        List<Integer> numbers = new ArrayList<>();
        for (int k = 0; k < shards; k++) {
            numbers.add(k);
        }
        JavaRDD<Integer> data = spark.parallelize(numbers, shards);
        return new RoundLoop<>(spark, rounds(rounds), parts(), this, List.of((report, state) -> reports.add(report)))
                .trainEpoch(start(), data);
    }

    @Override
    public ShardResult run(int shard, RoundState round, Iterator<Integer> batches) {
        long begun = System.nanoTime();
        SplitMix64 random = new SplitMix64(7, round.round(), shard);
        int rank = layout.adapters().rank();
        int[][] rowWeights = new int[layout.adapters().slots().size()][rank];
        for (int[] rows : rowWeights) {
            int from = random.nextInt(rank);
            int to = from + 1 + random.nextInt(rank - from);
            for (int row = from; row < to; row++) {
                rows[row] = 1 + random.nextInt(5);
            }
        }
        int examples = 20 + random.nextInt(20);
        // As of a token-level task, whose targets are not its examples.
        int targets = 3 * examples + random.nextInt(20);
        SharedValues start = round.values(encoding());
        SharedValues values = start.copy();
        for (float[] array : List.of(values.parameters(), values.optimizer())) {
            for (int i = 0; i < array.length; i++) {
                array[i] += value(random);
            }
        }
        return new ShardResult(
                shard,
                5,
                examples,
                targets,
                10L * examples,
                examples,
                examples,
                9,
                rowWeights,
                encoding().encode(values, start, rowWeights, targets, round.round(), shard),
                System.nanoTime() - begun,
                null);
    }

    private static float value(SplitMix64 random) {
        return (random.next() >> 40) * 0x1p-24f;
    }
}
