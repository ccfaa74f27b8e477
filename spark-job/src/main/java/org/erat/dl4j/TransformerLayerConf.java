package org.erat.dl4j;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.erat.learner.LearnerSpec;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * Configuration of a transformer as a Deeplearning4j layer: from the features of {@link BatchArrays} to the hidden states
 * that the head reads, [M,H]. Its only parameters are the low-rank matrices.
 */
public final class TransformerLayerConf extends BaseLayer {
    private String spec;

    /** For deserialization. */
    public TransformerLayerConf() {}

    TransformerLayerConf(LearnerSpec spec) {
        this.spec = spec.toJson();
        setActivationFn(new ActivationIdentity());
    }

    /** {@link LearnerSpec} as JSON text. */
    public String getSpec() {
        return spec;
    }

    public void setSpec(String spec) {
        this.spec = spec;
    }

    LearnerSpec learnerSpec() {
        return LearnerSpec.fromJson(spec);
    }

    @Override
    public Layer instantiate(
            NeuralNetConfiguration conf,
            Collection<TrainingListener> listeners,
            int index,
            INDArray params,
            boolean initialize,
            DataType dataType) {
        TransformerLayer layer = new TransformerLayer(conf, dataType, learnerSpec());
        layer.setListeners(listeners);
        layer.setIndex(index);
        layer.setParamsViewArray(params);
        layer.setParamTable(initializer().init(conf, params, initialize));
        layer.setConf(conf);
        return layer;
    }

    @Override
    public ParamInitializer initializer() {
        return new AdapterInitializer(learnerSpec());
    }

    @Override
    public List<Regularization> getRegularizationByParam(String paramName) {
        return List.of();
    }

    @Override
    public InputType getOutputType(int layerIndex, InputType inputType) {
        return InputType.feedForward(learnerSpec().architecture().width());
    }

    @Override
    public void setNIn(InputType inputType, boolean override) {
        // The width is the base model's.
    }

    @Override
    public InputPreProcessor getPreProcessorForInputType(InputType inputType) {
        return null;
    }

    @Override
    public boolean isPretrainParam(String paramName) {
        return false;
    }

    @Override
    public LayerMemoryReport getMemoryReport(InputType inputType) {
        long params = learnerSpec().adapterLayout().length();
        return new LayerMemoryReport.Builder(
                        getLayerName(), TransformerLayerConf.class, inputType, getOutputType(-1, inputType))
                .standardMemory(params, getIUpdater().stateSize(params))
                .cacheMemory(MemoryReport.CACHE_MODE_ALL_ZEROS, MemoryReport.CACHE_MODE_ALL_ZEROS)
                .build();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TransformerLayerConf that && super.equals(other) && Objects.equals(spec, that.spec);
    }

    @Override
    public int hashCode() {
        return Objects.hash(super.hashCode(), spec);
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof TransformerLayerConf;
    }
}
