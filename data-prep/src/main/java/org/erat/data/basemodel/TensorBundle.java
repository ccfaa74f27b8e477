package org.erat.data.basemodel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.erat.data.BadInputException;
import org.nd4j.shade.protobuf.InvalidProtocolBufferException;
import org.tensorflow.framework.DataType;
import org.tensorflow.framework.TensorShapeProto;
import org.tensorflow.util.BundleEntryProto;
import org.tensorflow.util.BundleHeaderProto;

/**
 * The variables of a TensorFlow checkpoint: an index that says for each name in which data file, at which offset and in
 * which shape its values lie, and the data files. The entry with the empty name is the header.
 */
final class TensorBundle {
    private static final String HEADER = "";
    private static final int MAX_DATA_FILES = 1000;

    private final String where;
    private final List<Path> dataFiles;
    private final Map<String, BundleEntryProto> entries;

    private TensorBundle(String where, List<Path> dataFiles, Map<String, BundleEntryProto> entries) {
        this.where = where;
        this.dataFiles = List.copyOf(dataFiles);
        this.entries = entries;
    }

    /** The number of data files that belong to an index. */
    static int dataFileCount(byte[] index, String where) {
        ByteBuffer header = LevelDbTable.entries(index, where).get(HEADER);
        try {
            BundleHeaderProto parsed = header == null ? null : BundleHeaderProto.parseFrom(header);
            if (parsed == null
                    || parsed.getNumShards() < 1
                    || parsed.getNumShards() > MAX_DATA_FILES
                    || parsed.getEndianness() != BundleHeaderProto.Endianness.LITTLE) {
                throw new BadInputException(where + ": has no header of a little-endian checkpoint of at most "
                        + MAX_DATA_FILES + " files. Get the archive again.");
            }
            return parsed.getNumShards();
        } catch (InvalidProtocolBufferException e) {
            throw new BadInputException(where + ": its header is damaged. Get the archive again.", e);
        }
    }

    /**
     * Opens a checkpoint.
     *
     * @param index the bytes of its index
     * @param dataFiles its {@link #dataFileCount} data files, in order
     * @param where the archive entry of the index, for messages
     */
    static TensorBundle open(byte[] index, List<Path> dataFiles, String where) {
        Map<String, BundleEntryProto> entries = new TreeMap<>();
        LevelDbTable.entries(index, where).forEach((name, value) -> {
            if (!name.equals(HEADER)) {
                try {
                    entries.put(name, BundleEntryProto.parseFrom(value));
                } catch (InvalidProtocolBufferException e) {
                    throw new BadInputException(
                            where + ": the entry of '" + name + "' is damaged. Get the archive again.", e);
                }
            }
        });
        return new TensorBundle(where, dataFiles, entries);
    }

    Set<String> names() {
        return entries.keySet();
    }

    /** The shape of a variable. */
    long[] shape(String name) {
        return entry(name).getShape().getDimList().stream()
                .mapToLong(TensorShapeProto.Dim::getSize)
                .toArray();
    }

    /** Checks, without reading the values, that a variable is an f32 tensor of a shape and whole. */
    void require(String name, long... shape) {
        BundleEntryProto entry = entry(name);
        if (entry.getDtype() != DataType.DT_FLOAT || entry.getSlicesCount() > 0) {
            throw new BadInputException(where + ": variable '" + name + "' is of type " + entry.getDtype()
                    + (entry.getSlicesCount() > 0 ? " in slices" : "")
                    + ", but DT_FLOAT in one piece is needed. Use a checkpoint in single precision.");
        }
        if (!Arrays.equals(shape, shape(name))) {
            throw new BadInputException(where + ": variable '" + name + "' has shape " + Arrays.toString(shape(name))
                    + ", but " + Arrays.toString(shape)
                    + " is expected. Check that all parts of the archive belong to the same model.");
        }
        long bytes = Float.BYTES;
        for (long dimension : shape) {
            bytes = Math.multiplyExact(bytes, dimension);
        }
        if (entry.getSize() != bytes || bytes > Integer.MAX_VALUE || entry.getOffset() < 0) {
            throw new BadInputException(where + ": variable '" + name + "' takes " + entry.getSize()
                    + " bytes, but its shape " + Arrays.toString(shape) + " takes " + bytes
                    + ", of at most 2 GiB. Get the archive again.");
        }
    }

    /**
     * The values of a variable that passed {@link #require}, row-major, mapped from its data file.
     *
     * @throws BadInputException if they lie outside of the file or their checksum is wrong
     */
    FloatBuffer floats(String name) {
        BundleEntryProto entry = entry(name);
        if (entry.getShardId() < 0 || entry.getShardId() >= dataFiles.size()) {
            throw new BadInputException(where + ": variable '" + name + "' is in data file " + entry.getShardId()
                    + " of " + dataFiles.size() + ". Get the archive again.");
        }
        Path file = dataFiles.get(entry.getShardId());
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            if (entry.getOffset() > channel.size() - entry.getSize()) {
                throw new BadInputException(where + ": variable '" + name + "' lies outside of its data file of "
                        + channel.size() + " bytes. Get the archive again.");
            }
            ByteBuffer bytes = channel.map(FileChannel.MapMode.READ_ONLY, entry.getOffset(), entry.getSize());
            if (Crc32c.masked(bytes) != entry.getCrc32C()) {
                throw new BadInputException(
                        where + ": the checksum of variable '" + name + "' is wrong. Get the archive again.");
            }
            return bytes.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
        } catch (IOException e) {
            throw new BadInputException(file + ": cannot be read: " + e + ". Check the free space.", e);
        }
    }

    private BundleEntryProto entry(String name) {
        BundleEntryProto entry = entries.get(name);
        if (entry == null) {
            throw new BadInputException(where + ": variable '" + name
                    + "' is missing. Use the checkpoint of a BERT model as TensorFlow saved it.");
        }
        return entry;
    }
}
