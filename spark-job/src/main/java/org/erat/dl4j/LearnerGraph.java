package org.erat.dl4j;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.config.Precision;
import org.erat.config.TrainingSettings.Optimizer;
import org.erat.data.architecture.Families;
import org.erat.data.architecture.ModelTensors;
import org.erat.head.HeadLayout;
import org.erat.learner.LearnerSpec;
import org.erat.model.BaseModel;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The graph of a learner: transformer layer → head. Its parameters are adapters and head, nothing else. */
public final class LearnerGraph {
    private static final Logger LOG = LoggerFactory.getLogger(LearnerGraph.class);
    private static final String INPUT = "tokens";
    private static final String TRANSFORMER = "transformer";
    private static final String HEAD = "head";

    private LearnerGraph() {}

    /** Configuration of the graph. */
    public static ComputationGraphConfiguration configuration(LearnerSpec spec) {
        TransformerLayerConf transformer = new TransformerLayerConf(spec);
        transformer.setIUpdater(updater(spec, TRANSFORMER, spec.adapter().rank()));
        HeadLayerConf head = new HeadLayerConf(spec);
        head.setIUpdater(updater(spec, HEAD, 1));
        return new NeuralNetConfiguration.Builder()
                .seed(spec.seed())
                .dataType(spec.compute().precision() == Precision.F64 ? DataType.DOUBLE : DataType.FLOAT)
                // Gradients are those of the mean loss: Deeplearning4j need not divide them.
                .miniBatch(false)
                .trainingWorkspaceMode(WorkspaceMode.NONE)
                .inferenceWorkspaceMode(WorkspaceMode.NONE)
                .graphBuilder()
                .addInputs(INPUT)
                .addLayer(TRANSFORMER, transformer, INPUT)
                .addLayer(HEAD, head, TRANSFORMER)
                .setOutputs(HEAD)
                .build();
    }

    private static IUpdater updater(LearnerSpec spec, String group, int countsOfArray) {
        return spec.optimizer().kind() == Optimizer.SGD
                ? new Sgd(new LearningRateSchedule(spec.learningRate()))
                : new AdamWUpdaterConf(spec.learningRate(), group, countsOfArray);
    }

    /** A graph with initial values: of layers that are the base model's pooler, the checkpoint's. */
    public static ComputationGraph create(LearnerSpec spec) {
        ComputationGraph graph = new ComputationGraph(configuration(spec));
        graph.init();
        startFromPooler(spec, graph);
        return graph;
    }

    private static void startFromPooler(LearnerSpec spec, ComputationGraph graph) {
        String prefix = Families.of(spec.architecture()).prefixInModelWithHead();
        Map<String, HeadLayout.Array> arrays = new HashMap<>();
        for (HeadLayout.Array array : spec.head().layout().arrays()) {
            arrays.put(array.name(), array);
        }
        arrays.keySet()
                .retainAll(ModelTensors.pooler(spec.architecture()).keySet().stream()
                        .flatMap(name -> Stream.of(name, prefix + name))
                        .toList());
        if (arrays.isEmpty()) {
            return;
        }
        INDArray all = head(graph).params();
        INDArray head = all.reshape(all.length());
        BaseModel.pooler(spec.modelUri()).forEach((name, tensor) -> {
            // A pooler is a part of the model, or stands outside of it as the head does.
            HeadLayout.Array array = Objects.requireNonNull(arrays.getOrDefault(name, arrays.get(prefix + name)));
            float[] values = new float[array.length()];
            tensor.values().get(values);
            HostArrays.write(values, head.get(NDArrayIndex.interval(array.offset(), array.offset() + array.length())));
        });
    }

    /** A graph with values that mean nothing yet. */
    static ComputationGraph create(String configuration) {
        ComputationGraph graph = new ComputationGraph(ComputationGraphConfiguration.fromJson(configuration));
        graph.init();
        return graph;
    }

    /**
     * Begins to load Deeplearning4j and ND4J on a thread of its own and returns: their thousands of classes and their
     * native libraries take seconds, in which the caller can start Spark.
     */
    public static void loadInBackground() {
        Thread loading = new Thread(LearnerGraph::smallest, "loading Deeplearning4j");
        loading.setDaemon(true);
        loading.setUncaughtExceptionHandler((thread, failure) ->
                LOG.debug("Deeplearning4j did not load; the next graph that is made tells why", failure));
        loading.start();
    }

    private static void smallest() {
        ComputationGraphConfiguration configuration = new NeuralNetConfiguration.Builder()
                .graphBuilder()
                .addInputs(INPUT)
                .addLayer(
                        HEAD,
                        new OutputLayer.Builder(LossFunctions.LossFunction.MSE)
                                .nIn(1)
                                .nOut(1)
                                .build(),
                        INPUT)
                .setOutputs(HEAD)
                .build();
        new ComputationGraph(configuration).init();
    }

    /**
     * Sets a graph to the start of a step: its rows, dropout masks and learning rate are those of the step from here on.
     * Deeplearning4j itself tells layers their step only after a {@code fit}.
     *
     * @param step local steps made before, 0 or more
     * @param epoch passes over the data made before
     */
    public static void startAt(ComputationGraph graph, int step, int epoch) {
        graph.getConfiguration().setIterationCount(step);
        graph.getConfiguration().setEpochCount(epoch);
        for (Layer layer : graph.getLayers()) {
            layer.setIterationCount(step);
            layer.setEpochCount(epoch);
        }
    }

    /** Sets the shard whose rows training plans. */
    public static void setShard(ComputationGraph graph, int shard) {
        transformer(graph).setShard(shard);
        head(graph).setShard(shard);
    }

    /** The transformer layer of a graph made here. */
    public static TransformerLayer transformer(ComputationGraph graph) {
        return (TransformerLayer) graph.getLayer(TRANSFORMER);
    }

    /** The head of a graph made here. */
    public static HeadLayer head(ComputationGraph graph) {
        return (HeadLayer) graph.getLayer(HEAD);
    }

    /** Returns what a graph computes with, until its next pass. */
    static void release(ComputationGraph graph) {
        transformer(graph).release();
        head(graph).release();
    }
}
