package org.erat.network;

import java.util.List;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.model.TokenBatch;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Steps whose parameters, gradients and optimizer state stay where the encoder computes: of each step only token ids,
 * windows and targets go there and four numbers come back. They are the steps of {@link GraphSteps} but for rounding.
 */
final class DeviceSteps implements LocalSteps {
    private final ComputationGraph graph;
    private final double clipNorm;
    private final EncoderLayer encoder;
    private final Kernels kernels;
    private final DeviceHead head;
    private final DeviceOptimizer optimizer;
    private final INDArray summaryHere;

    // On the device: all parameters, their gradients, the optimizer's state, the adapters in the format of activations.
    private final Tensor parameters;
    private final Tensor gradient;
    private final Tensor state;
    private final Tensor adapters;
    private final Tensor summary;

    static boolean serve(ComputationGraph graph) {
        return DeviceOptimizer.serves(graph);
    }

    DeviceSteps(ComputationGraph graph, double clipNorm) {
        this.graph = graph;
        this.clipNorm = clipNorm;
        this.encoder = EncoderGraph.encoder(graph);
        this.kernels = encoder.passes().kernels();
        long ofAdapters = encoder.spec().layout().length();
        this.head = new DeviceHead(kernels, graph, ofAdapters);
        this.optimizer = new DeviceOptimizer(graph);
        optimizer.readCounts(state());
        summaryHere = Nd4j.create(kernels.dataType(), Kernels.SUMMARY);
        parameters = kernels.uploadSingle(vector(graph.params()));
        state = kernels.uploadSingle(vector(state()));
        gradient = kernels.allocateSingle(graph.numParams());
        adapters = kernels.allocate(1, ofAdapters);
        summary = kernels.allocateSingle(Kernels.SUMMARY);
    }

    private INDArray state() {
        return graph.getUpdater().getStateViewArray();
    }

    private static INDArray vector(INDArray flat) {
        return flat.reshape(flat.length());
    }

    @Override
    public double step(MultiDataSet batch) {
        int iteration = graph.getConfiguration().getIterationCount();
        int epoch = graph.getConfiguration().getEpochCount();
        TokenBatch tokens = EncoderLayer.tokenBatch(batch.getFeatures(0), batch.getFeaturesMaskArray(0));
        EncoderPasses passes = encoder.passes();
        kernels.assign(parameters.matrix(0, 1, adapters.shape()[1]), adapters);
        kernels.fill(gradient, 0);
        EncoderPasses.Step step = new EncoderPasses.Step(iteration, encoder.worker());
        try (Tensor losses = kernels.allocateSingle(tokens.size());
                Tensor pooled = passes.train(tokens, step, adapters);
                Tensor dPooled = head.run(pooled, batch.getLabels(0), parameters, gradient, losses)) {
            passes.backward(dPooled, gradient);
            kernels.summarise(losses, gradient, clipNorm, summary);
        }
        optimizer.step(kernels, iteration, epoch, parameters, gradient, state, summary);
        kernels.download(summary, summaryHere);
        double loss = summaryHere.getDouble(Kernels.SUMMARY_LOSS);
        if (Double.isNaN(summaryHere.getDouble(Kernels.SUMMARY_FACTOR))) {
            bringBack();
            kernels.download(gradient, graph.getFlattenedGradients());
            throw NotFiniteException.before(loss, summaryHere.getDouble(Kernels.SUMMARY_NORM));
        }
        optimizer.count();
        if (summaryHere.getDouble(Kernels.SUMMARY_LEFT_RANGE) != 0) {
            bringBack();
            throw NotFiniteException.after(loss);
        }
        graph.getConfiguration().setIterationCount(iteration + 1);
        return loss;
    }

    @Override
    public void finish() {
        bringBack();
    }

    private void bringBack() {
        kernels.download(parameters, graph.params());
        kernels.download(state, state());
        optimizer.writeCounts(state());
        EncoderGraph.startAt(
                graph,
                graph.getConfiguration().getIterationCount(),
                graph.getConfiguration().getEpochCount());
    }

    @Override
    public void close() {
        encoder.passes().release();
        List.of(parameters, gradient, state, adapters, summary).forEach(Tensor::close);
    }
}
