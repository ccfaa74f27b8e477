package org.erat.dl4j;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.IntFunction;
import java.util.function.UnaryOperator;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.erat.config.TrainingSettings.Averaging;
import org.erat.config.TrainingSettings.OptimizerState;
import org.erat.config.TrainingSettings.Transfer;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.LengthBuckets;
import org.erat.data.tokenized.PackedExamples;
import org.erat.data.tokenized.Targets;
import org.erat.data.tokenized.TaskType;
import org.erat.prefix.PassInputs;
import org.erat.training.round.EpochBatches;
import org.erat.training.round.RoundListener;
import org.erat.training.round.RoundReport;
import org.erat.training.round.RoundSettings;
import org.erat.training.round.TrainingState;

/** Rounds over random examples: as small as a run can be with everything in it. */
public final class TinyRun {
    public TinyLearners tiny;
    public int shards = 2;
    public int examplesOfShard = 12;

    /** By how many tokens the texts of each shard are longer than those of the shard before. */
    public int longerByShard = 0;

    public int batchSize = 4;
    public int localSteps = 2;
    public int epochs = 2;
    public double outerLearningRate = 1;
    public double outerMomentum = 0;
    public OptimizerState optimizerState = OptimizerState.AVERAGE;
    public Transfer transfer = Transfer.F32;
    public Averaging averaging = Averaging.ROWS;

    /** What happens to an epoch's mini-batches on their way to the training master. */
    public UnaryOperator<JavaRDD<Batch>> disturbance = UnaryOperator.identity();

    /** Is told of every round. */
    public RoundListener listener = (report, state) -> {};

    public TinyRun(TinyLearners tiny) {
        this.tiny = tiny;
    }

    /** What a run came to after each round. */
    public record Outcome(List<RoundReport> reports, List<TrainingState> states) {
        public TrainingState last() {
            return states.get(states.size() - 1);
        }
    }

    public RoundSettings rounds() {
        return new RoundSettings(
                epochs,
                LengthBuckets.batchCount(examplesOfShard, batchSize),
                localSteps,
                outerLearningRate,
                outerMomentum,
                optimizerState,
                transfer,
                averaging,
                tiny.spec().learningRate());
    }

    /** The order of a shard's mini-batches in an epoch. */
    List<Batch> batches(int shard, int epoch) {
        PackedExamples examples = shard(shard);
        List<Batch> batches = new ArrayList<>();
        for (int[] indices : LengthBuckets.batches(
                PassInputs.lengths(tiny.spec().head(), examples), batchSize, tiny.seed, epoch, shard)) {
            batches.add(Batch.of(examples, indices, 0));
        }
        return batches;
    }

    /** Examples of shard k: random tokens of random lengths, class or number follows from the first token. */
    PackedExamples shard(int k) {
        Random random = new Random(100 + k);
        int n = examplesOfShard;
        long[] ids = new long[n];
        int[] offsets = new int[n + 1];
        int[] first = new int[n];
        List<Integer> tokens = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            ids[i] = (long) i * shards + k;
            int length = 2 + random.nextInt(5) + k * longerByShard;
            for (int t = 0; t < length; t++) {
                tokens.add(5 + random.nextInt(40));
            }
            first[i] = tokens.get(offsets[i]);
            offsets[i + 1] = tokens.size();
        }
        int[] flat = tokens.stream().mapToInt(Integer::intValue).toArray();
        Targets targets = tiny.task == TaskType.LANGUAGE_MODELING ? nextTokens(flat, offsets) : targets(first);
        return new PackedExamples(tiny.task, ids, offsets, flat, null, targets);
    }

    /** Of every token but the last of its example. */
    private static Targets nextTokens(int[] tokens, int... offsets) {
        int[] next = new int[tokens.length];
        System.arraycopy(tokens, 1, next, 0, tokens.length - 1);
        for (int i = 1; i < offsets.length; i++) {
            next[offsets[i] - 1] = Targets.NONE;
        }
        return new Targets.TokenClasses(next);
    }

    private Targets targets(int[] tokens) {
        if (tiny.task != TaskType.REGRESSION) {
            return new Targets.Classes(
                    Arrays.stream(tokens).map(token -> token % tiny.outputs).toArray());
        }
        float[] numbers = new float[tokens.length];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = tokens[i] / 25f - 1;
        }
        return new Targets.Numbers(numbers);
    }

    private JavaRDD<PackedExamples> data(JavaSparkContext spark) {
        List<PackedExamples> all = new ArrayList<>();
        for (int k = 0; k < shards; k++) {
            all.add(shard(k));
        }
        return spark.parallelize(all, shards);
    }

    public Outcome train(SparkSession session) {
        return train(session, null);
    }

    /** Trains from a state, or from the start where it is null. */
    Outcome train(SparkSession session, TrainingState from) {
        JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
        List<RoundReport> reports = new ArrayList<>();
        List<TrainingState> states = new ArrayList<>();
        RoundTrainingMaster master = new RoundTrainingMaster(rounds(), List.of((report, state) -> {
            reports.add(report);
            states.add(state);
            listener.roundDone(report, state);
        }));
        if (from != null) {
            master.resume(from);
        }
        JavaRDD<PackedExamples> data = data(spark);
        EpochBatches batches =
                new EpochBatches(batchSize, tiny.seed, 0, tiny.spec().head());
        IntFunction<JavaRDD<Batch>> ofEpoch = epoch -> disturbance.apply(batches.of(data, epoch));
        master.train(spark, tiny.spec(), ofEpoch);
        return new Outcome(reports, states);
    }
}
