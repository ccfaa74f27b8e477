package org.erat.network;

import java.util.List;
import org.deeplearning4j.nn.api.TrainingConfig;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * What Deeplearning4j asks of one layer when it makes the layer's updater. Graphs may share a configuration, as the tasks
 * of an executor do, so what joins a layer to its updater belongs to the layer and not to the configuration.
 */
record LayerTraining(EncoderLayerConf conf, RowActivity activity) implements TrainingConfig {
    @Override
    public String getLayerName() {
        return conf.getLayerName();
    }

    @Override
    public List<Regularization> getRegularizationByParam(String paramName) {
        return conf.getRegularizationByParam(paramName);
    }

    @Override
    public boolean isPretrainParam(String paramName) {
        return conf.isPretrainParam(paramName);
    }

    @Override
    public IUpdater getUpdaterByParam(String paramName) {
        IUpdater updater = conf.getUpdaterByParam(paramName);
        return updater instanceof RowLazyAdamW lazy ? lazy.joinedTo(activity) : updater;
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
