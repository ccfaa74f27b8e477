package org.erat.network;

import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions;

/** The graph: encoder layer → dense layer with tanh → output layer. Its parameters are adapters and head, nothing else. */
public final class EncoderGraph {
    /** Name of the encoder layer. */
    public static final String ENCODER = "encoder";

    private static final String INPUT = "tokens";
    private static final String DENSE = "dense";
    private static final String OUTPUT = "output";

    private EncoderGraph() {}

    /** Configuration of the graph for an encoder and its head. */
    public static ComputationGraphConfiguration configuration(EncoderSpec spec, GraphSettings settings) {
        IUpdater head = headUpdater(settings);
        EncoderLayerConf encoder = new EncoderLayerConf(spec);
        encoder.setIUpdater(encoderUpdater(spec, settings, head));
        int width = spec.model().hiddenSize();
        OutputLayer.Builder output = settings.regression()
                ? new OutputLayer.Builder(LossFunctions.LossFunction.MSE).activation(Activation.IDENTITY)
                : new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).activation(Activation.SOFTMAX);
        NeuralNetConfiguration.Builder defaults = new NeuralNetConfiguration.Builder()
                .seed(spec.seed())
                .dataType(settings.dataType())
                .trainingWorkspaceMode(WorkspaceMode.NONE)
                .inferenceWorkspaceMode(WorkspaceMode.NONE)
                .weightInit(WeightInit.XAVIER)
                .updater(head);
        if (settings.weightDecay() > 0 && isAdam(settings)) {
            defaults.weightDecay(settings.weightDecay(), true);
        }
        return defaults.graphBuilder()
                .addInputs(INPUT)
                .addLayer(ENCODER, encoder, INPUT)
                .addLayer(
                        DENSE,
                        new DenseLayer.Builder()
                                .nIn(width)
                                .nOut(width)
                                .activation(Activation.TANH)
                                .build(),
                        ENCODER)
                .addLayer(OUTPUT, output.nIn(width).nOut(settings.outputs()).build(), DENSE)
                .setOutputs(OUTPUT)
                .build();
    }

    /** A graph with initial values. */
    public static ComputationGraph create(EncoderSpec spec, GraphSettings settings) {
        ComputationGraph graph = new ComputationGraph(configuration(spec, settings));
        graph.init();
        return graph;
    }

    /** The encoder layer of a graph made here. */
    public static EncoderLayer encoder(ComputationGraph graph) {
        return (EncoderLayer) graph.getLayer(ENCODER);
    }

    private static boolean isAdam(GraphSettings settings) {
        return settings.optimizer() == GraphSettings.Optimizer.ROW_LAZY_ADAMW
                || settings.optimizer() == GraphSettings.Optimizer.DENSE_ADAMW;
    }

    private static IUpdater encoderUpdater(EncoderSpec spec, GraphSettings settings, IUpdater head) {
        if (settings.optimizer() != GraphSettings.Optimizer.ROW_LAZY_ADAMW) {
            return head.clone();
        }
        return new RowLazyAdamW(
                settings.learningRate(),
                settings.beta1(),
                settings.beta2(),
                settings.epsilon(),
                settings.weightDecay(),
                spec.schedule().rank());
    }

    private static IUpdater headUpdater(GraphSettings settings) {
        return switch (settings.optimizer()) {
            case ROW_LAZY_ADAMW, DENSE_ADAMW ->
                new Adam.Builder()
                        .learningRateSchedule(settings.learningRate())
                        .beta1(settings.beta1())
                        .beta2(settings.beta2())
                        .epsilon(settings.epsilon())
                        .build();
            case SGD -> new Sgd(settings.learningRate());
            case NONE -> new NoOp();
        };
    }
}
