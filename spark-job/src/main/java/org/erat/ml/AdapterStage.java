package org.erat.ml;

import java.util.Optional;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;
import org.apache.spark.ml.param.StringArrayParam;
import org.erat.config.Keys;
import org.erat.data.tokenized.TaskType;

/**
 * What an estimator and its model have in common: their Params. Those without a method here are set by name, as {@code
 * set("trainingWarmupShare", 0.1)}; {@code explainParams()} lists all.
 *
 * @param <S> the class itself, which setters return
 */
public interface AdapterStage<S extends AdapterStage<S>> extends Params {
    /** All Params. */
    AdapterParams adapterParams();

    /** What is predicted. */
    TaskType taskType();

    /** Sets a Param. */
    @SuppressWarnings("unchecked")
    default <T> S with(Param<T> param, T value) {
        set(param, value);
        return (S) this;
    }

    /** The value of a column's Param; empty where it is not set, or to no column. */
    default Optional<String> column(Param<String> param) {
        return adapterParams().has(param) && isDefined(param)
                ? Optional.of(getOrDefault(param)).filter(name -> !name.isEmpty())
                : Optional.empty();
    }

    /** Base model: a folder made by prepare-model, {@code maven:GROUP:ARTIFACT:VERSION} or {@code hf:ORG/NAME}. */
    default Param<String> model() {
        return adapterParams().text(Keys.MODEL_PATH);
    }

    default String getModel() {
        return getOrDefault(model());
    }

    default S setModel(String model) {
        return with(model(), model);
    }

    /** Training method: {@code lora}, {@code erat}, {@code dylora} or {@code matryoshka}. */
    default Param<String> method() {
        return adapterParams().text(Keys.METHOD);
    }

    default String getMethod() {
        return getOrDefault(method());
    }

    default S setMethod(String method) {
        return with(method(), method);
    }

    /** Of an estimator the largest rank to train; of a model the rank to predict with, from 1 to that. */
    default IntParam rank() {
        return adapterParams().whole(Keys.ADAPTER_RANK);
    }

    default int getRank() {
        return (Integer) getOrDefault(rank());
    }

    default S setRank(int rank) {
        return with(rank(), rank);
    }

    default DoubleParam alpha() {
        return adapterParams().decimal(Keys.ADAPTER_ALPHA);
    }

    default double getAlpha() {
        return (Double) getOrDefault(alpha());
    }

    default S setAlpha(double alpha) {
        return with(alpha(), alpha);
    }

    /** Projections that carry an adapter: {@code query}, {@code value} and others. */
    default StringArrayParam adapterTargets() {
        return adapterParams().list(Keys.ADAPTER_TARGETS);
    }

    default String[] getAdapterTargets() {
        return getOrDefault(adapterTargets());
    }

    default S setAdapterTargets(String... targets) {
        return with(adapterTargets(), targets);
    }

    default DoubleParam learningRate() {
        return adapterParams().decimal(Keys.TRAINING_LEARNING_RATE);
    }

    default double getLearningRate() {
        return (Double) getOrDefault(learningRate());
    }

    default S setLearningRate(double rate) {
        return with(learningRate(), rate);
    }

    default IntParam epochs() {
        return adapterParams().whole(Keys.TRAINING_EPOCHS);
    }

    default int getEpochs() {
        return (Integer) getOrDefault(epochs());
    }

    default S setEpochs(int epochs) {
        return with(epochs(), epochs);
    }

    /** Number of tasks that train at a time. The result depends on it, and on nothing else of the cluster. */
    default IntParam shards() {
        return adapterParams().whole(Keys.TRAINING_SHARDS);
    }

    default int getShards() {
        return (Integer) getOrDefault(shards());
    }

    default S setShards(int shards) {
        return with(shards(), shards);
    }

    /** Examples of a mini-batch of training. */
    default IntParam batchSize() {
        return adapterParams().whole(Keys.TRAINING_BATCH_SIZE);
    }

    default int getBatchSize() {
        return (Integer) getOrDefault(batchSize());
    }

    default S setBatchSize(int size) {
        return with(batchSize(), size);
    }

    /** Steps of each shard between two averages. */
    default IntParam localSteps() {
        return adapterParams().whole(Keys.TRAINING_LOCAL_STEPS);
    }

    default int getLocalSteps() {
        return (Integer) getOrDefault(localSteps());
    }

    default S setLocalSteps(int steps) {
        return with(localSteps(), steps);
    }

    default LongParam seed() {
        return adapterParams().anyLong(Keys.SEED);
    }

    default long getSeed() {
        return (Long) getOrDefault(seed());
    }

    default S setSeed(long seed) {
        return with(seed(), seed);
    }

    /** Number format of the base model's products: {@code f32}, {@code tf32}, {@code bf16}. */
    default Param<String> precision() {
        return adapterParams().text(Keys.COMPUTE_PRECISION);
    }

    default String getPrecision() {
        return getOrDefault(precision());
    }

    default S setPrecision(String precision) {
        return with(precision(), precision);
    }

    default IntParam maxLength() {
        return adapterParams().maxLength;
    }

    default int getMaxLength() {
        return (Integer) getOrDefault(maxLength());
    }

    default S setMaxLength(int tokens) {
        return with(maxLength(), tokens);
    }

    default Param<String> checkpointDir() {
        return adapterParams().checkpointDir;
    }

    default String getCheckpointDir() {
        return getOrDefault(checkpointDir());
    }

    default S setCheckpointDir(String folder) {
        return with(checkpointDir(), folder);
    }

    default DoubleParam validationFraction() {
        return adapterParams().validationFraction;
    }

    default double getValidationFraction() {
        return (Double) getOrDefault(validationFraction());
    }

    default S setValidationFraction(double share) {
        return with(validationFraction(), share);
    }

    default Param<String> validationIndicatorCol() {
        return adapterParams().validationIndicatorCol;
    }

    default S setValidationIndicatorCol(String name) {
        return with(validationIndicatorCol(), name);
    }

    default Param<String> textCol() {
        return adapterParams().textCol;
    }

    default String getTextCol() {
        return getOrDefault(textCol());
    }

    default S setTextCol(String name) {
        return with(textCol(), name);
    }

    default Param<String> labelCol() {
        return adapterParams().labelCol;
    }

    default String getLabelCol() {
        return getOrDefault(labelCol());
    }

    default S setLabelCol(String name) {
        return with(labelCol(), name);
    }

    default Param<String> predictionCol() {
        return adapterParams().predictionCol;
    }

    default String getPredictionCol() {
        return getOrDefault(predictionCol());
    }

    default S setPredictionCol(String name) {
        return with(predictionCol(), name);
    }
}
