package org.erat.ml;

import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.ml.util.MLReader;
import org.erat.data.tokenized.TaskType;

/** Trains an adapter that predicts a number of a text, or of a pair of texts. */
public final class AdapterRegressor extends AdapterEstimator<AdapterRegressor, AdapterRegressorModel>
        implements OfTexts<AdapterRegressor> {
    private static final long serialVersionUID = 1L;

    public AdapterRegressor() {
        this(Identifiable.randomUID("adapterRegressor"));
    }

    public AdapterRegressor(String uid) {
        super(uid, TaskType.REGRESSION);
    }

    @Override
    AdapterRegressorModel model(TrainedState state) {
        return new AdapterRegressorModel(uid(), state);
    }

    /** Reads an estimator that was saved. */
    public static MLReader<AdapterRegressor> read() {
        return new DefaultParamsReader<>();
    }

    /** The estimator that was saved in a folder. */
    public static AdapterRegressor load(String path) {
        return read().load(path);
    }
}
