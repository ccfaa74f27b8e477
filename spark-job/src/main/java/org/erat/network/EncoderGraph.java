package org.erat.network;

import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.weights.WeightInit;
import org.erat.config.TrainingSettings;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
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
        if (settings.training().weightDecay() > 0) {
            // Decoupled and times the learning rate, as AdamW has it; row-lazy AdamW decays its own rows.
            defaults.weightDecay(settings.training().weightDecay(), true);
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
                new Adam.Builder()
                        .learningRateSchedule(settings.learningRate())
                        .beta1(training.beta1())
                        .beta2(training.beta2())
                        .epsilon(training.epsilon())
                        .build();
            case SGD -> new Sgd(settings.learningRate());
        };
    }
}
