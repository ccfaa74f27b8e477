package org.erat.training;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.Target;
import org.erat.config.TrainingSettings.Decay;
import org.erat.data.SplitMix64;
import org.erat.data.basemodel.ModelConfig;
import org.erat.network.WarmupDecay;

/**
 * Shards without a transformer: a local step moves the rows of a random window by random amounts, as row-lazy AdamW would,
 * from (round, shard) alone. What becomes of the results is the job's own code.
 *
 * @param layout of adapters, head and optimizer state
 */
record FakeShards(GraphLayout layout) implements LocalTraining<Integer> {
    private static final int HEAD_ARRAYS = 4;

    /** Query and value of a BERT-like encoder, and a head with a dense layer. */
    static FakeShards of(int blocks, int width, int rank) {
        ModelConfig model = new ModelConfig("bert", 50, width, blocks, 2, 2 * width, 24, 2, 1e-12, "gelu", 0);
        AdapterLayout adapters = new AdapterLayout(model, rank, Set.of(Target.QUERY, Target.VALUE));
        return new FakeShards(GraphLayout.rowLazy(adapters, width * width + 3 * width + 2, HEAD_ARRAYS));
    }

    Aggregation.Parts parts() {
        return new Aggregation.Parts(layout, layout.slices(true));
    }

    /** Values that every run starts from. */
    TrainingState start() {
        SplitMix64 random = new SplitMix64(1, 2, 3);
        float[] parameters = new float[layout.parameters()];
        for (int i = 0; i < parameters.length; i++) {
            parameters[i] = value(random);
        }
        return new TrainingState(0, parameters, new float[layout.stateLength()], new float[0]);
    }

    static RoundSettings rounds(int rounds) {
        return new RoundSettings(1, rounds, 1, 1, 0, true, 0, new WarmupDecay(0.1, 0, rounds, Decay.CONSTANT));
    }

    /** Rounds in one Spark application, and what was reported. */
    TrainingState train(JavaSparkContext spark, int shards, int rounds, List<RoundReport> reports) {
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
        int[][] rowSteps = new int[layout.adapters().blocks()][rank];
        for (int[] rows : rowSteps) {
            int from = random.nextInt(rank);
            int to = from + 1 + random.nextInt(rank - from);
            for (int row = from; row < to; row++) {
                rows[row] = 1 + random.nextInt(5);
            }
        }
        int examples = 20 + random.nextInt(20);
        float[] values = round.values().pack(layout.slices(true), rowSteps, examples);
        for (int i = 0; i < values.length; i++) {
            values[i] += value(random);
        }
        return new ShardResult(
                shard,
                5,
                examples,
                10L * examples,
                examples,
                examples,
                9,
                rowSteps,
                new FloatBlock(values),
                System.nanoTime() - begun,
                null);
    }

    private static float value(SplitMix64 random) {
        return (random.next() >> 40) * 0x1p-24f;
    }
}
