package org.erat.config;

/** Names of all settings. What each means, its range and its default stand in {@code erat-reference.conf}. */
public final class Keys {
    public static final String METHOD = "method";
    public static final String SEED = "seed";

    public static final String MODEL_PATH = "model.path";

    public static final String DATA_TRAIN = "data.train";
    public static final String DATA_VALIDATION = "data.validation";
    public static final String DATA_TRAIN_LIMIT = "data.train-limit";
    public static final String DATA_VALIDATION_LIMIT = "data.validation-limit";

    public static final String ADAPTER_RANK = "adapter.rank";
    public static final String ADAPTER_ALPHA = "adapter.alpha";
    public static final String ADAPTER_TARGETS = "adapter.targets";
    public static final String ADAPTER_DROPOUT = "adapter.dropout";
    public static final String ADAPTER_FREEZE_A = "adapter.freeze-a";
    public static final String ADAPTER_ORDER = "adapter.order";

    public static final String SCHEDULE_MIN_RANK = "schedule.min-rank";
    public static final String SCHEDULE_G0 = "schedule.g0";
    public static final String SCHEDULE_DEPTH_SLOPE = "schedule.depth-slope";
    public static final String SCHEDULE_PREFIX_SHARE = "schedule.prefix-share";
    public static final String SCHEDULE_WHOLE_SHARE = "schedule.whole-share";
    public static final String SCHEDULE_LAW = "schedule.law";
    public static final String SCHEDULE_OVER_TIME = "schedule.over-time";
    public static final String SCHEDULE_OVER_DEPTH = "schedule.over-depth";
    public static final String SCHEDULE_COUPLING = "schedule.coupling";
    public static final String SCHEDULE_SCALE = "schedule.scale";
    public static final String SCHEDULE_UPDATE = "schedule.update";
    public static final String SCHEDULE_GRADIENT = "schedule.gradient";
    public static final String SCHEDULE_SHARED_WINDOWS = "schedule.shared-windows";
    public static final String SCHEDULE_GRANULARITY = "schedule.granularity";

    public static final String TRAINING_EPOCHS = "training.epochs";
    public static final String TRAINING_SHARDS = "training.shards";
    public static final String TRAINING_BATCH_SIZE = "training.batch-size";
    public static final String TRAINING_MICRO_BATCH_SIZE = "training.micro-batch-size";
    public static final String TRAINING_LOCAL_STEPS = "training.local-steps";
    public static final String TRAINING_LEARNING_RATE = "training.learning-rate";
    public static final String TRAINING_WARMUP_SHARE = "training.warmup-share";
    public static final String TRAINING_DECAY = "training.decay";
    public static final String TRAINING_WEIGHT_DECAY = "training.weight-decay";
    public static final String TRAINING_BETA1 = "training.beta1";
    public static final String TRAINING_BETA2 = "training.beta2";
    public static final String TRAINING_EPSILON = "training.epsilon";
    public static final String TRAINING_CLIP_NORM = "training.clip-norm";
    public static final String TRAINING_LABEL_SMOOTHING = "training.label-smoothing";
    public static final String TRAINING_CLASS_WEIGHTS = "training.class-weights";
    public static final String TRAINING_OPTIMIZER = "training.optimizer";
    public static final String TRAINING_OPTIMIZER_STATE = "training.optimizer-state";
    public static final String TRAINING_TRANSFER = "training.transfer";
    public static final String TRAINING_AVERAGING = "training.averaging";
    public static final String TRAINING_OUTER_LEARNING_RATE = "training.outer-learning-rate";
    public static final String TRAINING_OUTER_MOMENTUM = "training.outer-momentum";
    public static final String TRAINING_ROLLBACKS = "training.rollbacks";
    public static final String EARLY_STOPPING_PATIENCE = "training.early-stopping.patience";
    public static final String EARLY_STOPPING_LEAST_GAIN = "training.early-stopping.least-gain";

    public static final String HEAD_POOLING = "head.pooling";
    public static final String HEAD_DROPOUT = "head.dropout";

    public static final String PREFIX_OBJECTIVE = "prefix.objective";
    public static final String PREFIX_HISTORY_NOISE = "prefix.history-noise";

    public static final String EVALUATION_PREFIXES = "evaluation.prefixes";
    public static final String EVALUATION_SUFFIXES = "evaluation.suffixes";
    public static final String EVALUATION_BATCH_SIZE = "evaluation.batch-size";
    public static final String EVALUATION_THRESHOLD = "evaluation.threshold";
    public static final String EVALUATION_EVERY_ROUNDS = "evaluation.every-rounds";
    public static final String EVALUATION_RANKS = "evaluation.ranks";

    public static final String CHECKPOINT_EVERY_ROUNDS = "checkpoint.every-rounds";
    public static final String CHECKPOINT_KEEP_LAST = "checkpoint.keep-last";
    public static final String CHECKPOINT_KEEP_BEST = "checkpoint.keep-best";

    public static final String COMPUTE_DEVICE = "compute.device";
    public static final String COMPUTE_THREADS = "compute.threads";
    public static final String COMPUTE_PRECISION = "compute.precision";
    public static final String COMPUTE_WEIGHTS = "compute.weights";
    public static final String COMPUTE_ACTIVATIONS = "compute.activations";

    public static final String TRACKING_TENSORBOARD = "tracking.tensorboard";
    public static final String TRACKING_MLFLOW = "tracking.mlflow";
    public static final String TRACKING_EXPERIMENT = "tracking.experiment";

    private Keys() {}
}
