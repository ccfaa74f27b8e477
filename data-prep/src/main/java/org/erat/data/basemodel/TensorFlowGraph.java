package org.erat.data.basemodel;

import java.util.List;
import java.util.Optional;
import org.erat.data.BadInputException;
import org.erat.data.architecture.Activation;
import org.nd4j.shade.protobuf.InvalidProtocolBufferException;
import org.tensorflow.framework.NodeDef;
import org.tensorflow.framework.SavedModel;
import org.tensorflow.framework.TensorProto;

/**
 * What the graph of a TensorFlow BERT says that its variables do not: how many heads there are, the epsilon of layer norm
 * and the activation.
 *
 * @param heads attention heads
 * @param layerNormEps epsilon of layer normalisation
 * @param activation {@code GELU} or {@code RELU}
 */
record TensorFlowGraph(int heads, double layerNormEps, Activation activation) {
    private static final String LAYER = "bert/encoder/layer_0/";

    /**
     * Reads a {@code saved_model.pb}.
     *
     * @param where the archive entry that it comes from, for messages
     * @throws BadInputException if it is not the graph of a BERT model
     */
    static TensorFlowGraph read(byte[] savedModel, String where) {
        List<NodeDef> nodes;
        try {
            nodes = SavedModel.parseFrom(savedModel).getMetaGraphsList().stream()
                    .flatMap(graph -> graph.getGraphDef().getNodeList().stream())
                    .toList();
        } catch (InvalidProtocolBufferException e) {
            throw new BadInputException(where + ": is not a readable TensorFlow graph. Get the archive again.", e);
        }
        // The projected queries are reshaped to [examples, tokens, heads, width of a head].
        int heads = constant(nodes, LAYER + "attention/self/Reshape/shape/2")
                .filter(t -> t.getIntValCount() == 1 && t.getIntVal(0) > 0)
                .map(t -> t.getIntVal(0))
                .orElseThrow(() -> undetermined(where, "its number of attention heads"));
        double epsilon = constant(nodes, "bert/embeddings/LayerNorm/batchnorm/add/y")
                .filter(t -> t.getFloatValCount() == 1)
                .map(t -> OnnxGraph.decimal(t.getFloatVal(0)))
                .orElseThrow(() -> undetermined(where, "the epsilon of its layer norm"));
        return new TensorFlowGraph(heads, epsilon, activation(nodes, where));
    }

    private static Optional<TensorProto> constant(List<NodeDef> nodes, String name) {
        return nodes.stream()
                .filter(n -> n.getOp().equals("Const") && isNamed(n, name))
                .findFirst()
                .map(n -> n.getAttrMap().get("value"))
                .map(value -> value.getTensor());
    }

    private static Activation activation(List<NodeDef> nodes, String where) {
        for (NodeDef node : nodes) {
            if (node.getName().contains(LAYER + "intermediate/")) {
                switch (node.getOp()) {
                    case "Erf" -> {
                        return Activation.GELU;
                    }
                    case "Tanh" -> {
                        // Google's code came to compute "gelu" by its tanh approximation, for the same checkpoints and
                        // under the same name in their configuration; Hugging Face runs them with the exact one.
                        return Activation.GELU;
                    }
                    case "Relu" -> {
                        return Activation.RELU;
                    }
                    default -> {
                        // Part of the formula of an activation.
                    }
                }
            }
        }
        throw undetermined(where, "its activation");
    }

    // The same graph is there several times under different prefixes, once for each of its signatures.
    private static boolean isNamed(NodeDef node, String name) {
        return node.getName().equals(name) || node.getName().endsWith("/" + name);
    }

    private static BadInputException undetermined(String where, String what) {
        return new BadInputException(where + ": " + what
                + " cannot be told from the graph. Import the model from its Hugging Face directory.");
    }
}
