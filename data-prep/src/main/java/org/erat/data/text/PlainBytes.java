package org.erat.data.text;

import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.HexFormat;
import java.util.Locale;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.io.compress.GzipCodec;
import org.erat.data.BadInputException;

/**
 * The bytes of a file of text, decompressed where its first bytes say that it is compressed with gzip, bzip2 or Zstandard,
 * whatever its name is: no UTF-8 text begins so. A compressed file that is damaged or cut off is refused as bad input.
 */
final class PlainBytes extends FilterInputStream {
    private static final int SIGNATURE = 10;

    private final String file;
    private final String compression;

    private PlainBytes(InputStream in, String file, String compression) {
        super(in);
        this.file = file;
        this.compression = compression;
    }

    /** How a file is compressed. */
    private enum Compression {
        GZIP("1f8b") {
            @Override
            InputStream open(InputStream in) throws IOException {
                GzipCodec codec = new GzipCodec();
                codec.setConf(new Configuration(false));
                return codec.createInputStream(in);
            }
        },
        /** Beside the three letters, which a text may have, the start of the first block or the end of an empty file. */
        BZIP2("425a683.(?:314159265359|177245385090)") {
            @Override
            InputStream open(InputStream in) throws IOException {
                // Hadoop's own ends without an error where a file is cut off.
                return new BZip2CompressorInputStream(new BufferedInputStream(in), true);
            }
        },
        ZSTANDARD("28b52ffd") {
            @Override
            InputStream open(InputStream in) throws IOException {
                return new ZstdInputStream(in);
            }
        };

        private final String start;

        Compression(String start) {
            this.start = start;
        }

        abstract InputStream open(InputStream in) throws IOException;
    }

    /**
     * Starts to read a file.
     *
     * @param in the file, which {@link #close} closes
     * @param file its name, for messages
     * @throws BadInputException if it is compressed and damaged
     */
    static InputStream of(InputStream in, String file) throws IOException {
        byte[] head = in.readNBytes(SIGNATURE);
        InputStream whole = new SequenceInputStream(new ByteArrayInputStream(head), in);
        String start = HexFormat.of().formatHex(head);
        for (Compression compression : Compression.values()) {
            if (start.matches(compression.start + ".*")) {
                String name = compression.name().toLowerCase(Locale.ROOT);
                try {
                    return new PlainBytes(compression.open(whole), file, name);
                } catch (IOException | RuntimeException e) {
                    throw damaged(file, name, e);
                }
            }
        }
        return whole;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        try {
            return super.read(bytes, offset, length);
        } catch (IOException | RuntimeException e) {
            // The decoders answer some damage with array indices out of bounds.
            throw damaged(file, compression, e);
        }
    }

    private static BadInputException damaged(String file, String compression, Exception cause) {
        return new BadInputException(
                String.format(
                        "%s: cannot be decompressed (%s) to its end: %s. It is damaged or cut off: download or copy it"
                                + " again",
                        file, compression, cause.getMessage() == null ? cause : cause.getMessage()),
                cause);
    }
}
