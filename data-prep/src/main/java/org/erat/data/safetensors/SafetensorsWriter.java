package org.erat.data.safetensors;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.erat.data.UsageException;

/**
 * Writes tensors of floats as a safetensors file. Equal input gives equal bytes: tensors and metadata are sorted by name. The
 * header is padded so that the data begins at a multiple of 8 bytes and can be mapped without a copy.
 */
public final class SafetensorsWriter {
    private static final int ALIGNMENT = 8;
    private static final int CHUNK_BYTES = 1 << 20;
    private static final ObjectMapper JSON = new ObjectMapper();

    private SafetensorsWriter() {}

    /**
     * Writes a file, all or nothing: a reader sees the old file or the new one.
     *
     * @throws UsageException if the file cannot be written
     */
    public static void write(Path file, Map<String, FloatTensor> tensors, Map<String, String> metadata) {
        writeStreaming(file, sources(tensors), metadata);
    }

    /** Writes to a stream, which stays open. */
    public static void write(OutputStream out, Map<String, FloatTensor> tensors, Map<String, String> metadata)
            throws IOException {
        writeStreaming(out, sources(tensors), metadata);
    }

    /**
     * As {@link #write(Path, Map, Map)}, with one tensor in memory at a time.
     *
     * @throws UsageException if the file cannot be written
     */
    public static void writeStreaming(Path file, Map<String, TensorSource> tensors, Map<String, String> metadata) {
        Path target = file.toAbsolutePath();
        Path partial = target.resolveSibling(target.getFileName() + ".partial");
        try {
            try (FileChannel channel = FileChannel.open(
                            partial,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.TRUNCATE_EXISTING,
                            StandardOpenOption.WRITE);
                    OutputStream out = Channels.newOutputStream(channel)) {
                writeStreaming(out, tensors, metadata);
                // The rename must not reach the disk before the bytes do.
                channel.force(true);
            }
            Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UsageException(
                    file + ": cannot be written: " + e + ". Check permissions and free space of its directory.", e);
        } finally {
            deleteIfLeft(partial);
        }
    }

    private static void deleteIfLeft(Path partial) {
        try {
            Files.deleteIfExists(partial);
        } catch (IOException e) {
            // Nothing reads a partial file, and the next write replaces it.
        }
    }

    private static Map<String, TensorSource> sources(Map<String, FloatTensor> tensors) {
        Map<String, TensorSource> sources = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> sources.put(name, new TensorSource(tensor.shape(), tensor::values)));
        return sources;
    }

    /** As {@link #write(OutputStream, Map, Map)}, with one tensor in memory at a time. */
    public static void writeStreaming(OutputStream out, Map<String, TensorSource> tensors, Map<String, String> metadata)
            throws IOException {
        SortedMap<String, TensorSource> sorted = new TreeMap<>(tensors);
        byte[] header = header(sorted, new TreeMap<>(metadata));
        out.write(ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .array());
        out.write(header);
        for (Map.Entry<String, TensorSource> entry : sorted.entrySet()) {
            FloatBuffer values = entry.getValue().values().get().duplicate();
            long expected = entry.getValue().elements();
            if (values.remaining() != expected) {
                throw new IllegalArgumentException("tensor '" + entry.getKey() + "' has " + values.remaining()
                        + " values, but its shape takes " + expected);
            }
            writeValues(out, entry.getValue().dtype(), values);
        }
        out.flush();
    }

    private static byte[] header(SortedMap<String, TensorSource> tensors, SortedMap<String, String> metadata)
            throws JsonProcessingException {
        ObjectNode root = JSON.createObjectNode();
        if (!metadata.isEmpty()) {
            ObjectNode node = root.putObject(SafetensorsHeader.METADATA);
            metadata.forEach(node::put);
        }
        long offset = 0;
        for (Map.Entry<String, TensorSource> entry : tensors.entrySet()) {
            if (entry.getKey().equals(SafetensorsHeader.METADATA)) {
                throw new IllegalArgumentException("a tensor cannot be named " + SafetensorsHeader.METADATA);
            }
            long[] shape = entry.getValue().shape();
            long end = Math.addExact(offset, entry.getValue().bytes());
            ObjectNode node = root.putObject(entry.getKey());
            node.put("dtype", entry.getValue().dtype().name());
            ArrayNode dimensions = node.putArray("shape");
            for (long dimension : shape) {
                dimensions.add(dimension);
            }
            node.putArray("data_offsets").add(offset).add(end);
            offset = end;
        }
        byte[] json = JSON.writeValueAsBytes(root);
        int padded = (json.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        return (new String(json, StandardCharsets.UTF_8) + " ".repeat(padded - json.length))
                .getBytes(StandardCharsets.UTF_8);
    }

    private static void writeValues(OutputStream out, Dtype dtype, FloatBuffer values) throws IOException {
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        if (dtype != Dtype.F32) {
            while (values.hasRemaining()) {
                chunk.clear();
                while (values.hasRemaining() && chunk.hasRemaining()) {
                    float value = values.get();
                    chunk.putShort(dtype == Dtype.F16 ? HalfPrecision.toF16(value) : HalfPrecision.toBf16(value));
                }
                out.write(chunk.array(), 0, chunk.position());
            }
            return;
        }
        FloatBuffer floats = chunk.asFloatBuffer();
        while (values.hasRemaining()) {
            int n = Math.min(values.remaining(), floats.capacity());
            floats.put(0, values, values.position(), n);
            values.position(values.position() + n);
            out.write(chunk.array(), 0, n * Float.BYTES);
        }
    }
}
