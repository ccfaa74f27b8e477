package org.erat.ml;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;
import org.apache.spark.ml.param.StringArrayParam;
import org.erat.config.JobConfig;
import org.erat.config.Keys;
import org.erat.config.SettingDescription;
import org.erat.data.text.TokenizationRequest;
import org.erat.data.tokenized.TaskType;
import org.erat.generation.GenerationSettings;
import scala.Function1;

/**
 * The Params of an estimator and of its model: one for each setting of a run but those that name prepared data, and those of
 * columns and folders. The Param of a setting is called as its key in camel case, {@code scheduleMinRank} for {@code
 * schedule.min-rank}; the ones that people set most have a shorter name.
 */
public final class AdapterParams implements Serializable {
    private static final long serialVersionUID = 1L;

    private static final Map<String, String> SHORT_NAMES = Map.of(
            Keys.MODEL_PATH, "model",
            Keys.ADAPTER_RANK, "rank",
            Keys.ADAPTER_ALPHA, "alpha",
            Keys.TRAINING_EPOCHS, "epochs",
            Keys.TRAINING_SHARDS, "shards",
            Keys.TRAINING_BATCH_SIZE, "batchSize",
            Keys.TRAINING_LOCAL_STEPS, "localSteps",
            Keys.TRAINING_LEARNING_RATE, "learningRate",
            Keys.COMPUTE_PRECISION, "precision");

    /** What a DataFrame is instead of. */
    private static final Set<String> OF_PREPARED_DATA = Set.of(Keys.DATA_TRAIN, Keys.DATA_VALIDATION);

    /** As prepare-data has it. */
    private static final int MAX_LENGTH = 128;

    private static final String DATA_FRAME = "DataFrame";

    private final String uid;
    private final Map<String, Param<?>> settings = new TreeMap<>();
    private final List<Param<?>> others = new ArrayList<>();

    final Param<String> textCol;
    final Param<String> textPairCol;
    final Param<String> tokensCol;
    final Param<String> tokenTypesCol;
    final Param<String> labelCol;
    final Param<String> validationIndicatorCol;
    final Param<String> predictionCol;
    final Param<String> rawPredictionCol;
    final Param<String> probabilityCol;
    final Param<String> predictedLabelCol;
    final Param<String> checkpointDir;
    final IntParam maxLength;
    final DoubleParam validationFraction;
    final IntParam maxNewTokens;
    final IntParam beams;

    /**
     * @param owner whose Params they are; its uid is set
     * @param type of the task, which decides which columns there are
     */
    AdapterParams(Params owner, TaskType type) {
        this.uid = owner.uid();
        boolean texts = !type.perToken();
        boolean classes = type.hasClasses();
        boolean generates = type == TaskType.LANGUAGE_MODELING;
        textCol = column(
                "textCol",
                generates
                        ? "column of prompts, strings"
                        : texts ? "column of texts, strings" : "column of words, arrays of strings",
                true);
        textPairCol = column("textPairCol", "column of second texts, strings", texts);
        tokensCol = column(
                "tokensCol",
                "column of token ids, arrays of int with the special tokens of the base model; in place of textCol",
                texts);
        tokenTypesCol = column("tokenTypesCol", "column of token types, arrays of int; all 0 without", texts);
        labelCol = column(
                "labelCol",
                switch (type) {
                    case CLASSIFICATION ->
                        "column of labels: names as strings, or class indices 0.. as numbers, which names may belong to"
                                + " as metadata";
                    case REGRESSION -> "column of labels, numbers";
                    case TOKEN_CLASSIFICATION -> "column of labels, arrays with the name of a class for each word";
                    case MULTI_LABEL_CLASSIFICATION -> throw AdapterParams.noStageOf(type);
                    case LANGUAGE_MODELING -> "column of the completions that are to follow the prompts, strings";
                },
                true);
        validationIndicatorCol = column(
                "validationIndicatorCol",
                "column that says of each row whether it is for validation, booleans; in place of validationFraction",
                true);
        predictionCol = column(
                "predictionCol",
                switch (type) {
                    case CLASSIFICATION -> "column of predicted class indices, with the names as metadata";
                    case REGRESSION -> "column of predicted numbers";
                    case TOKEN_CLASSIFICATION ->
                        "column of predicted class indices, one for each word; null for words that were cut away";
                    case MULTI_LABEL_CLASSIFICATION -> throw AdapterParams.noStageOf(type);
                    case LANGUAGE_MODELING -> "column of generated completions, strings";
                },
                true);
        rawPredictionCol = column("rawPredictionCol", "column of logits; empty for none", classes);
        probabilityCol = column("probabilityCol", "column of probabilities; empty for none", classes);
        predictedLabelCol =
                column("predictedLabelCol", "column of names of predicted classes; empty for none", classes);
        checkpointDir = column(
                "checkpointDir",
                "folder for runs and their checkpoints, on a file system that the driver reaches. A fit of the same data and"
                        + " settings goes on there, or is done at once",
                true);
        maxLength = added(new IntParam(
                uid,
                "maxLength",
                "length in tokens at which examples are cut, special tokens included; at most that of the base model",
                valid((Integer value) -> value >= 1)));
        validationFraction = added(new DoubleParam(
                uid,
                "validationFraction",
                "share of the rows that quality by rank is measured on; rows of equal text are on the same side. 0 to train"
                        + " on all rows and measure nothing",
                valid((Double value) -> value >= 0 && value < 1)));
        maxNewTokens =
                new IntParam(uid, "maxNewTokens", "most tokens of a completion", valid((Integer value) -> value >= 1));
        beams = new IntParam(
                uid,
                "beams",
                "completions that beam search follows at a time; 1 takes the likeliest token each time",
                valid((Integer value) -> value >= 1));
        if (generates) {
            others.add(maxNewTokens);
            others.add(beams);
        }
        for (SettingDescription setting : SettingDescription.all()) {
            if (!OF_PREPARED_DATA.contains(setting.key())) {
                settings.put(setting.key(), param(owner, setting));
            }
        }
    }

    private Param<String> column(String name, String doc, boolean used) {
        Param<String> param = new Param<>(uid, name, doc);
        if (used) {
            others.add(param);
        }
        return param;
    }

    private <P extends Param<?>> P added(P param) {
        others.add(param);
        return param;
    }

    private static Param<?> param(Params owner, SettingDescription setting) {
        String uid = owner.uid();
        String name = nameOf(setting.key());
        String doc = setting.text();
        if (setting.type() == Integer.class) {
            return new IntParam(uid, name, doc, valid(setting::allows));
        }
        if (setting.type() == Long.class) {
            return new LongParam(uid, name, doc, valid(setting::allows));
        }
        if (setting.type() == Double.class) {
            return new DoubleParam(uid, name, doc, valid(setting::allows));
        }
        if (setting.type() == Boolean.class) {
            return new BooleanParam(uid, name, doc);
        }
        return setting.type() == String.class
                ? new Param<String>(uid, name, doc, valid(setting::allows))
                : new StringArrayParam(owner, name, doc, valid(setting::allows));
    }

    /** What Spark calls for each value; it goes along where an estimator is serialized. */
    @SuppressWarnings("unchecked")
    private static <T, V> Function1<T, Object> valid(SerializablePredicate<V> allowed) {
        return (Function1<T, Object> & Serializable) value -> allowed.test((V) value);
    }

    /** A predicate that can be sent. */
    @FunctionalInterface
    private interface SerializablePredicate<V> extends Predicate<V>, Serializable {}

    /** The name of a setting's Param. */
    static String nameOf(String key) {
        return SHORT_NAMES.getOrDefault(key, camelCase(key));
    }

    private static String camelCase(String key) {
        StringBuilder name = new StringBuilder();
        for (String word : key.split("[.-]", -1)) {
            name.append(name.isEmpty() ? word : word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1));
        }
        return name.toString();
    }

    /** All of them. The method comes last: others have defaults of their own by it. */
    Param<?>[] all() {
        List<Param<?>> all = new ArrayList<>(others);
        settings.forEach((key, param) -> {
            if (!key.equals(Keys.METHOD)) {
                all.add(param);
            }
        });
        all.add(settings.get(Keys.METHOD));
        return all.toArray(Param<?>[]::new);
    }

    /** Texts of several labels have no estimator yet. */
    static IllegalArgumentException noStageOf(TaskType type) {
        return new IllegalArgumentException("There is no estimator for " + type);
    }

    /** Whether an owner of these Params has this one; others belong to other tasks. */
    boolean has(Param<?> param) {
        return others.contains(param) || settings.containsValue(param);
    }

    /** The Param of a setting that is a text or a choice. */
    @SuppressWarnings("unchecked")
    Param<String> text(String key) {
        return (Param<String>) ofSetting(key);
    }

    IntParam whole(String key) {
        return (IntParam) ofSetting(key);
    }

    LongParam anyLong(String key) {
        return (LongParam) ofSetting(key);
    }

    DoubleParam decimal(String key) {
        return (DoubleParam) ofSetting(key);
    }

    StringArrayParam list(String key) {
        return (StringArrayParam) ofSetting(key);
    }

    private Param<?> ofSetting(String key) {
        return Objects.requireNonNull(settings.get(key), key);
    }

    /** Gives all of them that have one their default. */
    void setDefaults(Params owner, TaskType type) {
        boolean generates = type == TaskType.LANGUAGE_MODELING;
        owner.setDefault(textCol, generates ? "prompt" : type.hasWords() ? "words" : "text");
        owner.setDefault(labelCol, generates ? "completion" : type.hasWords() ? "labels" : "label");
        owner.setDefault(predictionCol, "prediction");
        owner.setDefault(maxLength, MAX_LENGTH);
        owner.setDefault(validationFraction, TokenizationRequest.DEFAULT_VALIDATION_SHARE);
        if (type.hasClasses()) {
            owner.setDefault(rawPredictionCol, "rawPrediction");
            owner.setDefault(probabilityCol, "probability");
            owner.setDefault(predictedLabelCol, "predictedLabel");
        }
        if (generates) {
            owner.setDefault(maxNewTokens, GenerationSettings.MAX_NEW_TOKENS);
            owner.setDefault(beams, 1);
        }
        // The owner then gives all other settings the defaults of this method.
        setDefault(owner, settings.get(Keys.METHOD), SettingDescription.defaultMethod());
    }

    /** What settings are by default depends on the method. */
    void setDefaultsOfMethod(Params owner, String method) {
        Map<String, Object> defaults = SettingDescription.defaults(method);
        settings.forEach((key, param) -> {
            if (defaults.containsKey(key) && !key.equals(Keys.METHOD)) {
                setDefault(owner, param, defaults.get(key));
            }
        });
    }

    @SuppressWarnings("unchecked")
    private static <T> void setDefault(Params owner, Param<T> param, Object value) {
        owner.setDefault(param, (T) value);
    }

    /**
     * The configuration of a run: what its owner sets, and the defaults of the method for all else.
     *
     * @param modelUri where the base model is
     * @param without settings that are not the owner's to give
     */
    JobConfig job(Params owner, String modelUri, Map<String, Object> instead, Set<String> without) {
        Map<String, Object> given = new LinkedHashMap<>();
        settings.forEach((key, param) -> {
            if (owner.isSet(param) && !without.contains(key)) {
                Object value = owner.getOrDefault(param);
                given.put(key, value instanceof String[] items ? Arrays.asList(items) : value);
            }
        });
        given.put(Keys.MODEL_PATH, modelUri);
        given.put(Keys.DATA_TRAIN, DATA_FRAME);
        given.putAll(instead);
        return JobConfig.of(given, owner.uid());
    }
}
