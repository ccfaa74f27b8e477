package org.erat.dl4j;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.erat.head.HeadSpec;
import org.erat.learner.LearnerSpec;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;
import org.nd4j.linalg.lossfunctions.impl.LossMSE;

/** Configuration of a task head as a Deeplearning4j output layer, over the hidden states that it reads, [M,H]. */
public final class HeadLayerConf extends BaseOutputLayer {
    private String spec;

    /** For deserialization. */
    public HeadLayerConf() {}

    HeadLayerConf(LearnerSpec spec) {
        this.spec = spec.toJson();
        HeadSpec head = spec.head();
        boolean classes = head.loss() != HeadSpec.Loss.SQUARED_ERROR;
        setNIn(head.width());
        setNOut(head.outputs());
        setActivationFn(classes ? new ActivationSoftmax() : new ActivationIdentity());
        setLossFn(classes ? new LossMCXENT() : new LossMSE());
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
        HeadLayer layer = new HeadLayer(conf, dataType, learnerSpec());
        layer.setListeners(listeners);
        layer.setIndex(index);
        layer.setParamsViewArray(params);
        layer.setParamTable(initializer().init(conf, params, initialize));
        layer.setConf(conf);
        return layer;
    }

    @Override
    public ParamInitializer initializer() {
        return new HeadInitializer(learnerSpec().head().layout());
    }

    @Override
    public List<Regularization> getRegularizationByParam(String paramName) {
        return List.of();
    }

    @Override
    public boolean isPretrainParam(String paramName) {
        return false;
    }

    @Override
    public LayerMemoryReport getMemoryReport(InputType inputType) {
        long params = learnerSpec().head().layout().length();
        return new LayerMemoryReport.Builder(
                        getLayerName(), HeadLayerConf.class, inputType, getOutputType(-1, inputType))
                .standardMemory(params, getIUpdater().stateSize(params))
                .cacheMemory(MemoryReport.CACHE_MODE_ALL_ZEROS, MemoryReport.CACHE_MODE_ALL_ZEROS)
                .build();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof HeadLayerConf that && super.equals(other) && Objects.equals(spec, that.spec);
    }

    @Override
    public int hashCode() {
        return Objects.hash(super.hashCode(), spec);
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof HeadLayerConf;
    }
}
