package org.erat.network;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.weights.WeightInit;
import org.erat.config.TrainingSettings;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.linalg.lossfunctions.LossFunctions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The graph: encoder layer → dense layer with tanh → output layer. Its parameters are adapters and head, nothing else. */
public final class EncoderGraph {
    /** Name of the encoder layer. */
    public static final String ENCODER = "encoder";

    private static final Logger LOG = LoggerFactory.getLogger(EncoderGraph.class);
    private static final String INPUT = "tokens";
    private static final String DENSE = "dense";
    static final String OUTPUT = "output";

    private EncoderGraph() {}

    /** Configuration of the graph for an encoder and its head. */
    public static ComputationGraphConfiguration configuration(EncoderSpec spec, GraphSettings settings) {
        IUpdater head = headUpdater(settings);
        EncoderLayerConf encoder = new EncoderLayerConf(spec);
        encoder.setIUpdater(encoderUpdater(spec, settings, head));
        encoder.setRegularization(weightDecay(settings));
        int width = spec.model().hiddenSize();
        DenseLayer.Builder dense =
                new DenseLayer.Builder().nIn(width).nOut(width).activation(Activation.TANH);
        OutputLayer.Builder output = settings.regression()
                ? new OutputLayer.Builder(LossFunctions.LossFunction.MSE).activation(Activation.IDENTITY)
                : new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).activation(Activation.SOFTMAX);
        return new NeuralNetConfiguration.Builder()
                .seed(spec.seed())
                .dataType(settings.dataType())
                .trainingWorkspaceMode(WorkspaceMode.NONE)
                .inferenceWorkspaceMode(WorkspaceMode.NONE)
                .weightInit(WeightInit.XAVIER)
                .updater(head)
                .graphBuilder()
                .addInputs(INPUT)
                .addLayer(ENCODER, encoder, INPUT)
                .addLayer(DENSE, dense.regularization(weightDecay(settings)).build(), ENCODER)
                .addLayer(
                        OUTPUT,
                        output.nIn(width)
                                .nOut(settings.outputs())
                                .regularization(weightDecay(settings))
                                .build(),
                        DENSE)
                .setOutputs(OUTPUT)
                .build();
    }

    /** A graph with initial values. */
    public static ComputationGraph create(EncoderSpec spec, GraphSettings settings) {
        ComputationGraph graph = new ComputationGraph(configuration(spec, settings));
        graph.init();
        return graph;
    }

    /**
     * Begins to load Deeplearning4j and ND4J on a thread of its own and returns: their thousands of classes and their
     * native libraries take seconds, in which the caller can start Spark.
     */
    public static void loadInBackground() {
        Thread loading = new Thread(EncoderGraph::smallest, "loading Deeplearning4j");
        loading.setDaemon(true);
        loading.setUncaughtExceptionHandler((thread, failure) ->
                LOG.debug("Deeplearning4j did not load; whoever makes a graph next is told why", failure));
        loading.start();
    }

    private static void smallest() {
        ComputationGraphConfiguration configuration = new NeuralNetConfiguration.Builder()
                .graphBuilder()
                .addInputs(INPUT)
                .addLayer(
                        OUTPUT,
                        new OutputLayer.Builder(LossFunctions.LossFunction.MSE)
                                .nIn(1)
                                .nOut(1)
                                .build(),
                        INPUT)
                .setOutputs(OUTPUT)
                .build();
        new ComputationGraph(configuration).init();
    }

    /**
     * Sets a graph to the start of a step: its windows, dropout masks and learning rate are those of the step from here
     * on. Deeplearning4j itself tells layers their step only after a {@code fit}.
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

    /** The encoder layer of a graph made here. */
    public static EncoderLayer encoder(ComputationGraph graph) {
        return (EncoderLayer) graph.getLayer(ENCODER);
    }

    /** Given to each layer on its own: Deeplearning4j applies a default of the whole graph twice. */
    private static List<Regularization> weightDecay(GraphSettings settings) {
        double decay = settings.training().weightDecay();
        // A list that can grow: Kryo, by which dl4j-spark's own master sends a graph, fills it by adding.
        List<Regularization> regularization = new ArrayList<>();
        if (decay != 0) {
            regularization.add(new DecoupledWeightDecay(decay));
        }
        return regularization;
    }

    private static IUpdater encoderUpdater(EncoderSpec spec, GraphSettings settings, IUpdater head) {
        TrainingSettings training = settings.training();
        if (training.optimizer() != TrainingSettings.Optimizer.ADAMW_ROW_LAZY) {
            return head.clone();
        }
        return new RowLazyAdamW(
                settings.learningRate(),
                training.beta1(),
                training.beta2(),
                training.epsilon(),
                training.weightDecay(),
                spec.schedule().rank());
    }

    private static IUpdater headUpdater(GraphSettings settings) {
        TrainingSettings training = settings.training();
        return switch (training.optimizer()) {
            case ADAMW_ROW_LAZY, ADAMW_DENSE ->
                new DenseAdamW(settings.learningRate(), training.beta1(), training.beta2(), training.epsilon());
            case SGD -> new Sgd(settings.learningRate());
        };
    }
}
