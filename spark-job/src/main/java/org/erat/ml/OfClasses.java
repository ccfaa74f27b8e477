package org.erat.ml;

import org.apache.spark.ml.param.Param;

/**
 * Params of stages that predict classes.
 *
 * @param <S> the class itself
 */
public interface OfClasses<S extends OfClasses<S>> extends AdapterStage<S> {
    default Param<String> rawPredictionCol() {
        return adapterParams().rawPredictionCol;
    }

    default S setRawPredictionCol(String name) {
        return with(rawPredictionCol(), name);
    }

    default Param<String> probabilityCol() {
        return adapterParams().probabilityCol;
    }

    default S setProbabilityCol(String name) {
        return with(probabilityCol(), name);
    }

    default Param<String> predictedLabelCol() {
        return adapterParams().predictedLabelCol;
    }

    default S setPredictedLabelCol(String name) {
        return with(predictedLabelCol(), name);
    }
}
