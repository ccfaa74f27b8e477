package org.erat.data.basemodel;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.erat.data.BadInputException;
import org.xerial.snappy.Snappy;

/**
 * Reader of a LevelDB table, the form of a TensorFlow checkpoint's index. A table is a row of blocks, each followed by
 * one byte that says how it is compressed and by a checksum; the footer of 48 bytes points to the index block, whose
 * values point to the data blocks. In a block each key is stored as what it adds to the one before it. See
 * {@code doc/table_format.md} of LevelDB.
 */
final class LevelDbTable {
    private static final int FOOTER_BYTES = 48;
    private static final int TRAILER_BYTES = 5;
    private static final long MAGIC = 0xdb4775248b80fb57L;
    private static final int MAX_BLOCK_BYTES = 64 << 20;
    private static final int UNCOMPRESSED = 0;
    private static final int SNAPPY = 1;

    private final ByteBuffer table;
    private final String where;

    private LevelDbTable(byte[] table, String where) {
        this.table = ByteBuffer.wrap(table).order(ByteOrder.LITTLE_ENDIAN);
        this.where = where;
    }

    /**
     * All entries of a table, sorted by key.
     *
     * @param where the file that it comes from, for messages
     * @throws BadInputException if the table is damaged
     */
    static Map<String, ByteBuffer> entries(byte[] table, String where) {
        LevelDbTable reader = new LevelDbTable(table, where);
        try {
            return reader.entries();
        } catch (BufferUnderflowException | IndexOutOfBoundsException | IllegalArgumentException e) {
            throw reader.damaged("a length in it points outside of it", e);
        }
    }

    private Map<String, ByteBuffer> entries() {
        if (table.capacity() < FOOTER_BYTES || table.getLong(table.capacity() - Long.BYTES) != MAGIC) {
            throw damaged("it does not end as a LevelDB table does", null);
        }
        ByteBuffer footer = slice(table, table.capacity() - FOOTER_BYTES, FOOTER_BYTES);
        // Two block handles: of the meta index, which nothing here needs, and of the index.
        varint(footer);
        varint(footer);
        Map<String, ByteBuffer> entries = new TreeMap<>();
        forEach(block(varint(footer), varint(footer)), (lastKey, handle) -> {
            ByteBuffer data = block(varint(handle), varint(handle));
            forEach(data, (key, value) -> {
                if (entries.put(key, value) != null) {
                    throw damaged("it has the key '" + key + "' twice", null);
                }
            });
        });
        return entries;
    }

    private ByteBuffer block(long offset, long size) {
        if (offset < 0 || size < 0 || offset > table.capacity() || size > table.capacity() - offset - TRAILER_BYTES) {
            throw damaged("a block lies outside of it", null);
        }
        int begin = (int) offset;
        int bytes = (int) size;
        int stored = table.getInt(begin + bytes + 1);
        // The checksum covers the byte that says how the block is compressed.
        if (stored != Crc32c.masked(slice(table, begin, bytes + 1))) {
            throw damaged("the checksum of a block is wrong", null);
        }
        ByteBuffer block = slice(table, begin, bytes);
        return switch (table.get(begin + bytes)) {
            case UNCOMPRESSED -> block;
            case SNAPPY -> uncompress(block);
            default -> throw damaged("a block is compressed in an unknown way", null);
        };
    }

    private ByteBuffer uncompress(ByteBuffer block) {
        byte[] compressed = new byte[block.remaining()];
        block.get(compressed);
        try {
            if (Snappy.uncompressedLength(compressed) > MAX_BLOCK_BYTES) {
                throw damaged("a block is larger than " + MAX_BLOCK_BYTES + " bytes", null);
            }
            return ByteBuffer.wrap(Snappy.uncompress(compressed)).order(ByteOrder.LITTLE_ENDIAN);
        } catch (IOException e) {
            throw damaged("a block cannot be uncompressed", e);
        }
    }

    private void forEach(ByteBuffer block, BiConsumer<String, ByteBuffer> entry) {
        int restarts = block.getInt(block.limit() - Integer.BYTES);
        long end = block.limit() - Integer.BYTES - (long) Integer.BYTES * restarts;
        if (restarts < 0 || end < 0) {
            throw damaged("a block has a wrong number of restart points", null);
        }
        ByteBuffer entries = slice(block, 0, (int) end);
        byte[] key = new byte[0];
        while (entries.hasRemaining()) {
            int shared = length(entries);
            int added = length(entries);
            int valueBytes = length(entries);
            if (shared > key.length || added > entries.remaining()) {
                throw damaged("a key reaches outside of its block", null);
            }
            byte[] next = new byte[shared + added];
            System.arraycopy(key, 0, next, 0, shared);
            entries.get(next, shared, added);
            key = next;
            entry.accept(new String(key, StandardCharsets.UTF_8), slice(entries, entries.position(), valueBytes));
            entries.position(entries.position() + valueBytes);
        }
    }

    private static ByteBuffer slice(ByteBuffer buffer, int begin, int bytes) {
        return buffer.slice(begin, bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private int length(ByteBuffer in) {
        long value = varint(in);
        if (value < 0 || value > table.capacity() + (long) MAX_BLOCK_BYTES) {
            throw damaged("a length in it is impossible", null);
        }
        return (int) value;
    }

    /** A number in groups of 7 bits, lowest first; the top bit of a byte says that another follows. */
    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            byte group = in.get();
            value |= (long) (group & 0x7f) << shift;
            if (group >= 0) {
                return value;
            }
        }
        throw new IndexOutOfBoundsException("a number takes more than 64 bits");
    }

    private BadInputException damaged(String what, Exception cause) {
        return new BadInputException(
                where + ": not a usable TensorFlow index: " + what + ". Get the archive again.", cause);
    }
}
