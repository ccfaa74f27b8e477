package org.erat.data.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.io.compress.BZip2Codec;
import org.erat.data.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class PlainBytesTest {
    /** Longer than a decoder's buffers, and not of one letter. */
    private static final String TEXT = "the cat sat on the mat, line after line\n".repeat(5_000) + "é";

    /** Encoders other than the decoders under test, where the libraries have some. */
    enum Codec {
        GZIP {
            @Override
            OutputStream open(OutputStream out) throws IOException {
                return new GZIPOutputStream(out);
            }
        },
        BZIP2 {
            @Override
            OutputStream open(OutputStream out) throws IOException {
                BZip2Codec codec = new BZip2Codec();
                codec.setConf(new Configuration(false));
                return codec.createOutputStream(out);
            }
        },
        ZSTANDARD {
            @Override
            OutputStream open(OutputStream out) throws IOException {
                return new ZstdOutputStream(out);
            }
        };

        abstract OutputStream open(OutputStream out) throws IOException;

        byte[] compress(String text) throws IOException {
            return compress(text.getBytes(StandardCharsets.UTF_8));
        }

        byte[] compress(byte... text) throws IOException {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (OutputStream out = open(bytes)) {
                out.write(text);
            }
            return bytes.toByteArray();
        }
    }

    private static String read(byte[] file) throws IOException {
        try (InputStream in = PlainBytes.of(new ByteArrayInputStream(file), "/d/train.csv")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @ParameterizedTest
    @EnumSource
    void compressedTextIsReadToItsEnd(Codec codec) throws IOException {
        assertThat(read(codec.compress(TEXT))).isEqualTo(TEXT);
        assertThat(read(codec.compress(""))).isEmpty();
    }

    /** As {@code cat a.gz b.gz} makes it, and the tools that compress in parallel. */
    @ParameterizedTest
    @EnumSource
    void compressedFilesMayFollowOneAnother(Codec codec) throws IOException {
        byte[] one = codec.compress("a\tb\n");
        byte[] two = Arrays.copyOf(one, 2 * one.length);
        System.arraycopy(one, 0, two, one.length, one.length);
        assertThat(read(two)).isEqualTo("a\tb\na\tb\n");
    }

    @ParameterizedTest
    @EnumSource
    void aCompressedFileThatIsCutOffAnywhereIsNamed(Codec codec) throws IOException {
        byte[] file = codec.compress(TEXT);
        for (int length = 10; length < file.length; length++) {
            byte[] cut = Arrays.copyOf(file, length);
            assertThatThrownBy(() -> read(cut))
                    .as("%d of %d bytes", length, file.length)
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContainingAll("/d/train.csv: cannot be decompressed", "download or copy it again");
        }
    }

    /** Both have checksums. A byte may be wrong where nothing is decoded by it, as in a code table that is not used. */
    @ParameterizedTest
    @EnumSource(names = {"GZIP", "BZIP2"})
    void aWrongByteNeverGivesWrongText(Codec codec) throws IOException {
        byte[] file = codec.compress(TEXT);
        int refused = 0;
        for (int i = 20; i < file.length; i++) {
            byte[] wrong = file.clone();
            wrong[i] ^= 0x10;
            try {
                assertThat(read(wrong)).isEqualTo(TEXT);
            } catch (BadInputException e) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(file.length / 2);
    }

    @Test
    void whatIsNotCompressedIsReadAsItIs() throws IOException {
        for (String text : new String[] {TEXT, "", "a", "BZh9 is a name\n"}) {
            assertThat(read(text.getBytes(StandardCharsets.UTF_8))).isEqualTo(text);
        }
    }

    /** gunzip and its kin refuse names with other endings; from the standard input they read any file. */
    @ParameterizedTest
    @CsvSource({"GZIP, gunzip", "BZIP2, bunzip2", "ZSTANDARD, unzstd"})
    void aFileThatIsCompressedTwiceIsNamedWithTheCommandForItsOuterLayer(Codec outer, String tool) throws IOException {
        List<byte[]> inner = new ArrayList<>();
        for (Codec codec : Codec.values()) {
            inner.add(codec.compress(TEXT));
        }
        inner.add(HexFormat.of().parseHex("fd377a585a0000"));
        for (byte[] once : inner) {
            byte[] twice = outer.compress(once);
            assertThatThrownBy(() -> read(twice))
                    .isInstanceOf(BadInputException.class)
                    .hasMessage("/d/train.csv is compressed twice, and one layer is read. Take the outer one off: "
                            + tool + " < FILE > OTHER");
        }
    }
}
