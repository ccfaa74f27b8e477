package org.erat.ml;

import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.ml.util.MLReader;
import org.erat.data.tokenized.TaskType;

/** Trains an adapter that completes prompts. */
public final class AdapterLanguageModel extends AdapterEstimator<AdapterLanguageModel, AdapterLanguageModelModel>
        implements OfCompletions<AdapterLanguageModel> {
    private static final long serialVersionUID = 1L;

    public AdapterLanguageModel() {
        this(Identifiable.randomUID("adapterLanguageModel"));
    }

    public AdapterLanguageModel(String uid) {
        super(uid, TaskType.LANGUAGE_MODELING);
    }

    @Override
    AdapterLanguageModelModel model(TrainedState state) {
        return new AdapterLanguageModelModel(uid(), state);
    }

    /** Reads an estimator that was saved. */
    public static MLReader<AdapterLanguageModel> read() {
        return new DefaultParamsReader<>();
    }

    /** The estimator that was saved in a folder. */
    public static AdapterLanguageModel load(String path) {
        return read().load(path);
    }
}
