package org.erat.dl4j;

import java.util.List;
import org.deeplearning4j.nn.api.TrainingConfig;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * What Deeplearning4j asks of a layer when it makes the layer's updater. Graphs may share a configuration, as the tasks of
 * an executor do, so what joins a layer to its updater belongs to the layer and not to the configuration.
 */
record LayerTraining(BaseLayer conf, UpdatedLayer layer) implements TrainingConfig {
    @Override
    public String getLayerName() {
        return conf.getLayerName();
    }

    /** None: AdamW decays weights itself, and only those that it updates. */
    @Override
    public List<Regularization> getRegularizationByParam(String paramName) {
        return List.of();
    }

    @Override
    public boolean isPretrainParam(String paramName) {
        return false;
    }

    @Override
    public IUpdater getUpdaterByParam(String paramName) {
        IUpdater updater = conf.getUpdaterByParam(paramName);
        return updater instanceof AdamWUpdaterConf adamW ? adamW.of(layer) : updater;
    }

    @Override
    public GradientNormalization getGradientNormalization() {
        return conf.getGradientNormalization();
    }

    @Override
    public double getGradientNormalizationThreshold() {
        return conf.getGradientNormalizationThreshold();
    }

    @Override
    public void setDataType(DataType dataType) {
        conf.setDataType(dataType);
    }
}
