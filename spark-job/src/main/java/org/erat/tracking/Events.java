package org.erat.tracking;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.nd4j.shade.protobuf.ByteString;
import org.nd4j.shade.protobuf.CodedOutputStream;
import org.nd4j.shade.protobuf.WireFormat;
import org.tensorflow.framework.DataType;
import org.tensorflow.framework.Summary;
import org.tensorflow.framework.SummaryMetadata;
import org.tensorflow.framework.TensorProto;

/**
 * TensorBoard's events as they stand in a file. Each is a {@code tensorflow.Event} (tensorflow/core/util/event.proto) in a TFRecord:
 *
 * <pre>
 *   uint64 length | uint32 masked CRC32C of the length | bytes | uint32 masked CRC32C of the bytes      (little endian)
 * </pre>
 */
final class Events {
    private static final String VERSION = "brain.Event:2";

    // Fields of tensorflow.Event.
    private static final int WALL_TIME = 1;
    private static final int STEP = 2;
    private static final int FILE_VERSION = 3;
    private static final int SUMMARY = 5;
    private static final int SESSION_LOG = 7;

    // tensorflow.SessionLog { status = START }
    private static final int STATUS = 1;
    private static final int START = 1;

    private static final double MILLIS = 1e3;

    private Events() {}

    /** The first event of a file. */
    static byte[] version(long millis) {
        return record(millis, 0, event -> event.writeString(FILE_VERSION, VERSION));
    }

    /** TensorBoard forgets what it has read of a step from {@code step} on. */
    static byte[] start(long millis, long step) {
        return record(millis, step, event -> {
            event.writeTag(SESSION_LOG, WireFormat.WIRETYPE_LENGTH_DELIMITED);
            event.writeUInt32NoTag(CodedOutputStream.computeEnumSize(STATUS, START));
            event.writeEnum(STATUS, START);
        });
    }

    static byte[] scalars(long millis, long step, Map<String, Double> values) {
        Summary.Builder summary = Summary.newBuilder();
        new TreeMap<>(values)
                .forEach((tag, value) ->
                        summary.addValue(Summary.Value.newBuilder().setTag(tag).setSimpleValue(value.floatValue())));
        return record(millis, step, event -> event.writeMessage(SUMMARY, summary.build()));
    }

    /** @param markdown text as TensorBoard's text page shows it */
    static byte[] text(long millis, String tag, String markdown) {
        Summary.Value.Builder value = Summary.Value.newBuilder()
                .setTag(tag + "/text_summary")
                .setMetadata(SummaryMetadata.newBuilder()
                        .setPluginData(SummaryMetadata.PluginData.newBuilder().setPluginName("text")))
                .setTensor(TensorProto.newBuilder()
                        .setDtype(DataType.DT_STRING)
                        .addStringVal(ByteString.copyFromUtf8(markdown)));
        Summary summary = Summary.newBuilder().addValue(value).build();
        return record(millis, 0, event -> event.writeMessage(SUMMARY, summary));
    }

    /** Writes what an event tells. */
    @FunctionalInterface
    private interface Content {
        void writeTo(CodedOutputStream event) throws IOException;
    }

    private static byte[] record(long millis, long step, Content content) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            CodedOutputStream event = CodedOutputStream.newInstance(bytes);
            event.writeDouble(WALL_TIME, millis / MILLIS);
            if (step != 0) {
                event.writeInt64(STEP, step);
            }
            content.writeTo(event);
            event.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("Memory does not fail", e);
        }
        return framed(bytes.toByteArray());
    }

    private static byte[] framed(byte[] event) {
        byte[] length = ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(event.length)
                .array();
        return ByteBuffer.allocate(Long.BYTES + Integer.BYTES + event.length + Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(length)
                .putInt(maskedCrc(length))
                .put(event)
                .putInt(maskedCrc(event))
                .array();
    }

    /** As TFRecord has it, since a checksum of data that holds checksums is a weak one. */
    private static int maskedCrc(byte[] data) {
        CRC32C crc = new CRC32C();
        crc.update(data);
        return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
    }
}
