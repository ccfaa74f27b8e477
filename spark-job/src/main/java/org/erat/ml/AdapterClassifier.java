package org.erat.ml;

import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.ml.util.MLReader;
import org.erat.data.tokenized.TaskType;

/** Trains an adapter that tells which class a text, or a pair of texts, is of. */
public final class AdapterClassifier extends AdapterEstimator<AdapterClassifier, AdapterClassifierModel>
        implements OfTexts<AdapterClassifier>, OfClasses<AdapterClassifier> {
    private static final long serialVersionUID = 1L;

    public AdapterClassifier() {
        this(Identifiable.randomUID("adapterClassifier"));
    }

    public AdapterClassifier(String uid) {
        super(uid, TaskType.CLASSIFICATION);
    }

    @Override
    AdapterClassifierModel model(TrainedState state) {
        return new AdapterClassifierModel(uid(), state);
    }

    /** Reads an estimator that was saved. */
    public static MLReader<AdapterClassifier> read() {
        return new DefaultParamsReader<>();
    }

    /** The estimator that was saved in a folder. */
    public static AdapterClassifier load(String path) {
        return read().load(path);
    }
}
