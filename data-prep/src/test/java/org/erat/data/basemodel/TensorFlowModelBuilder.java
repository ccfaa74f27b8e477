package org.erat.data.basemodel;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.erat.data.architecture.Activation;
import org.erat.data.architecture.Architecture;
import org.erat.data.safetensors.FloatTensor;
import org.tensorflow.framework.AttrValue;
import org.tensorflow.framework.DataType;
import org.tensorflow.framework.GraphDef;
import org.tensorflow.framework.MetaGraphDef;
import org.tensorflow.framework.NodeDef;
import org.tensorflow.framework.SavedModel;
import org.tensorflow.framework.TensorProto;
import org.tensorflow.framework.TensorShapeProto;
import org.tensorflow.util.BundleEntryProto;
import org.tensorflow.util.BundleHeaderProto;

/** The files of a BERT checkpoint as TensorFlow saves it, under the names of Google's code. */
final class TensorFlowModelBuilder {
    private final Map<String, byte[]> files = new LinkedHashMap<>();
    private final TreeMap<String, byte[]> index = new TreeMap<>();
    private final ByteArrayOutputStream data = new ByteArrayOutputStream();

    private TensorFlowModelBuilder() {}

    /**
     * The files by their paths.
     *
     * @param snappy whether the index is compressed
     */
    static Map<String, byte[]> build(Architecture architecture, Map<String, FloatTensor> tensors, boolean snappy) {
        TensorFlowModelBuilder builder = new TensorFlowModelBuilder();
        tensors.forEach(builder::variable);
        builder.index.put(
                "", BundleHeaderProto.newBuilder().setNumShards(1).build().toByteArray());
        builder.files.put(
                "assets/vocab.txt",
                String.join("\n", SyntheticModel.vocabulary()).getBytes(StandardCharsets.UTF_8));
        builder.files.put("saved_model.pb", graph(architecture));
        builder.files.put("variables/variables.data-00000-of-00001", builder.data.toByteArray());
        builder.files.put("variables/variables.index", LevelDbTableBuilder.build(builder.index, 10, snappy));
        return builder.files;
    }

    private void variable(String name, FloatTensor tensor) {
        String key = "module/" + (name.startsWith("cls.") ? "" : "bert.") + name;
        float[] values = SyntheticModel.values(tensor.values());
        long[] shape = tensor.shape();
        if (name.equals("cls.predictions.bias")) {
            key = "module/cls.predictions.output_bias";
        } else if (name.contains("LayerNorm")) {
            key = key.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta");
        } else if (name.startsWith("embeddings.")) {
            key = key.replace(".weight", "");
        } else if (name.endsWith(".weight")) {
            key = key.replace(".weight", ".kernel");
            values = turned(values, (int) shape[0], (int) shape[1]);
            shape = new long[] {shape[1], shape[0]};
        }
        put(key.replace("layer.", "layer_").replace('.', '/'), shape, values);
    }

    private static float[] turned(float[] values, int rows, int columns) {
        float[] turned = new float[values.length];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                turned[c * rows + r] = values[r * columns + c];
            }
        }
        return turned;
    }

    private void put(String key, long[] shape, float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            bytes.putFloat(value);
        }
        CRC32C crc = new CRC32C();
        crc.update(bytes.array());
        TensorShapeProto.Builder dimensions = TensorShapeProto.newBuilder();
        for (long dimension : shape) {
            dimensions.addDim(TensorShapeProto.Dim.newBuilder().setSize(dimension));
        }
        index.put(
                key,
                BundleEntryProto.newBuilder()
                        .setDtype(DataType.DT_FLOAT)
                        .setShape(dimensions)
                        .setOffset(data.size())
                        .setSize(bytes.capacity())
                        .setCrc32C(LevelDbTableBuilder.mask(crc.getValue()))
                        .build()
                        .toByteArray());
        data.writeBytes(bytes.array());
    }

    private static byte[] graph(Architecture architecture) {
        GraphDef.Builder graph = GraphDef.newBuilder();
        graph.addNode(constant(
                "module/bert/encoder/layer_0/attention/self/Reshape/shape/2",
                TensorProto.newBuilder().addIntVal(architecture.heads().query())));
        graph.addNode(constant(
                "module/bert/embeddings/LayerNorm/batchnorm/add/y",
                TensorProto.newBuilder().addFloatVal((float) architecture.norm().epsilon())));
        graph.addNode(NodeDef.newBuilder()
                .setName("module/bert/encoder/layer_0/intermediate/dense/Act")
                .setOp(architecture.feedForward().activation() == Activation.RELU ? "Relu" : "Tanh"));
        return SavedModel.newBuilder()
                .addMetaGraphs(MetaGraphDef.newBuilder().setGraphDef(graph))
                .build()
                .toByteArray();
    }

    private static NodeDef constant(String name, TensorProto.Builder value) {
        return NodeDef.newBuilder()
                .setName(name)
                .setOp("Const")
                .putAttr("value", AttrValue.newBuilder().setTensor(value).build())
                .build();
    }
}
