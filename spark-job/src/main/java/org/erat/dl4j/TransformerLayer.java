package org.erat.dl4j;

import java.util.ArrayList;
import java.util.List;
import javax.annotation.Nullable;
import org.deeplearning4j.nn.api.TrainingConfig;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.erat.adapter.Adapters;
import org.erat.adapter.RowsBySlot;
import org.erat.adapter.Window;
import org.erat.compute.AdamW;
import org.erat.compute.HostTensor;
import org.erat.compute.Kernels;
import org.erat.compute.Memory;
import org.erat.compute.Tensor;
import org.erat.data.tokenized.Batch;
import org.erat.head.Head;
import org.erat.learner.AdaptedTransformer;
import org.erat.learner.LearnerSpec;
import org.erat.learner.ParameterLayout;
import org.erat.method.StepPlan;
import org.erat.model.ModelRuntime;
import org.erat.model.Transformer;
import org.erat.prefix.PassInputs;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A transformer with adapters as a Deeplearning4j layer. Its parameters and gradients are ND4J's arrays, which are the
 * tensors themselves where the transformer computes in host memory. In training the rows are those that the method plans
 * for the layer's iteration count and shard; inference uses all rows.
 *
 * <p>Base weights and scratch memory are taken at the first pass: a process that only plans or averages, as the driver
 * does, never reads a weight.
 */
public final class TransformerLayer extends BaseLayer<TransformerLayerConf> implements UpdatedLayer {
    private final transient LearnerSpec spec;
    private final transient AdaptedTransformer adapted;
    private final transient ParameterLayout layout;
    private int shard;

    @Nullable
    private transient ModelRuntime runtime;

    /** The passes of a training step, which wait for the backward pass. */
    private final transient List<Transformer.Pass> passes = new ArrayList<>();

    @Nullable
    private transient Tensor adapters;

    @Nullable
    private transient Batch batch;

    TransformerLayer(NeuralNetConfiguration conf, DataType dataType, LearnerSpec spec) {
        super(conf, dataType);
        this.spec = spec;
        this.adapted = new AdaptedTransformer(spec, spec.adapterMethod());
        this.layout = spec.layout();
    }

    @Override
    public LearnerSpec spec() {
        return spec;
    }

    /** The shard whose rows training plans. */
    void setShard(int shard) {
        this.shard = shard;
    }

    int shard() {
        return shard;
    }

    AdaptedTransformer adapted() {
        return adapted;
    }

    /** What the layer computes with. */
    ModelRuntime runtime() {
        if (runtime == null) {
            runtime = ModelRuntime.acquire(spec.modelUri(), spec.modelSha256(), spec.architecture(), spec.compute());
        }
        return runtime;
    }

    @Override
    public Kernels kernels() {
        return runtime().kernels();
    }

    @Override
    public List<AdamW.Segment> segments(ParameterLayout.Counts counts) {
        return layout.adapterSegments(adapted.activity(), counts);
    }

    @Override
    public TrainingConfig getConfig() {
        return new LayerTraining(layerConf(), this);
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr workspaceMgr) {
        assertInputSet(false);
        endPass();
        PassInputs inputs = PassInputs.of(spec.head(), runtime());
        Batch plain = BatchArrays.batch(input);
        batch = training ? inputs.training(plain, spec.noise(getIterationCount(), shard)) : inputs.evaluation(plain);
        adapters = values();
        return training ? train(workspaceMgr) : infer(workspaceMgr);
    }

    /** The adapters in the dtype of activations. */
    private Tensor values() {
        Memory memory = kernels().memory();
        long length = paramsFlattened.length();
        Tensor shared = memory.share(HostArrays.of(paramsFlattened), memory.activations(), 1, length);
        return shared == null ? memory.upload(HostArrays.of(paramsFlattened), 1, length) : shared;
    }

    private INDArray train(LayerWorkspaceMgr workspaceMgr) {
        AdaptedTransformer.Step step = adapted.begin(getIterationCount(), shard, batch.size());
        List<StepPlan.Selection> selections = step.plan().selections();
        Head head = head();
        INDArray output = null;
        for (int i = 0; i < selections.size(); i++) {
            Transformer.Pass pass = runtime()
                    .transformer()
                    .forward(batch, adapted.adapters(step, selections.get(i).rows(), adapters));
            passes.add(pass);
            try (Tensor states = head.read(pass.hidden(), batch)) {
                if (output == null) {
                    output = output(selections.size() * states.shape()[0], workspaceMgr);
                }
                kernels().memory().download(states, HostArrays.of(part(output, i, states.shape()[0])));
            }
        }
        return output;
    }

    private INDArray infer(LayerWorkspaceMgr workspaceMgr) {
        Window all = new Window(0, spec.adapter().rank());
        RowsBySlot rows = RowsBySlot.everywhere(spec.adapterMethod().inference(all));
        Head head = head();
        INDArray[] output = new INDArray[1];
        runtime()
                .transformer()
                .infer(batch, List.of(Adapters.of(adapted.layout(), adapters, rows)), (selection, hidden) -> {
                    try (Tensor states = head.read(hidden, batch)) {
                        output[0] = output(states.shape()[0], workspaceMgr);
                        kernels().memory().download(states, HostArrays.of(output[0]));
                    }
                });
        endPass();
        return output[0];
    }

    private Head head() {
        return Head.of(spec.head(), spec.loss(), runtime());
    }

    private INDArray output(long rows, LayerWorkspaceMgr workspaceMgr) {
        return workspaceMgr.createUninitialized(
                ArrayType.ACTIVATIONS,
                dataType,
                new long[] {rows, spec.architecture().width()},
                'c');
    }

    private static INDArray part(INDArray all, int index, long rows) {
        return all.get(NDArrayIndex.interval(index * rows, (index + 1) * rows), NDArrayIndex.all());
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaceMgr) {
        if (passes.isEmpty()) {
            throw new IllegalStateException("A backward pass needs a forward pass in training mode before it");
        }
        Head head = head();
        long rows = epsilon.size(0) / passes.size();
        try (HostTensor gradient =
                HostTensor.write(kernels().memory(), HostArrays.of(gradientsFlattened), gradientsFlattened.length())) {
            kernels().pointwise().fill(gradient.tensor(), 0);
            for (int i = 0; i < passes.size(); i++) {
                INDArray ofPass = part(epsilon, i, rows);
                try (HostTensor dStates =
                        HostTensor.read(kernels().memory(), HostArrays.of(ofPass), rows, epsilon.size(1))) {
                    Tensor dHidden = head.readBackward(dStates.tensor(), batch);
                    adapted.backward(runtime().transformer(), passes.get(i), dHidden, gradient.tensor());
                }
            }
        }
        adapted.countStep(batch);
        endPass();
        Gradient gradients = new DefaultGradient(gradientsFlattened);
        gradientViews.forEach(gradients::setGradientFor);
        return new Pair<>(gradients, null);
    }

    /**
     * Makes the training forward pass of a step once more, looking at each block's output.
     *
     * @return the first block whose output is not finite; −1 where the embeddings are not, the number of blocks where all
     *     is finite
     */
    int firstNotFinite(Batch given, long step) {
        AdaptedTransformer.Step again = adapted.plan(step, shard, given.size());
        StepPlan.Selection last =
                again.plan().selections().get(again.plan().selections().size() - 1);
        Batch formed = PassInputs.of(spec.head(), runtime()).training(given, spec.noise(step, shard));
        try (Tensor values = values()) {
            return runtime().transformer().firstNotFinite(formed, adapted.adapters(again, last.rows(), values));
        }
    }

    @Override
    public void clear() {
        super.clear();
        endPass();
    }

    private void endPass() {
        passes.forEach(Transformer.Pass::close);
        passes.clear();
        if (adapters != null) {
            adapters.close();
            adapters = null;
        }
    }

    @Override
    public boolean isPretrainLayer() {
        return false;
    }

    /** Returns what the layer computes with, until the next pass. */
    void release() {
        endPass();
        if (runtime != null) {
            runtime.close();
            runtime = null;
        }
    }
}
