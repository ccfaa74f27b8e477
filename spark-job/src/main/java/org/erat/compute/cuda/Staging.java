package org.erat.compute.cuda;

import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.erat.compute.memory.HostBuffers;

/**
 * Copies between a device and the host's values, whether these lie outside the Java heap, where CUDA reads and writes them
 * itself, or within, where they pass through a small buffer piece by piece. Confined to one thread at a time.
 */
final class Staging {
    /** Bytes of the buffer at most. */
    private static final int LARGEST = 4 << 20;

    private static final int SMALLEST = 1 << 12;

    private final Stream stream;
    private final Address address = new Address();
    private ByteBuffer bytes = direct(SMALLEST);
    private long start = HostBuffers.address(bytes);
    private float[] run = {};

    Staging(Stream stream) {
        this.stream = stream;
    }

    private static ByteBuffer direct(int size) {
        return ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
    }

    /** The buffer, of {@code wanted} bytes or as many as it may have. */
    private ByteBuffer room(long wanted) {
        long size = Math.min(wanted, LARGEST);
        if (bytes.capacity() < size) {
            bytes = direct((int) Math.min(LARGEST, Long.highestOneBit(2 * size - 1)));
            start = HostBuffers.address(bytes);
        }
        return bytes;
    }

    /** Copies integers to the device. */
    void upload(int[] values, long to) {
        ByteBuffer room = room((long) Integer.BYTES * values.length);
        int most = room.capacity() / Integer.BYTES;
        for (int at = 0; at < values.length; at += most) {
            int count = Math.min(most, values.length - at);
            room.asIntBuffer().put(values, at, count);
            stream.upload(address.at(start), to + (long) Integer.BYTES * at, (long) Integer.BYTES * count);
        }
    }

    /** Copies bytes outside the Java heap to the device, from the start of the buffer on. */
    void upload(ByteBuffer direct, int count, long to) {
        stream.upload(address.at(HostBuffers.address(direct)), to, count);
    }

    /** Copies the values of a {@link FloatBuffer} or {@link java.nio.DoubleBuffer} to the device, as f32. */
    void upload(Buffer values, long to) {
        int size = values.remaining();
        if (HostBuffers.areNativeFloats(values)) {
            stream.upload(address.at(HostBuffers.address(values)), to, (long) Float.BYTES * size);
            return;
        }
        FloatBuffer room = room((long) Float.BYTES * size).asFloatBuffer();
        for (int at = 0; at < size; at += room.capacity()) {
            int count = Math.min(room.capacity(), size - at);
            if (values instanceof FloatBuffer floats) {
                room.put(0, floats, floats.position() + at, count);
            } else {
                HostBuffers.get(values, at, run(count), count);
                room.put(0, run, 0, count);
            }
            stream.upload(address.at(start), to + (long) Float.BYTES * at, (long) Float.BYTES * count);
        }
    }

    /** Copies f32 from the device to a {@link FloatBuffer} or {@link java.nio.DoubleBuffer}. */
    void download(long from, Buffer into) {
        int size = into.remaining();
        if (HostBuffers.areNativeFloats(into)) {
            stream.download(from, address.at(HostBuffers.address(into)), (long) Float.BYTES * size);
            return;
        }
        FloatBuffer room = room((long) Float.BYTES * size).asFloatBuffer();
        for (int at = 0; at < size; at += room.capacity()) {
            int count = Math.min(room.capacity(), size - at);
            stream.download(from + (long) Float.BYTES * at, address.at(start), (long) Float.BYTES * count);
            if (into instanceof FloatBuffer floats) {
                floats.put(floats.position() + at, room, 0, count);
            } else {
                room.get(0, run(count), 0, count);
                HostBuffers.put(into, at, run, count);
            }
        }
    }

    private float[] run(int count) {
        if (run.length < count) {
            run = new float[count];
        }
        return run;
    }
}
