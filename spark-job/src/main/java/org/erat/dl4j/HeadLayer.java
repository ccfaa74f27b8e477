package org.erat.dl4j;

import java.util.List;
import javax.annotation.Nullable;
import org.deeplearning4j.nn.api.TrainingConfig;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BaseOutputLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.erat.compute.AdamW;
import org.erat.compute.HostTensor;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.data.tokenized.Targets;
import org.erat.head.Head;
import org.erat.learner.LearnerSpec;
import org.erat.learner.ParameterLayout;
import org.erat.method.AdapterMethod;
import org.erat.method.StepPlan;
import org.erat.model.ModelRuntime;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * A task head as a Deeplearning4j output layer: its input is the hidden states that the head reads, [S·M,H] for a step of S
 * selections of rows, its labels those of {@link BatchArrays}.
 */
public final class HeadLayer extends BaseOutputLayer<HeadLayerConf> implements UpdatedLayer {
    private final transient LearnerSpec spec;
    private final transient ParameterLayout layout;
    private final transient AdapterMethod method;
    private int shard;

    @Nullable
    private transient ModelRuntime runtime;

    @Nullable
    private INDArray losses;

    HeadLayer(NeuralNetConfiguration conf, DataType dataType, LearnerSpec spec) {
        super(conf, dataType);
        this.spec = spec;
        this.layout = spec.layout();
        this.method = spec.adapterMethod();
    }

    @Override
    public LearnerSpec spec() {
        return spec;
    }

    /** The shard whose rows training plans. */
    void setShard(int shard) {
        this.shard = shard;
    }

    /** What the layer computes with: in a task, the same kernels and memory as the transformer, though only arrays pass. */
    private ModelRuntime runtime() {
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
        return layout.headSegments(counts);
    }

    @Override
    public TrainingConfig getConfig() {
        return new LayerTraining(layerConf(), this);
    }

    // ---- inference

    /** Probabilities of the classes [M,C], or numbers [M,1]. */
    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr workspaceMgr) {
        assertInputSet(false);
        INDArray outputs = workspaceMgr.createUninitialized(
                ArrayType.ACTIVATIONS,
                dataType,
                new long[] {input.size(0), spec.head().outputs()},
                'c');
        try (HostTensor states = states(input);
                HostTensor values = values();
                Tensor ofStates = head().outputs(states.tensor(), parameters(values, null))) {
            kernels().memory().download(ofStates, HostArrays.of(outputs));
        }
        return switch (spec.head().loss()) {
            case SQUARED_ERROR -> outputs;
            case BINARY_CROSS_ENTROPY -> Transforms.sigmoid(outputs, false);
            case CROSS_ENTROPY, NEXT_TOKEN, MASKED_TOKEN -> Transforms.softmax(outputs, false);
        };
    }

    private HostTensor states(INDArray rows) {
        return HostTensor.read(kernels().memory(), HostArrays.of(rows), rows.size(0), rows.size(1));
    }

    private Head head() {
        return Head.of(spec.head(), spec.loss(), runtime());
    }

    private static Head.Parameters parameters(@Nullable HostTensor values, @Nullable HostTensor gradient) {
        return new Head.Parameters(
                values == null ? null : values.tensor(), gradient == null ? null : gradient.tensor(), 0);
    }

    private boolean hasParameters() {
        return layout.headGroup().length() > 0;
    }

    @Nullable
    private HostTensor values() {
        return !hasParameters()
                ? null
                : HostTensor.read(kernels().memory(), HostArrays.of(paramsFlattened), paramsFlattened.length());
    }

    // ---- training

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaceMgr) {
        assertInputSet(true);
        INDArray dStates = workspaceMgr.createUninitialized(
                ArrayType.ACTIVATION_GRAD, dataType, new long[] {input.size(0), input.size(1)}, 'c');
        if (!hasParameters()) {
            run(null, dStates);
            return new Pair<>(new DefaultGradient(), dStates);
        }
        try (HostTensor gradient =
                HostTensor.write(kernels().memory(), HostArrays.of(gradientsFlattened), gradientsFlattened.length())) {
            kernels().pointwise().fill(gradient.tensor(), 0);
            run(gradient, dStates);
        }
        Gradient gradients = new DefaultGradient(gradientsFlattened);
        gradientViews.forEach(gradients::setGradientFor);
        return new Pair<>(gradients, dStates);
    }

    /**
     * The losses of the last selection and, where asked for, gradients of all.
     *
     * @param gradient to which the head's is added; null for losses only, and where the head has no parameters
     * @param dStates receives that of the input; null for losses only
     */
    private void run(@Nullable HostTensor gradient, @Nullable INDArray dStates) {
        Targets targets = BatchArrays.targets(labels, spec.head());
        int rows = targets.count();
        int passes = (int) input.size(0) / rows;
        double[] weights = weights(passes);
        losses = Nd4j.createUninitialized(dataType, rows);
        Head head = head();
        try (HostTensor values = values();
                Tensor lossOfRows = kernels().memory().allocateSingle(rows)) {
            for (int i = 0; i < passes; i++) {
                try (HostTensor states = states(part(input, i, rows))) {
                    if (dStates == null) {
                        head.loss(states.tensor(), targets, parameters(values, null), lossOfRows);
                    } else {
                        try (Tensor ofPass = head.lossGradient(
                                states.tensor(),
                                targets,
                                weights[i],
                                spec.headDropout(getIterationCount(), shard),
                                0,
                                parameters(values, gradient),
                                lossOfRows)) {
                            kernels().memory().download(ofPass, HostArrays.of(part(dStates, i, rows)));
                        }
                    }
                }
            }
            kernels().memory().download(lossOfRows, HostArrays.of(losses));
        }
    }

    /** Weights of the step's selections, as the method plans them anew: nothing but arrays passes between layers. */
    private double[] weights(int passes) {
        return passes == 1
                ? new double[] {1}
                : method.plan(getIterationCount(), shard, (int) labels.size(0)).selections().stream()
                        .mapToDouble(StepPlan.Selection::weight)
                        .toArray();
    }

    private static INDArray part(INDArray all, int index, long rows) {
        return all.get(NDArrayIndex.interval(index * rows, (index + 1) * rows), NDArrayIndex.all());
    }

    /** Mean loss over the targets. Nothing is added to it: weight decay is no part of the loss. */
    @Override
    public double computeScore(double fullNetRegTerm, boolean training, LayerWorkspaceMgr workspaceMgr) {
        if (losses == null) {
            run(null, null);
        }
        double sum = 0;
        for (long i = 0; i < losses.length(); i++) {
            sum += losses.getDouble(i);
        }
        return sum / losses.length();
    }

    /** Losses [M,1]. */
    @Override
    public INDArray computeScoreForExamples(double fullNetRegTerm, LayerWorkspaceMgr workspaceMgr) {
        run(null, null);
        return losses.reshape('c', losses.length(), 1);
    }

    @Override
    public void setInput(INDArray newInput, LayerWorkspaceMgr workspaceMgr) {
        super.setInput(newInput, workspaceMgr);
        losses = null;
    }

    @Override
    public void clear() {
        super.clear();
        losses = null;
    }

    @Override
    protected INDArray getLabels2d(LayerWorkspaceMgr workspaceMgr, ArrayType arrayType) {
        return labels;
    }

    @Override
    public boolean isPretrainLayer() {
        return false;
    }

    /** Returns what the layer computes with, until the next pass. */
    void release() {
        if (runtime != null) {
            runtime.close();
            runtime = null;
        }
    }
}
