package org.erat.data.basemodel;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.xerial.snappy.Snappy;

/** Writes LevelDB tables as their format description says, several entries to a block. */
final class LevelDbTableBuilder {
    private static final int RESTART_INTERVAL = 16;

    private final int entriesPerBlock;
    private final boolean snappy;
    private final ByteArrayOutputStream table = new ByteArrayOutputStream();

    private LevelDbTableBuilder(int entriesPerBlock, boolean snappy) {
        this.entriesPerBlock = entriesPerBlock;
        this.snappy = snappy;
    }

    static byte[] build(SortedMap<String, byte[]> entries, int entriesPerBlock, boolean snappy) {
        return new LevelDbTableBuilder(entriesPerBlock, snappy).build(entries);
    }

    private byte[] build(SortedMap<String, byte[]> entries) {
        TreeMap<String, byte[]> index = new TreeMap<>();
        List<Map.Entry<String, byte[]>> all = new ArrayList<>(entries.entrySet());
        for (int begin = 0; begin < all.size(); begin += entriesPerBlock) {
            List<Map.Entry<String, byte[]>> part = all.subList(begin, Math.min(all.size(), begin + entriesPerBlock));
            index.put(part.get(part.size() - 1).getKey(), writeBlock(part));
        }
        byte[] metaHandle = writeBlock(List.of());
        byte[] indexHandle = writeBlock(List.copyOf(index.entrySet()));
        ByteBuffer footer = ByteBuffer.allocate(48).order(ByteOrder.LITTLE_ENDIAN);
        footer.put(metaHandle).put(indexHandle).position(40);
        footer.putLong(0xdb4775248b80fb57L);
        table.writeBytes(footer.array());
        return table.toByteArray();
    }

    /** Writes a block and gives its handle: offset and size. */
    private byte[] writeBlock(List<Map.Entry<String, byte[]>> entries) {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        List<Integer> restarts = new ArrayList<>();
        byte[] last = new byte[0];
        for (int i = 0; i < entries.size(); i++) {
            byte[] key = entries.get(i).getKey().getBytes(StandardCharsets.UTF_8);
            int shared = 0;
            if (i % RESTART_INTERVAL == 0) {
                restarts.add(block.size());
            } else {
                while (shared < Math.min(key.length, last.length) && key[shared] == last[shared]) {
                    shared++;
                }
            }
            byte[] value = entries.get(i).getValue();
            varint(block, shared);
            varint(block, key.length - shared);
            varint(block, value.length);
            block.write(key, shared, key.length - shared);
            block.writeBytes(value);
            last = key;
        }
        if (restarts.isEmpty()) {
            restarts.add(0);
        }
        restarts.forEach(offset -> block.writeBytes(littleEndian(offset)));
        block.writeBytes(littleEndian(restarts.size()));
        return writeContents(block.toByteArray());
    }

    private byte[] writeContents(byte[] contents) {
        byte[] stored = contents;
        if (snappy) {
            try {
                stored = Snappy.compress(contents);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        ByteArrayOutputStream handle = new ByteArrayOutputStream();
        varint(handle, table.size());
        varint(handle, stored.length);
        byte type = (byte) (snappy ? 1 : 0);
        table.writeBytes(stored);
        table.write(type);
        CRC32C crc = new CRC32C();
        crc.update(stored);
        crc.update(type);
        table.writeBytes(littleEndian(mask(crc.getValue())));
        return handle.toByteArray();
    }

    /** As LevelDB's {@code crc32c::Mask}. */
    static int mask(long crc) {
        return (int) (((crc >>> 15) | (crc << 17)) + 0xa282ead8L);
    }

    private static byte[] littleEndian(int value) {
        return ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array();
    }

    private static void varint(ByteArrayOutputStream out, long value) {
        long rest = value;
        while (rest >= 0x80) {
            out.write((int) ((rest & 0x7f) | 0x80));
            rest >>>= 7;
        }
        out.write((int) rest);
    }
}
