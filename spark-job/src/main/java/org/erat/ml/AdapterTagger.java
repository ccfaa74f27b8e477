package org.erat.ml;

import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.ml.util.MLReader;
import org.erat.data.tokenized.TaskType;

/** Trains an adapter that tells the class of each word of a list: named entities, parts of speech. */
public final class AdapterTagger extends AdapterEstimator<AdapterTagger, AdapterTaggerModel>
        implements OfClasses<AdapterTagger> {
    private static final long serialVersionUID = 1L;

    public AdapterTagger() {
        this(Identifiable.randomUID("adapterTagger"));
    }

    public AdapterTagger(String uid) {
        super(uid, TaskType.TOKEN_CLASSIFICATION);
    }

    @Override
    AdapterTaggerModel model(TrainedState state) {
        return new AdapterTaggerModel(uid(), state);
    }

    /** Reads an estimator that was saved. */
    public static MLReader<AdapterTagger> read() {
        return new DefaultParamsReader<>();
    }

    /** The estimator that was saved in a folder. */
    public static AdapterTagger load(String path) {
        return read().load(path);
    }
}
