package org.erat.ml;

import org.apache.spark.ml.util.MLReader;
import org.erat.data.tokenized.TaskType;

/** Tells the class of each word of a list. */
public final class AdapterTaggerModel extends AdapterModel<AdapterTaggerModel>
        implements OfClasses<AdapterTaggerModel> {
    private static final long serialVersionUID = 1L;

    AdapterTaggerModel(String uid, TrainedState state) {
        super(uid, TaskType.TOKEN_CLASSIFICATION, state);
    }

    @Override
    AdapterTaggerModel named(String name, TrainedState trained) {
        return new AdapterTaggerModel(name, trained);
    }

    /** Reads a model that was saved. */
    public static MLReader<AdapterTaggerModel> read() {
        return new AdapterModelReader<>(AdapterTaggerModel.class, AdapterTaggerModel::new);
    }

    /** The model that was saved in a folder. */
    public static AdapterTaggerModel load(String path) {
        return read().load(path);
    }
}
