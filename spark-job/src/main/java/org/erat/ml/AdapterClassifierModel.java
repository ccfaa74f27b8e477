package org.erat.ml;

import org.apache.spark.ml.util.MLReader;
import org.erat.data.tokenized.TaskType;

/** Tells which class a text, or a pair of texts, is of. */
public final class AdapterClassifierModel extends AdapterModel<AdapterClassifierModel>
        implements OfTexts<AdapterClassifierModel>, OfClasses<AdapterClassifierModel> {
    private static final long serialVersionUID = 1L;

    AdapterClassifierModel(String uid, TrainedState state) {
        super(uid, TaskType.CLASSIFICATION, state);
    }

    @Override
    AdapterClassifierModel named(String name, TrainedState trained) {
        return new AdapterClassifierModel(name, trained);
    }

    /** Reads a model that was saved. */
    public static MLReader<AdapterClassifierModel> read() {
        return new AdapterModelReader<>(AdapterClassifierModel.class, AdapterClassifierModel::new);
    }

    /** The model that was saved in a folder. */
    public static AdapterClassifierModel load(String path) {
        return read().load(path);
    }
}
