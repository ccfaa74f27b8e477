package org.erat.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.TrainingSettings.Averaging;
import org.erat.config.TrainingSettings.Optimizer;
import org.erat.config.TrainingSettings.Transfer;
import org.erat.data.Address;
import org.erat.data.UsageException;

/** Turns layers of HOCON into a {@link JobConfig} and refuses what is unknown, missing or not allowed. */
final class ConfigParser {
    /** Values by key, of the keys that were given or have a default. */
    private final Map<String, ConfigValue> values;

    private ConfigParser(Map<String, ConfigValue> values) {
        this.values = values;
    }

    static JobConfig parse(Config file, List<String> overrides) {
        return ConfigLayers.parsed(() -> parse(ConfigLayers.overrides(overrides).withFallback(file)));
    }

    private static JobConfig parse(Config given) {
        // Which defaults apply depends on a setting, which may itself refer to others: so resolve twice.
        Config reference = ConfigLayers.reference();
        Method method = new ConfigParser(knownValues(ConfigLayers.resolved(given, reference))).value(Settings.METHOD);
        Config resolved = ConfigLayers.resolved(given, ConfigLayers.methodDefaults(method), reference);
        ConfigParser parser = new ConfigParser(knownValues(resolved));
        JobConfig config = parser.config();
        parser.checkTogether(config);
        return config;
    }

    private JobConfig config() {
        return new JobConfig(
                value(Settings.METHOD),
                value(Settings.SEED),
                new ModelSettings(value(Settings.MODEL_PATH)),
                data(),
                adapter(),
                schedule(),
                training(),
                new HeadSettings(value(Settings.HEAD_POOLING), value(Settings.HEAD_DROPOUT)),
                new PrefixSettings(value(Settings.PREFIX_OBJECTIVE), value(Settings.PREFIX_HISTORY_NOISE)),
                new EvaluationSettings(
                        value(Settings.EVALUATION_PREFIXES),
                        value(Settings.EVALUATION_SUFFIXES),
                        value(Settings.EVALUATION_BATCH_SIZE),
                        value(Settings.EVALUATION_THRESHOLD),
                        value(Settings.EVALUATION_EVERY_ROUNDS),
                        value(Settings.EVALUATION_RANKS)),
                new CheckpointSettings(
                        value(Settings.CHECKPOINT_EVERY_ROUNDS),
                        value(Settings.CHECKPOINT_KEEP_LAST),
                        value(Settings.CHECKPOINT_KEEP_BEST)),
                new ComputeSettings(
                        value(Settings.COMPUTE_DEVICE),
                        value(Settings.COMPUTE_THREADS),
                        value(Settings.COMPUTE_PRECISION),
                        value(Settings.COMPUTE_WEIGHTS),
                        value(Settings.COMPUTE_ACTIVATIONS)),
                new TrackingSettings(
                        value(Settings.TRACKING_TENSORBOARD),
                        value(Settings.TRACKING_MLFLOW),
                        value(Settings.TRACKING_EXPERIMENT)));
    }

    private DataSettings data() {
        return new DataSettings(
                value(Settings.DATA_TRAIN),
                value(Settings.DATA_VALIDATION),
                value(Settings.DATA_TRAIN_LIMIT),
                value(Settings.DATA_VALIDATION_LIMIT));
    }

    private AdapterSettings adapter() {
        return new AdapterSettings(
                value(Settings.ADAPTER_RANK),
                value(Settings.ADAPTER_ALPHA),
                value(Settings.ADAPTER_TARGETS),
                value(Settings.ADAPTER_DROPOUT),
                value(Settings.ADAPTER_FREEZE_A),
                value(Settings.ADAPTER_ORDER));
    }

    private ScheduleConfig schedule() {
        int rank = value(Settings.ADAPTER_RANK);
        int minRank = value(Settings.SCHEDULE_MIN_RANK);
        if (minRank > rank) {
            throw refused(Settings.SCHEDULE_MIN_RANK, "above adapter.rank = " + rank, "lower it or raise adapter.rank");
        }
        return new ScheduleConfig(
                rank,
                minRank,
                value(Settings.SCHEDULE_G0),
                value(Settings.SCHEDULE_DEPTH_SLOPE),
                value(Settings.SCHEDULE_PREFIX_SHARE),
                value(Settings.SCHEDULE_WHOLE_SHARE),
                value(Settings.SCHEDULE_LAW),
                value(Settings.SCHEDULE_OVER_TIME),
                value(Settings.SCHEDULE_OVER_DEPTH),
                value(Settings.SCHEDULE_COUPLING),
                value(Settings.SCHEDULE_SCALE),
                value(Settings.SCHEDULE_UPDATE),
                value(Settings.SCHEDULE_GRADIENT),
                value(Settings.SCHEDULE_SHARED_WINDOWS),
                value(Settings.SCHEDULE_GRANULARITY),
                value(Settings.ADAPTER_ALPHA));
    }

    private TrainingSettings training() {
        return new TrainingSettings(
                value(Settings.TRAINING_EPOCHS),
                value(Settings.TRAINING_SHARDS),
                value(Settings.TRAINING_BATCH_SIZE),
                value(Settings.TRAINING_MICRO_BATCH_SIZE),
                value(Settings.TRAINING_LOCAL_STEPS),
                value(Settings.TRAINING_LEARNING_RATE),
                value(Settings.TRAINING_WARMUP_SHARE),
                value(Settings.TRAINING_DECAY),
                value(Settings.TRAINING_WEIGHT_DECAY),
                value(Settings.TRAINING_BETA1),
                value(Settings.TRAINING_BETA2),
                value(Settings.TRAINING_EPSILON),
                value(Settings.TRAINING_CLIP_NORM),
                value(Settings.TRAINING_LABEL_SMOOTHING),
                value(Settings.TRAINING_CLASS_WEIGHTS),
                value(Settings.TRAINING_OPTIMIZER),
                value(Settings.TRAINING_OPTIMIZER_STATE),
                value(Settings.TRAINING_TRANSFER),
                value(Settings.TRAINING_AVERAGING),
                value(Settings.TRAINING_OUTER_LEARNING_RATE),
                value(Settings.TRAINING_OUTER_MOMENTUM),
                new EarlyStoppingSettings(
                        value(Settings.EARLY_STOPPING_PATIENCE), value(Settings.EARLY_STOPPING_LEAST_GAIN)),
                value(Settings.TRAINING_ROLLBACKS));
    }

    /** What no single setting shows. */
    private void checkTogether(JobConfig config) {
        int limit = config.data().trainLimit();
        int shards = config.training().shards();
        if (limit > 0 && limit < shards) {
            throw refused(
                    Settings.DATA_TRAIN_LIMIT,
                    "below training.shards = " + shards,
                    "give every shard at least one example");
        }
        for (Setting<String> address : List.of(
                Settings.MODEL_PATH, Settings.DATA_TRAIN, Settings.DATA_VALIDATION, Settings.TRACKING_TENSORBOARD)) {
            if (Address.hasPassword(address.value().apply(config))) {
                throw new UsageException(
                        address.key() + " holds a password: leave it out of the address, and give it"
                                + " where Hadoop looks for it, such as spark.hadoop.fs.s3a.secret.key or a credential provider");
            }
        }
        if (config.evaluation().suffixes() && !config.evaluation().prefixes()) {
            throw refused(
                    Settings.EVALUATION_SUFFIXES,
                    "without effect where evaluation.prefixes = false",
                    "set both or neither: quality by last rows stands beside that by first rows");
        }
        checkEvaluationDuringTraining(config);
        if (config.training().microBatchSize() > 0 && config.training().optimizer() == Optimizer.SGD) {
            throw refused(
                    Settings.TRAINING_MICRO_BATCH_SIZE,
                    "not possible with training.optimizer = sgd",
                    "set it to 0 and lower training.batch-size, or take adamw-row-lazy");
        }
        if (config.training().averaging() == Averaging.PRODUCT) {
            checkAveragingOfProducts(config);
        }
        if (config.training().transfer() != Transfer.F32 && config.adapter().freezeA()) {
            throw refused(
                    Settings.TRAINING_TRANSFER,
                    "not possible with adapter.freeze-a = true, since B would learn beside another rounding of A in each"
                            + " round",
                    "set training.transfer = f32, or adapter.freeze-a = false");
        }
        if ((config.compute().precision() == Precision.TF32 || config.compute().precision() == Precision.BF16)
                && config.compute().device() == DeviceChoice.ND4J) {
            throw refused(
                    Settings.COMPUTE_PRECISION,
                    "not to be had from compute.device = nd4j",
                    "set compute.device to auto, cpu or cuda, or the precision to f32");
        }
    }

    private void checkEvaluationDuringTraining(JobConfig config) {
        int rank = config.adapter().rank();
        if (config.evaluation().ranks().stream().anyMatch(each -> each > rank)) {
            throw refused(Settings.EVALUATION_RANKS, "above adapter.rank = " + rank, "name ranks from 1 to " + rank);
        }
        if (config.training().earlyStopping().patience() > 0
                && !config.evaluation().duringTraining()) {
            throw refused(
                    Settings.EARLY_STOPPING_PATIENCE,
                    "without effect where evaluation.every-rounds = 0",
                    "set evaluation.every-rounds to the rounds between two evaluations");
        }
    }

    private void checkAveragingOfProducts(JobConfig config) {
        TrainingSettings training = config.training();
        if (training.outerLearningRate() != 1 || training.outerMomentum() > 0) {
            throw refused(
                    Settings.TRAINING_AVERAGING,
                    "not possible with training.outer-learning-rate = " + training.outerLearningRate()
                            + " and training.outer-momentum = " + training.outerMomentum()
                            + ", which step between rows and not between products",
                    "set training.outer-learning-rate = 1 and training.outer-momentum = 0, or training.averaging = rows");
        }
        if (training.transfer() != Transfer.F32) {
            throw refused(
                    Settings.TRAINING_AVERAGING,
                    "not possible with training.transfer = "
                            + training.transfer().name().toLowerCase(Locale.ROOT)
                            + ", whose rounding belongs to rows and not to products",
                    "set training.transfer = f32, or training.averaging = rows");
        }
        if (config.adapter().freezeA()) {
            throw refused(
                    Settings.TRAINING_AVERAGING,
                    "not possible with adapter.freeze-a = true, since it changes A",
                    "set training.averaging = rows, which is exact with a frozen A, or adapter.freeze-a = false");
        }
    }

    private <T> T value(Setting<T> setting) {
        ConfigValue value = values.get(setting.key());
        if (value == null || value.valueType() == ConfigValueType.NULL) {
            throw new UsageException(setting.key() + " is not set: give it ("
                    + setting.type().name() + ", " + setting.type().range()
                    + ") in the configuration file or with --set " + setting.key() + "=…");
        }
        Optional<T> typed = setting.type().parse().apply(value);
        return typed.orElseThrow(() -> refused(
                setting,
                "not allowed",
                "give a " + setting.type().name() + ", " + setting.type().range()));
    }

    private UsageException refused(Setting<?> setting, String fault, String fix) {
        ConfigValue value = values.get(setting.key());
        return new UsageException(value.origin().description() + ": " + setting.key() + " = " + value.unwrapped()
                + " is " + fault + ": " + fix);
    }

    private static Map<String, ConfigValue> knownValues(Config resolved) {
        Map<String, ConfigValue> values = new LinkedHashMap<>();
        collect(resolved.root(), "", values);
        return values;
    }

    private static void collect(ConfigObject section, String prefix, Map<String, ConfigValue> values) {
        for (Map.Entry<String, ConfigValue> entry : section.entrySet()) {
            String key = prefix + ConfigUtil.joinPath(entry.getKey());
            ConfigValue value = entry.getValue();
            if (value instanceof ConfigObject inner && (KnownKeys.isSection(key) || !inner.isEmpty())) {
                collect(inner, key + ".", values);
            } else if (KnownKeys.contains(key)) {
                values.put(key, value);
            } else {
                throw new UsageException(value.origin().description() + ": " + KnownKeys.correction(key));
            }
        }
    }
}
