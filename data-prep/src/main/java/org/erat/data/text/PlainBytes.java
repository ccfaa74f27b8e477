package org.erat.data.text;

import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
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

    /** Of xz, which is not read. */
    private static final String XZ = "fd377a585a00.*";

    private final String file;
    private final Optional<Compression> compression;

    private PlainBytes(InputStream in, String file, Optional<Compression> compression) {
        super(in);
        this.file = file;
        this.compression = compression;
    }

    /** How a file is compressed. */
    private enum Compression {
        GZIP("1f8b", "gunzip") {
            @Override
            InputStream open(InputStream in) throws IOException {
                GzipCodec codec = new GzipCodec();
                codec.setConf(new Configuration(false));
                return codec.createInputStream(in);
            }
        },
        /** Beside the three letters, which a text may have, the start of the first block or the end of an empty file. */
        BZIP2("425a683.(?:314159265359|177245385090)", "bunzip2") {
            @Override
            InputStream open(InputStream in) throws IOException {
                // Hadoop's own ends without an error where a file is cut off.
                return new BZip2CompressorInputStream(new BufferedInputStream(in), true);
            }
        },
        ZSTANDARD("28b52ffd", "unzstd") {
            @Override
            InputStream open(InputStream in) throws IOException {
                return new ZstdInputStream(in);
            }
        };

        private final String start;
        private final String tool;

        Compression(String start, String tool) {
            this.start = start;
            this.tool = tool;
        }

        abstract InputStream open(InputStream in) throws IOException;

        /** The compression of a file by its first bytes; none if they are not those of any. */
        static Optional<Compression> of(byte... head) {
            String start = HexFormat.of().formatHex(head);
            return Arrays.stream(values())
                    .filter(each -> start.matches(each.start + ".*"))
                    .findFirst();
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * Starts to read a file.
     *
     * @param in the file, which {@link #close} closes
     * @param file its name, for messages
     * @throws BadInputException if it is compressed and damaged, or compressed twice
     */
    static PlainBytes of(InputStream in, String file) throws IOException {
        byte[] head = in.readNBytes(SIGNATURE);
        InputStream whole = joined(head, in);
        Optional<Compression> compression = Compression.of(head);
        if (compression.isEmpty()) {
            return new PlainBytes(whole, file, compression);
        }
        byte[] start;
        InputStream text;
        try {
            text = compression.get().open(whole);
            start = text.readNBytes(SIGNATURE);
        } catch (IOException | RuntimeException e) {
            throw damaged(file, compression.get(), e);
        }
        if (Compression.of(start).isPresent() || HexFormat.of().formatHex(start).matches(XZ)) {
            throw new BadInputException(String.format(
                    "%s is compressed twice, and one layer is read. Take the outer one off: %s < FILE > OTHER",
                    file, compression.get().tool));
        }
        return new PlainBytes(joined(start, text), file, compression);
    }

    private static InputStream joined(byte[] head, InputStream rest) {
        return new SequenceInputStream(new ByteArrayInputStream(head), rest);
    }

    /** Name of the file. */
    String file() {
        return file;
    }

    /** Whether the file is compressed. */
    boolean compressed() {
        return compression.isPresent();
    }

    /** The command line that sends the text of a FILE such as this one through {@code filter}, for messages. */
    String filtered(String filter) {
        return compression.map(each -> each.tool + " < FILE | " + filter).orElse(filter + " < FILE") + " > OTHER";
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        if (compression.isEmpty()) {
            return super.read(bytes, offset, length);
        }
        try {
            return super.read(bytes, offset, length);
        } catch (IOException | RuntimeException e) {
            // The decoders answer some damage with array indices out of bounds.
            throw damaged(file, compression.get(), e);
        }
    }

    private static BadInputException damaged(String file, Compression compression, Exception cause) {
        return new BadInputException(
                String.format(
                        "%s: cannot be decompressed (%s) to its end: %s. It is damaged or cut off: download or copy it"
                                + " again",
                        file, compression, cause.getMessage() == null ? cause : cause.getMessage()),
                cause);
    }
}
