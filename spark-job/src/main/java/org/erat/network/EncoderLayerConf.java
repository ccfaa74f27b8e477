package org.erat.network;

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
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * Configuration of the encoder as a Deeplearning4j layer. Input [B,2,T]: token ids and token type ids, with a mask [B,T];
 * output [B,H]: one vector for each example. Its only parameters are the low-rank matrices.
 */
public final class EncoderLayerConf extends BaseLayer {
    private String spec;

    /** For deserialization. */
    public EncoderLayerConf() {}

    public EncoderLayerConf(EncoderSpec spec) {
        this.spec = spec.toJson();
        setActivationFn(new ActivationIdentity());
    }

    /** {@link EncoderSpec} as JSON text. */
    public String getSpec() {
        return spec;
    }

    public void setSpec(String spec) {
        this.spec = spec;
    }

    EncoderSpec encoderSpec() {
        return EncoderSpec.fromJson(spec);
    }

    @Override
    public Layer instantiate(
            NeuralNetConfiguration conf,
            Collection<TrainingListener> listeners,
            int index,
            INDArray params,
            boolean initialize,
            DataType dataType) {
        EncoderSpec encoderSpec = encoderSpec();
        RowActivity activity = new RowActivity(encoderSpec.layout(), encoderSpec.freezeA(), params);
        EncoderLayer layer = new EncoderLayer(conf, dataType, encoderSpec, activity);
        layer.setListeners(listeners);
        layer.setIndex(index);
        layer.setParamsViewArray(params);
        layer.setParamTable(initializer().init(conf, params, initialize));
        layer.setConf(conf);
        return layer;
    }

    @Override
    public ParamInitializer initializer() {
        return new EncoderParamInitializer(encoderSpec());
    }

    @Override
    public List<Regularization> getRegularizationByParam(String paramName) {
        // Row-lazy AdamW decays the rows it moves, itself; a frozen A must not decay.
        boolean frozen = paramName.endsWith(".A") && encoderSpec().freezeA();
        return frozen || getIUpdater() instanceof RowLazyAdamW ? List.of() : getRegularization();
    }

    @Override
    public InputType getOutputType(int layerIndex, InputType inputType) {
        return InputType.feedForward(encoderSpec().model().hiddenSize());
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
        long params = encoderSpec().layout().length();
        return new LayerMemoryReport.Builder(
                        getLayerName(), EncoderLayerConf.class, inputType, getOutputType(-1, inputType))
                .standardMemory(params, getIUpdater().stateSize(params))
                .cacheMemory(MemoryReport.CACHE_MODE_ALL_ZEROS, MemoryReport.CACHE_MODE_ALL_ZEROS)
                .build();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof EncoderLayerConf that && super.equals(other) && Objects.equals(spec, that.spec);
    }

    @Override
    public int hashCode() {
        return Objects.hash(super.hashCode(), spec);
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof EncoderLayerConf;
    }
}
