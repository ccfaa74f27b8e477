package org.erat.data.basemodel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import onnx.Onnx;
import org.erat.data.BadInputException;
import org.nd4j.shade.protobuf.ByteString;
import org.nd4j.shade.protobuf.CodedInputStream;
import org.nd4j.shade.protobuf.UnsafeByteOperations;

/** An ONNX graph, mapped from a file and indexed by the names that link its nodes. */
final class OnnxGraph {
    private final String where;
    private final List<Onnx.NodeProto> nodes;
    private final Map<String, Onnx.TensorProto> tensors = new HashMap<>();
    private final Map<String, Onnx.NodeProto> producers = new HashMap<>();

    private OnnxGraph(String where, Onnx.GraphProto graph) {
        this.where = where;
        this.nodes = graph.getNodeList();
        graph.getInitializerList().forEach(t -> tensors.put(t.getName(), t));
        for (Onnx.NodeProto node : nodes) {
            for (String output : node.getOutputList()) {
                producers.put(output, node);
            }
            if (node.getOpType().equals("Constant")) {
                attribute(node, "value")
                        .filter(Onnx.AttributeProto::hasT)
                        .ifPresent(value -> tensors.put(node.getOutput(0), value.getT()));
            }
        }
    }

    /**
     * Reads a graph.
     *
     * @param where the archive entry that the file was taken from, for messages
     * @throws BadInputException if the file is not ONNX
     */
    static OnnxGraph read(Path file, String where) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            if (channel.size() > Integer.MAX_VALUE) {
                throw new BadInputException(where + ": is larger than 2 GiB. Use a smaller model.");
            }
            ByteBuffer bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
            // Aliasing leaves the weights in the mapped file instead of copying them to the heap.
            CodedInputStream in = UnsafeByteOperations.unsafeWrap(bytes).newCodedInput();
            in.enableAliasing(true);
            Onnx.ModelProto model = Onnx.ModelProto.parseFrom(in);
            if (!model.hasGraph() || model.getGraph().getNodeCount() == 0) {
                throw new BadInputException(where + ": is not an ONNX model: it has no graph. Get the archive again.");
            }
            return new OnnxGraph(where, model.getGraph());
        } catch (IOException e) {
            throw new BadInputException(where + ": is not a readable ONNX model: " + e + ". Get the archive again.", e);
        }
    }

    List<Onnx.NodeProto> nodes() {
        return nodes;
    }

    /** The constant tensor of a name: a stored weight or the value of a Constant node. */
    Optional<Onnx.TensorProto> tensor(String name) {
        return Optional.ofNullable(tensors.get(name));
    }

    /** The node that computes a value. */
    Optional<Onnx.NodeProto> producer(String name) {
        return Optional.ofNullable(producers.get(name));
    }

    static Optional<Onnx.AttributeProto> attribute(Onnx.NodeProto node, String name) {
        return node.getAttributeList().stream()
                .filter(a -> a.getName().equals(name))
                .findFirst();
    }

    /** A constant whole number, if the name stands for one. */
    OptionalLong integer(String name) {
        long[] values = integers(name);
        return values.length == 1 ? OptionalLong.of(values[0]) : OptionalLong.empty();
    }

    /** Constant whole numbers; none if the name stands for something else. */
    long[] integers(String name) {
        Onnx.TensorProto tensor = tensors.get(name);
        if (tensor == null || tensor.getDataType() != Onnx.TensorProto.DataType.INT64_VALUE) {
            return new long[0];
        }
        if (tensor.getRawData().isEmpty()) {
            return tensor.getInt64DataList().stream().mapToLong(Long::longValue).toArray();
        }
        long[] values = new long[tensor.getRawData().size() / Long.BYTES];
        littleEndian(tensor.getRawData()).asLongBuffer().get(values);
        return values;
    }

    /** A constant f32 scalar, if the name stands for one, as the decimal number that it was written as. */
    OptionalDouble scalar(String name) {
        Onnx.TensorProto tensor = tensors.get(name);
        if (tensor == null || tensor.getDataType() != Onnx.TensorProto.DataType.FLOAT_VALUE || elements(tensor) != 1) {
            return OptionalDouble.empty();
        }
        return OptionalDouble.of(decimal(floats(tensor).get(0)));
    }

    /** 1e-12f is 9.999999960041972E-13 as a double; its shortest decimal form is what was meant. */
    static double decimal(float value) {
        return Double.parseDouble(Float.toString(value));
    }

    /**
     * The values of an f32 tensor, row-major.
     *
     * @throws BadInputException if it is of another type, or has too few or too many values
     */
    FloatBuffer floats(Onnx.TensorProto tensor) {
        requireFloat(tensor);
        FloatBuffer values;
        if (tensor.getRawData().isEmpty()) {
            values = FloatBuffer.allocate(tensor.getFloatDataCount());
            for (int i = 0; i < tensor.getFloatDataCount(); i++) {
                values.put(i, tensor.getFloatData(i));
            }
        } else {
            values = littleEndian(tensor.getRawData()).asFloatBuffer();
        }
        if (values.remaining() != elements(tensor)) {
            throw new BadInputException(where + ": tensor '" + tensor.getName() + "' has " + values.remaining()
                    + " values, but its shape is " + tensor.getDimsList() + ". Get the archive again.");
        }
        return values;
    }

    void requireFloat(Onnx.TensorProto tensor) {
        if (tensor.getDataType() != Onnx.TensorProto.DataType.FLOAT_VALUE) {
            throw new BadInputException(where + ": tensor '" + tensor.getName() + "' is of type "
                    + Onnx.TensorProto.DataType.forNumber(tensor.getDataType())
                    + ", but FLOAT is needed. Use the variant of the model that is not quantized.");
        }
        if (tensor.getExternalDataCount() > 0) {
            throw new BadInputException(where + ": tensor '" + tensor.getName()
                    + "' lies outside of the model file. Use a model in one file.");
        }
    }

    private long elements(Onnx.TensorProto tensor) {
        try {
            long elements = 1;
            for (long dimension : tensor.getDimsList()) {
                elements = Math.multiplyExact(elements, dimension);
            }
            return elements;
        } catch (ArithmeticException e) {
            throw new BadInputException(
                    where + ": tensor '" + tensor.getName() + "' has the impossible shape " + tensor.getDimsList()
                            + ". Get the archive again.",
                    e);
        }
    }

    private static ByteBuffer littleEndian(ByteString bytes) {
        return bytes.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }
}
