package org.erat.data.basemodel;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** The masked CRC-32C that LevelDB tables and TensorFlow checkpoints keep of their data. */
final class Crc32c {
    private static final int MASK_DELTA = 0xa282ead8;

    private Crc32c() {}

    /** The checksum of what is left of {@code bytes}, as it is stored: rotated by 15 bits, plus a constant. */
    static int masked(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.duplicate());
        return Integer.rotateRight((int) crc.getValue(), 15) + MASK_DELTA;
    }
}
