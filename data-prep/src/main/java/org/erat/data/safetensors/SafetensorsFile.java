package org.erat.data.safetensors;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import javax.annotation.Nullable;
import org.erat.data.BadInputException;
import org.erat.data.FileSignature;

/**
 * A safetensors file, open for reading. The header is read and checked when the file is opened; each tensor is mapped
 * from disk, read-only, when it is asked for, so a file may be larger than 2 GiB and larger than memory. Buffers stay
 * valid after {@link #close()}.
 *
 * <p>Layout of the format: an unsigned 64-bit little-endian length N, N bytes of JSON, then the data that the JSON's
 * offsets count from. Safe for use by several threads, of which some may be interrupted.
 */
public final class SafetensorsFile implements AutoCloseable {
    /** What is read of a tensor at a time: garbage collectors give larger arrays regions of their own. */
    private static final int PIECE = 1 << 17;

    private final Path path;
    private final Identity identity;
    private final long dataStart;
    private final SafetensorsHeader header;
    private FileChannel channel;
    private boolean closed;

    private SafetensorsFile(
            Path path, Identity identity, FileChannel channel, long dataStart, SafetensorsHeader header) {
        this.path = path;
        this.identity = identity;
        this.channel = channel;
        this.dataStart = dataStart;
        this.header = header;
    }

    /** Which file it is, and in which state. */
    private record Identity(@Nullable Object key, long size, FileTime modified) {
        static Identity of(Path path) throws IOException {
            BasicFileAttributes found = Files.readAttributes(path, BasicFileAttributes.class);
            return new Identity(found.fileKey(), found.size(), found.lastModifiedTime());
        }
    }

    /** What is done with the open file. */
    @FunctionalInterface
    private interface Access<T> {
        T on(FileChannel channel) throws IOException;
    }

    /**
     * Java closes a file under a thread that is interrupted while it reads, as a task is that Spark gives up. Other
     * tasks share this object. The first of them to find the file closed opens it again.
     */
    private <T> T access(Access<T> access) {
        while (true) {
            try {
                return access.on(open());
            } catch (ClosedByInterruptException e) {
                throw unreadable(path, e);
            } catch (ClosedChannelException e) {
                // By somebody else's interruption: open() has the next one.
            } catch (IOException e) {
                throw unreadable(path, e);
            }
        }
    }

    private synchronized FileChannel open() throws IOException {
        if (closed) {
            throw new IllegalStateException(path + " is closed");
        }
        if (!channel.isOpen()) {
            if (!Identity.of(path).equals(identity)) {
                throw new IOException("it was changed or replaced while it was in use");
            }
            channel = FileChannel.open(path, StandardOpenOption.READ);
        }
        return channel;
    }

    /**
     * Opens a file and checks its whole header.
     *
     * @throws BadInputException if the file cannot be read or is malformed in any way
     */
    public static SafetensorsFile open(Path path) {
        FileChannel channel = null;
        boolean opened = false;
        try {
            channel = FileChannel.open(path, StandardOpenOption.READ);
            SafetensorsFile file = open(path, channel);
            opened = true;
            return file;
        } catch (BadInputException e) {
            throw FileSignature.explain(path, e);
        } catch (NoSuchFileException e) {
            throw new BadInputException(path + ": there is no such file. Check the path.", e);
        } catch (IOException e) {
            throw unreadable(path, e);
        } finally {
            if (!opened && channel != null) {
                closeQuietly(channel);
            }
        }
    }

    private static SafetensorsFile open(Path path, FileChannel channel) throws IOException {
        String name = path.toString();
        long size = channel.size();
        ByteBuffer length = readFully(channel, 0, (int) Math.min(size, Long.BYTES));
        if (length.remaining() < Long.BYTES) {
            throw SafetensorsHeader.bad(name, "it is only " + size + " bytes long");
        }
        // An unsigned length beyond Long.MAX_VALUE shows as a negative number.
        long headerBytes = length.getLong();
        if (headerBytes < 0 || headerBytes > SafetensorsHeader.MAX_BYTES || headerBytes > size - Long.BYTES) {
            throw SafetensorsHeader.bad(
                    name,
                    "its header should be " + Long.toUnsignedString(headerBytes) + " bytes long, in a file of " + size
                            + " bytes");
        }
        long dataStart = Long.BYTES + headerBytes;
        ByteBuffer json = readFully(channel, Long.BYTES, (int) headerBytes);
        return new SafetensorsFile(
                path, Identity.of(path), channel, dataStart, SafetensorsHeader.parse(json, size - dataStart, name));
    }

    private static ByteBuffer readFully(FileChannel channel, long position, int bytes) throws IOException {
        return readFully(channel, position, ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN));
    }

    /** Fills a buffer, and makes it ready to be read. */
    private static ByteBuffer readFully(FileChannel channel, long position, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, position + buffer.position()) < 0) {
                throw new IOException("the file became shorter while it was read");
            }
        }
        return buffer.flip();
    }

    /** The file that was opened. */
    public Path path() {
        return path;
    }

    /** Names of all tensors, in the order of the header. */
    public Set<String> names() {
        return header.tensors().keySet();
    }

    /** The free text entries of the header. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /**
     * What the header says of a tensor.
     *
     * @throws BadInputException if there is no such tensor
     */
    public TensorInfo info(String name) {
        TensorInfo info = header.tensors().get(name);
        if (info == null) {
            throw new BadInputException(path + ": tensor '" + name + "' is missing; the file holds "
                    + header.tensors().size() + " others. Check that the file belongs to this model.");
        }
        return info;
    }

    /**
     * Checks that a tensor is there, can be read as floats and has a shape.
     *
     * @throws BadInputException naming the file, the tensor and both shapes if not
     */
    public TensorInfo require(String name, long... shape) {
        TensorInfo info = info(name);
        if (!info.hasShape(shape)) {
            throw new BadInputException(path + ": tensor '" + name + "' has shape " + Arrays.toString(info.shape())
                    + ", but " + Arrays.toString(shape)
                    + " is expected. Check that the file and its configuration belong to the same model.");
        }
        checkFloat(name, info);
        return info;
    }

    /** {@link #require} and {@link #floats} in one: the values of a tensor that must have a shape. */
    public FloatBuffer requireFloats(String name, long... shape) {
        require(name, shape);
        return floats(name);
    }

    /**
     * The values of a tensor, row-major, read as f32: a read-only view of the mapped file for aligned f32, a new direct
     * buffer otherwise. Mapped anew at each call, so callers keep what they use often.
     *
     * @throws BadInputException if the tensor is missing, is not of a float type or takes 2 GiB or more
     */
    public FloatBuffer floats(String name) {
        TensorInfo info = info(name);
        checkFloat(name, info);
        if (info.elements() > Integer.MAX_VALUE / Float.BYTES) {
            throw new BadInputException(path + ": tensor '" + name + "' has " + info.elements()
                    + " elements; one tensor can take less than 2 GiB as f32. Use a smaller model.");
        }
        ByteBuffer bytes = map(info);
        if (info.dtype() != Dtype.F32) {
            return HalfPrecision.widen(bytes, info.dtype());
        }
        boolean aligned = (dataStart + info.begin()) % Float.BYTES == 0;
        return (aligned ? bytes : copy(bytes)).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    }

    /**
     * Copies the values of a tensor, as {@link #floats} gives them, to the start of {@code into}. Reads the file piece by
     * piece and maps nothing, so that none of it stays in this process's memory.
     *
     * @throws BadInputException as {@link #floats}, and if the file cannot be read
     */
    public void read(String name, FloatBuffer into) {
        TensorInfo info = info(name);
        if (info.dtype() != Dtype.F32) {
            FloatBuffer values = floats(name);
            into.put(0, values, 0, values.remaining());
            return;
        }
        ByteBuffer buffer = ByteBuffer.allocate(PIECE).order(ByteOrder.LITTLE_ENDIAN);
        int at = 0;
        for (long from = info.begin(); from < info.end(); from += PIECE) {
            long start = dataStart + from;
            int bytes = (int) Math.min(PIECE, info.end() - from);
            FloatBuffer piece = access(
                            open -> readFully(open, start, buffer.clear().limit(bytes)))
                    .asFloatBuffer();
            into.put(at, piece, 0, piece.remaining());
            at += piece.remaining();
        }
    }

    private void checkFloat(String name, TensorInfo info) {
        if (!info.dtype().isFloat()) {
            throw new BadInputException(path + ": tensor '" + name + "' is of type " + info.dtype()
                    + ", but F32, F16 or BF16 is needed. Use a model that is not quantized.");
        }
    }

    private ByteBuffer map(TensorInfo info) {
        return access(
                open -> open.map(FileChannel.MapMode.READ_ONLY, dataStart + info.begin(), info.end() - info.begin()));
    }

    private static ByteBuffer copy(ByteBuffer bytes) {
        return ByteBuffer.allocateDirect(bytes.remaining()).put(bytes).flip();
    }

    private static BadInputException unreadable(Path path, IOException e) {
        return new BadInputException(path + ": cannot be read: " + e + ". Check the path and its permissions.", e);
    }

    @Override
    public synchronized void close() {
        closed = true;
        closeQuietly(channel);
    }

    private static void closeQuietly(FileChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            // Closing a channel that was only read loses nothing.
        }
    }
}
