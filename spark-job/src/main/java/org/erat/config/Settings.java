package org.erat.config;

import static org.erat.config.ValueType.activations;
import static org.erat.config.ValueType.anyLong;
import static org.erat.config.ValueType.choice;
import static org.erat.config.ValueType.classWeights;
import static org.erat.config.ValueType.decimal;
import static org.erat.config.ValueType.flag;
import static org.erat.config.ValueType.someOf;
import static org.erat.config.ValueType.text;
import static org.erat.config.ValueType.webAddress;
import static org.erat.config.ValueType.whole;
import static org.erat.config.ValueType.wholes;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.ComputeSettings.Weights;
import org.erat.config.HeadSettings.Pooling;
import org.erat.config.PrefixSettings.Objective;
import org.erat.config.ScheduleConfig.Coupling;
import org.erat.config.ScheduleConfig.Gradient;
import org.erat.config.ScheduleConfig.Granularity;
import org.erat.config.ScheduleConfig.Law;
import org.erat.config.ScheduleConfig.OverDepth;
import org.erat.config.ScheduleConfig.OverTime;
import org.erat.config.ScheduleConfig.Scale;
import org.erat.config.ScheduleConfig.Update;
import org.erat.config.TrainingSettings.Averaging;
import org.erat.config.TrainingSettings.Decay;
import org.erat.config.TrainingSettings.Optimizer;
import org.erat.config.TrainingSettings.OptimizerState;
import org.erat.config.TrainingSettings.Transfer;

/** The declarations of all settings. Reading, writing, checking and the reference's test go by them. */
final class Settings {
    private static final int ANY_COUNT = Integer.MAX_VALUE;

    static final Setting<Method> METHOD = Setting.of(Keys.METHOD, choice(Method.class), JobConfig::method);
    static final Setting<Long> SEED = Setting.of(Keys.SEED, anyLong(), JobConfig::seed);

    static final Setting<String> MODEL_PATH =
            Setting.of(Keys.MODEL_PATH, text(), c -> c.model().path());

    static final Setting<String> DATA_TRAIN =
            Setting.of(Keys.DATA_TRAIN, text(), c -> c.data().train());
    static final Setting<String> DATA_VALIDATION = Setting.of(
                    Keys.DATA_VALIDATION, text(), c -> c.data().validation())
            .withEffectOnAdapterIf(Settings::choosesARound);
    static final Setting<Integer> DATA_TRAIN_LIMIT =
            Setting.of(Keys.DATA_TRAIN_LIMIT, whole(0, ANY_COUNT), c -> c.data().trainLimit());
    static final Setting<Integer> DATA_VALIDATION_LIMIT = Setting.of(
                    Keys.DATA_VALIDATION_LIMIT, whole(0, ANY_COUNT), c -> c.data()
                            .validationLimit())
            .withEffectOnAdapterIf(Settings::choosesARound);

    static final Setting<Integer> ADAPTER_RANK =
            Setting.of(Keys.ADAPTER_RANK, whole(1, 1024), c -> c.adapter().rank());
    static final Setting<Double> ADAPTER_ALPHA =
            Setting.of(Keys.ADAPTER_ALPHA, decimal(Interval.above("0", "65536")), c -> c.adapter()
                    .alpha());
    static final Setting<List<String>> ADAPTER_TARGETS =
            Setting.of(Keys.ADAPTER_TARGETS, someOf(AdapterSettings.TARGETS), c -> c.adapter()
                    .targets());
    static final Setting<Double> ADAPTER_DROPOUT =
            Setting.of(Keys.ADAPTER_DROPOUT, decimal(Interval.below("0", "1")), c -> c.adapter()
                    .dropout());
    static final Setting<Boolean> ADAPTER_FREEZE_A =
            Setting.of(Keys.ADAPTER_FREEZE_A, flag(), c -> c.adapter().freezeA());
    static final Setting<OrderChoice> ADAPTER_ORDER = Setting.of(
                    Keys.ADAPTER_ORDER, choice(OrderChoice.class), c -> c.adapter()
                            .order())
            .withEffectOnAdapterIf(Settings::choosesARound);

    static final Setting<Integer> SCHEDULE_MIN_RANK =
            Setting.of(Keys.SCHEDULE_MIN_RANK, whole(1, 1024), c -> c.schedule().minRank());
    static final Setting<Double> SCHEDULE_G0 =
            Setting.of(Keys.SCHEDULE_G0, decimal(Interval.closed("0", "1")), c -> c.schedule()
                    .g0());
    static final Setting<Double> SCHEDULE_DEPTH_SLOPE =
            Setting.of(Keys.SCHEDULE_DEPTH_SLOPE, decimal(Interval.closed("0", "2")), c -> c.schedule()
                    .depthSlope());
    static final Setting<Double> SCHEDULE_PREFIX_SHARE =
            Setting.of(Keys.SCHEDULE_PREFIX_SHARE, decimal(Interval.closed("0", "1")), c -> c.schedule()
                    .prefixShare());
    static final Setting<Double> SCHEDULE_WHOLE_SHARE =
            Setting.of(Keys.SCHEDULE_WHOLE_SHARE, decimal(Interval.closed("0", "1")), c -> c.schedule()
                    .wholeShare());
    static final Setting<Law> SCHEDULE_LAW =
            Setting.of(Keys.SCHEDULE_LAW, choice(Law.class), c -> c.schedule().law());
    static final Setting<OverTime> SCHEDULE_OVER_TIME = Setting.of(
            Keys.SCHEDULE_OVER_TIME, choice(OverTime.class), c -> c.schedule().overTime());
    static final Setting<OverDepth> SCHEDULE_OVER_DEPTH = Setting.of(
            Keys.SCHEDULE_OVER_DEPTH, choice(OverDepth.class), c -> c.schedule().overDepth());
    static final Setting<Coupling> SCHEDULE_COUPLING = Setting.of(
            Keys.SCHEDULE_COUPLING, choice(Coupling.class), c -> c.schedule().coupling());
    static final Setting<Scale> SCHEDULE_SCALE = Setting.of(
            Keys.SCHEDULE_SCALE, choice(Scale.class), c -> c.schedule().scale());
    static final Setting<Update> SCHEDULE_UPDATE = Setting.of(
            Keys.SCHEDULE_UPDATE, choice(Update.class), c -> c.schedule().update());
    static final Setting<Gradient> SCHEDULE_GRADIENT = Setting.of(
            Keys.SCHEDULE_GRADIENT, choice(Gradient.class), c -> c.schedule().gradient());
    static final Setting<Boolean> SCHEDULE_SHARED_WINDOWS =
            Setting.of(Keys.SCHEDULE_SHARED_WINDOWS, flag(), c -> c.schedule().shared());
    static final Setting<Granularity> SCHEDULE_GRANULARITY =
            Setting.of(Keys.SCHEDULE_GRANULARITY, choice(Granularity.class), c -> c.schedule()
                    .granularity());

    static final Setting<Integer> TRAINING_EPOCHS =
            Setting.of(Keys.TRAINING_EPOCHS, whole(1, 10_000), c -> c.training().epochs());
    static final Setting<Integer> TRAINING_SHARDS = Setting.of(
            Keys.TRAINING_SHARDS, whole(1, 100_000), c -> c.training().shards());
    static final Setting<Integer> TRAINING_BATCH_SIZE = Setting.of(
            Keys.TRAINING_BATCH_SIZE, whole(1, 65_536), c -> c.training().batchSize());
    static final Setting<Integer> TRAINING_MICRO_BATCH_SIZE = Setting.of(
            Keys.TRAINING_MICRO_BATCH_SIZE, whole(0, 65_536), c -> c.training().microBatchSize());
    static final Setting<Integer> TRAINING_LOCAL_STEPS = Setting.of(
            Keys.TRAINING_LOCAL_STEPS, whole(1, 1_000_000), c -> c.training().localSteps());
    static final Setting<Double> TRAINING_LEARNING_RATE =
            Setting.of(Keys.TRAINING_LEARNING_RATE, decimal(Interval.above("0", "10")), c -> c.training()
                    .learningRate());
    static final Setting<Double> TRAINING_WARMUP_SHARE =
            Setting.of(Keys.TRAINING_WARMUP_SHARE, decimal(Interval.closed("0", "1")), c -> c.training()
                    .warmupShare());
    static final Setting<Decay> TRAINING_DECAY = Setting.of(
            Keys.TRAINING_DECAY, choice(Decay.class), c -> c.training().decay());
    static final Setting<Double> TRAINING_WEIGHT_DECAY =
            Setting.of(Keys.TRAINING_WEIGHT_DECAY, decimal(Interval.closed("0", "1")), c -> c.training()
                    .weightDecay());
    static final Setting<Double> TRAINING_BETA1 =
            Setting.of(Keys.TRAINING_BETA1, decimal(Interval.below("0", "1")), c -> c.training()
                    .beta1());
    static final Setting<Double> TRAINING_BETA2 =
            Setting.of(Keys.TRAINING_BETA2, decimal(Interval.below("0", "1")), c -> c.training()
                    .beta2());
    static final Setting<Double> TRAINING_EPSILON =
            Setting.of(Keys.TRAINING_EPSILON, decimal(Interval.above("0", "1")), c -> c.training()
                    .epsilon());
    static final Setting<Double> TRAINING_CLIP_NORM =
            Setting.of(Keys.TRAINING_CLIP_NORM, decimal(Interval.closed("0", "1000000")), c -> c.training()
                    .clipNorm());
    static final Setting<Double> TRAINING_LABEL_SMOOTHING =
            Setting.of(Keys.TRAINING_LABEL_SMOOTHING, decimal(Interval.below("0", "1")), c -> c.training()
                    .labelSmoothing());
    static final Setting<ClassWeights> TRAINING_CLASS_WEIGHTS = Setting.of(
            Keys.TRAINING_CLASS_WEIGHTS, classWeights(), c -> c.training().classWeights());
    static final Setting<Optimizer> TRAINING_OPTIMIZER = Setting.of(
            Keys.TRAINING_OPTIMIZER, choice(Optimizer.class), c -> c.training().optimizer());
    static final Setting<OptimizerState> TRAINING_OPTIMIZER_STATE =
            Setting.of(Keys.TRAINING_OPTIMIZER_STATE, choice(OptimizerState.class), c -> c.training()
                    .optimizerState());
    static final Setting<Transfer> TRAINING_TRANSFER = Setting.of(
            Keys.TRAINING_TRANSFER, choice(Transfer.class), c -> c.training().transfer());
    static final Setting<Averaging> TRAINING_AVERAGING = Setting.of(
            Keys.TRAINING_AVERAGING, choice(Averaging.class), c -> c.training().averaging());
    static final Setting<Double> TRAINING_OUTER_LEARNING_RATE =
            Setting.of(Keys.TRAINING_OUTER_LEARNING_RATE, decimal(Interval.above("0", "10")), c -> c.training()
                    .outerLearningRate());
    static final Setting<Double> TRAINING_OUTER_MOMENTUM =
            Setting.of(Keys.TRAINING_OUTER_MOMENTUM, decimal(Interval.below("0", "1")), c -> c.training()
                    .outerMomentum());
    static final Setting<Integer> TRAINING_ROLLBACKS =
            Setting.of(Keys.TRAINING_ROLLBACKS, whole(0, 30), c -> c.training().rollbacks());
    static final Setting<Integer> EARLY_STOPPING_PATIENCE =
            Setting.of(Keys.EARLY_STOPPING_PATIENCE, whole(0, 1_000_000), c -> c.training()
                    .earlyStopping()
                    .patience());
    static final Setting<Double> EARLY_STOPPING_LEAST_GAIN =
            Setting.of(Keys.EARLY_STOPPING_LEAST_GAIN, decimal(Interval.closed("0", "1000000")), c -> c.training()
                    .earlyStopping()
                    .leastGain());

    static final Setting<Pooling> HEAD_POOLING =
            Setting.of(Keys.HEAD_POOLING, choice(Pooling.class), c -> c.head().pooling());
    static final Setting<Double> HEAD_DROPOUT = Setting.of(
            Keys.HEAD_DROPOUT, decimal(Interval.below("0", "1")), c -> c.head().dropout());

    static final Setting<Objective> PREFIX_OBJECTIVE = Setting.of(
            Keys.PREFIX_OBJECTIVE, choice(Objective.class), c -> c.prefix().objective());
    static final Setting<Double> PREFIX_HISTORY_NOISE =
            Setting.of(Keys.PREFIX_HISTORY_NOISE, decimal(Interval.closed("0", "1")), c -> c.prefix()
                    .historyNoise());

    static final Setting<Boolean> EVALUATION_PREFIXES = Setting.of(
                    Keys.EVALUATION_PREFIXES, flag(), c -> c.evaluation().prefixes())
            .withoutEffectOnAdapter();
    static final Setting<Boolean> EVALUATION_SUFFIXES = Setting.of(
                    Keys.EVALUATION_SUFFIXES, flag(), c -> c.evaluation().suffixes())
            .withoutEffectOnAdapter();
    static final Setting<Integer> EVALUATION_BATCH_SIZE = Setting.of(
                    Keys.EVALUATION_BATCH_SIZE, whole(1, 65_536), c -> c.evaluation()
                            .batchSize())
            .withEffectOnAdapterIf(Settings::choosesARound);

    static final Setting<Double> EVALUATION_THRESHOLD = Setting.of(
                    Keys.EVALUATION_THRESHOLD, decimal(Interval.closed("0", "1")), c -> c.evaluation()
                            .threshold())
            .withEffectOnAdapterIf(Settings::choosesARound);
    static final Setting<Integer> EVALUATION_EVERY_ROUNDS =
            Setting.of(Keys.EVALUATION_EVERY_ROUNDS, whole(0, 1_000_000), c -> c.evaluation()
                    .everyRounds());
    static final Setting<List<Integer>> EVALUATION_RANKS = Setting.of(
                    Keys.EVALUATION_RANKS, wholes(1, 1024), c -> c.evaluation().ranks())
            .withEffectOnAdapterIf(Settings::choosesARound);
    static final Setting<Integer> CHECKPOINT_EVERY_ROUNDS = Setting.of(
                    Keys.CHECKPOINT_EVERY_ROUNDS, whole(1, 1_000_000), c -> c.checkpoint()
                            .everyRounds())
            // A run that may go back to a checkpoint depends on which ones there are.
            .withEffectOnAdapterIf(c -> c.training().rollbacks() > 0);
    static final Setting<Integer> CHECKPOINT_KEEP_LAST = Setting.of(
                    Keys.CHECKPOINT_KEEP_LAST, whole(1, 1_000_000), c -> c.checkpoint()
                            .keepLast())
            .withoutEffectOnAdapter();
    static final Setting<Integer> CHECKPOINT_KEEP_BEST = Setting.of(
                    Keys.CHECKPOINT_KEEP_BEST, whole(0, 1_000_000), c -> c.checkpoint()
                            .keepBest())
            .withoutEffectOnAdapter();

    static final Setting<DeviceChoice> COMPUTE_DEVICE = Setting.of(
            Keys.COMPUTE_DEVICE, choice(DeviceChoice.class), c -> c.compute().device());
    static final Setting<Integer> COMPUTE_THREADS =
            Setting.of(Keys.COMPUTE_THREADS, whole(1, 1024), c -> c.compute().threads());
    static final Setting<Precision> COMPUTE_PRECISION = Setting.of(
            Keys.COMPUTE_PRECISION, choice(Precision.class), c -> c.compute().precision());
    static final Setting<Weights> COMPUTE_WEIGHTS = Setting.of(
            Keys.COMPUTE_WEIGHTS, choice(Weights.class), c -> c.compute().weights());
    static final Setting<Activations> COMPUTE_ACTIVATIONS =
            Setting.of(Keys.COMPUTE_ACTIVATIONS, activations(), c -> c.compute().activations());

    static final Setting<String> TRACKING_TENSORBOARD = Setting.of(
                    Keys.TRACKING_TENSORBOARD, text(), c -> c.tracking().tensorboard())
            .withoutEffectOnAdapter();
    static final Setting<String> TRACKING_MLFLOW = Setting.of(
                    Keys.TRACKING_MLFLOW, webAddress(), c -> c.tracking().mlflow())
            .withoutEffectOnAdapter();
    static final Setting<String> TRACKING_EXPERIMENT = Setting.of(
                    Keys.TRACKING_EXPERIMENT, text(), c -> c.tracking().experiment())
            .withoutEffectOnAdapter();

    /** All of the above, sorted by key. */
    static final List<Setting<?>> ALL = sorted(
            METHOD,
            SEED,
            MODEL_PATH,
            DATA_TRAIN,
            DATA_VALIDATION,
            DATA_TRAIN_LIMIT,
            DATA_VALIDATION_LIMIT,
            ADAPTER_RANK,
            ADAPTER_ALPHA,
            ADAPTER_TARGETS,
            ADAPTER_DROPOUT,
            ADAPTER_FREEZE_A,
            ADAPTER_ORDER,
            SCHEDULE_MIN_RANK,
            SCHEDULE_G0,
            SCHEDULE_DEPTH_SLOPE,
            SCHEDULE_PREFIX_SHARE,
            SCHEDULE_WHOLE_SHARE,
            SCHEDULE_LAW,
            SCHEDULE_OVER_TIME,
            SCHEDULE_OVER_DEPTH,
            SCHEDULE_COUPLING,
            SCHEDULE_SCALE,
            SCHEDULE_UPDATE,
            SCHEDULE_GRADIENT,
            SCHEDULE_SHARED_WINDOWS,
            SCHEDULE_GRANULARITY,
            TRAINING_EPOCHS,
            TRAINING_SHARDS,
            TRAINING_BATCH_SIZE,
            TRAINING_MICRO_BATCH_SIZE,
            TRAINING_LOCAL_STEPS,
            TRAINING_LEARNING_RATE,
            TRAINING_WARMUP_SHARE,
            TRAINING_DECAY,
            TRAINING_WEIGHT_DECAY,
            TRAINING_BETA1,
            TRAINING_BETA2,
            TRAINING_EPSILON,
            TRAINING_CLIP_NORM,
            TRAINING_LABEL_SMOOTHING,
            TRAINING_CLASS_WEIGHTS,
            TRAINING_OPTIMIZER,
            TRAINING_OPTIMIZER_STATE,
            TRAINING_TRANSFER,
            TRAINING_AVERAGING,
            TRAINING_OUTER_LEARNING_RATE,
            TRAINING_OUTER_MOMENTUM,
            TRAINING_ROLLBACKS,
            EARLY_STOPPING_PATIENCE,
            EARLY_STOPPING_LEAST_GAIN,
            HEAD_POOLING,
            HEAD_DROPOUT,
            PREFIX_OBJECTIVE,
            PREFIX_HISTORY_NOISE,
            EVALUATION_PREFIXES,
            EVALUATION_SUFFIXES,
            EVALUATION_BATCH_SIZE,
            EVALUATION_THRESHOLD,
            EVALUATION_EVERY_ROUNDS,
            EVALUATION_RANKS,
            CHECKPOINT_EVERY_ROUNDS,
            CHECKPOINT_KEEP_LAST,
            CHECKPOINT_KEEP_BEST,
            COMPUTE_DEVICE,
            COMPUTE_THREADS,
            COMPUTE_PRECISION,
            COMPUTE_WEIGHTS,
            COMPUTE_ACTIVATIONS,
            TRACKING_TENSORBOARD,
            TRACKING_MLFLOW,
            TRACKING_EXPERIMENT);

    private Settings() {}

    /** Whether the adapter is that of the round which is best by what is measured during training. */
    private static boolean choosesARound(JobConfig config) {
        return config.evaluation().everyRounds() > 0;
    }

    private static List<Setting<?>> sorted(Setting<?>... settings) {
        return Arrays.stream(settings)
                .sorted(Comparator.comparing(Setting::key))
                .toList();
    }
}
