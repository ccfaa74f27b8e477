package org.erat.ml;

import org.apache.spark.ml.util.MLReader;
import org.erat.data.tokenized.TaskType;

/** Predicts a number of a text, or of a pair of texts. */
public final class AdapterRegressorModel extends AdapterModel<AdapterRegressorModel>
        implements OfTexts<AdapterRegressorModel> {
    private static final long serialVersionUID = 1L;

    AdapterRegressorModel(String uid, TrainedState state) {
        super(uid, TaskType.REGRESSION, state);
    }

    @Override
    AdapterRegressorModel named(String name, TrainedState trained) {
        return new AdapterRegressorModel(name, trained);
    }

    /** Reads a model that was saved. */
    public static MLReader<AdapterRegressorModel> read() {
        return new AdapterModelReader<>(AdapterRegressorModel.class, AdapterRegressorModel::new);
    }

    /** The model that was saved in a folder. */
    public static AdapterRegressorModel load(String path) {
        return read().load(path);
    }
}
