package org.erat.data.text;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Set;
import org.apache.commons.compress.compressors.CompressorException;
import org.apache.commons.compress.compressors.CompressorStreamFactory;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.data.BadInputException;
import org.erat.data.FileSignature;

/** The bytes of a text file, decompressed where its first bytes say that it is compressed, whatever its name says. */
final class TextBytes {
    private static final Set<String> READ =
            Set.of(CompressorStreamFactory.GZIP, CompressorStreamFactory.BZIP2, CompressorStreamFactory.ZSTANDARD);

    private TextBytes() {}

    /** Opens a file. */
    static InputStream open(Configuration hadoop, Path file) throws IOException {
        InputStream bytes = new BufferedInputStream(file.getFileSystem(hadoop).open(file), FileSignature.BYTES);
        try {
            String compression = CompressorStreamFactory.detect(bytes);
            return READ.contains(compression) ? new Decompressed(bytes, compression, file) : bytes;
        } catch (CompressorException notCompressed) {
            return bytes;
        }
    }

    /** A stream whose errors say that it is the compressed file that is damaged. */
    private static final class Decompressed extends InputStream {
        private final InputStream bytes;
        private final String compression;
        private final Path file;

        Decompressed(InputStream compressed, String compression, Path file) throws IOException, CompressorException {
            this.compression = compression;
            this.file = file;
            this.bytes = new CompressorStreamFactory(true).createCompressorInputStream(compression, compressed);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            try {
                return bytes.read(into, offset, length);
            } catch (IOException | IllegalArgumentException | IndexOutOfBoundsException e) {
                throw new BadInputException(
                        String.format(
                                "%s: is compressed with %s and damaged or cut off (%s). Copy or download it again",
                                file, compression, e.getMessage()),
                        e);
            }
        }

        @Override
        public void close() throws IOException {
            bytes.close();
        }
    }
}
