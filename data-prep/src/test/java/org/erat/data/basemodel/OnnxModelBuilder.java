package org.erat.data.basemodel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import onnx.Onnx;
import org.erat.data.architecture.Activation;
import org.erat.data.architecture.Architecture;
import org.erat.data.safetensors.FloatTensor;
import org.nd4j.shade.protobuf.ByteString;

/**
 * A BERT graph as PyTorch exports it, reduced to what says which weight is which: linear weights are anonymous and
 * [in, out], and stored in an order that has nothing to do with their use.
 */
final class OnnxModelBuilder {
    private final Architecture architecture;
    private final Onnx.GraphProto.Builder graph = Onnx.GraphProto.newBuilder();
    private final List<Onnx.TensorProto> anonymous = new ArrayList<>();
    private int constants;

    OnnxModelBuilder(Architecture architecture) {
        this.architecture = architecture;
    }

    byte[] build(Map<String, FloatTensor> tensors) {
        tensors.forEach((name, tensor) -> {
            boolean linear = name.startsWith("encoder.") && name.endsWith(".weight") && !name.contains("LayerNorm");
            if (linear) {
                linear(name, tensor);
            } else {
                graph.addInitializer(floats(name, tensor.shape(), SyntheticModel.values(tensor.values())));
                node("Identity", "/used/" + name.replace('.', '_'), name);
            }
        });
        // Backwards, so that neither order nor number of a weight gives its use away.
        for (int i = anonymous.size() - 1; i >= 0; i--) {
            graph.addInitializer(anonymous.get(i));
        }
        norm();
        for (int layer = 0; layer < architecture.blocks(); layer++) {
            heads("/encoder/layer." + layer + "/attention/self");
            node(
                    architecture.feedForward().activation() == Activation.RELU ? "Relu" : "Erf",
                    "/encoder/layer." + layer + "/intermediate/intermediate_act_fn/Act",
                    "x");
        }
        return Onnx.ModelProto.newBuilder()
                .setIrVersion(6)
                .setGraph(graph)
                .build()
                .toByteArray();
    }

    /** Adds a node that the model does not need. */
    OnnxModelBuilder with(String op, String name) {
        node(op, name, "x");
        return this;
    }

    private void linear(String name, FloatTensor weight) {
        int out = (int) weight.shape()[0];
        int in = (int) weight.shape()[1];
        float[] values = SyntheticModel.values(weight.values());
        float[] transposed = new float[values.length];
        for (int o = 0; o < out; o++) {
            for (int i = 0; i < in; i++) {
                transposed[i * out + o] = values[o * in + i];
            }
        }
        String stored = "onnx::MatMul_" + (900 - anonymous.size());
        anonymous.add(floats(stored, new long[] {in, out}, transposed));
        String scope =
                "/" + name.substring(0, name.length() - ".weight".length()).replace(".", "/");
        node("MatMul", scope.replaceFirst("layer/", "layer.") + "/MatMul", "x", stored);
    }

    private void norm() {
        String scope = "/embeddings/LayerNorm";
        String epsilon = constant(
                floats("", new long[0], new float[] {(float) architecture.norm().epsilon()}));
        node("Add", scope + "/Add", "variance", epsilon);
        node("Sqrt", scope + "/Sqrt", scope + "/Add_output_0");
    }

    private void heads(String scope) {
        node("Add", scope + "/query/Add", "x", "y");
        String heads = constant(integers(architecture.heads().query()));
        String width = constant(integers(architecture.heads().width()));
        node("Concat", scope + "/Concat", "batch", "tokens", heads, width);
        node("Reshape", scope + "/Reshape", scope + "/query/Add_output_0", scope + "/Concat_output_0");
    }

    private void node(String op, String name, String... inputs) {
        graph.addNode(Onnx.NodeProto.newBuilder()
                .setOpType(op)
                .setName(name)
                .addAllInput(Arrays.asList(inputs))
                .addOutput(name + "_output_0"));
    }

    private String constant(Onnx.TensorProto value) {
        String name = "constant_" + constants++;
        graph.addNode(Onnx.NodeProto.newBuilder()
                .setOpType("Constant")
                .addOutput(name)
                .addAttribute(Onnx.AttributeProto.newBuilder().setName("value").setT(value)));
        return name;
    }

    private static Onnx.TensorProto integers(long value) {
        return Onnx.TensorProto.newBuilder()
                .setDataType(Onnx.TensorProto.DataType.INT64_VALUE)
                .addDims(1)
                .addInt64Data(value)
                .build();
    }

    private static Onnx.TensorProto floats(String name, long[] shape, float[] values) {
        ByteBuffer raw = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            raw.putFloat(value);
        }
        Onnx.TensorProto.Builder tensor = Onnx.TensorProto.newBuilder()
                .setName(name)
                .setDataType(Onnx.TensorProto.DataType.FLOAT_VALUE)
                .setRawData(ByteString.copyFrom(raw.array()));
        for (long dimension : shape) {
            tensor.addDims(dimension);
        }
        return tensor.build();
    }
}
