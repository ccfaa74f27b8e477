package org.erat.data.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.erat.data.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class Utf8LinesTest {
    @Test
    void endsLinesInEitherWayAndDropsAByteOrderMark() throws IOException {
        assertThat(lines("\uFEFFa\r\nb\n\nc")).containsExactly("a", "b", "", "c");
        assertThat(lines("a\n")).containsExactly("a");
        assertThat(lines("")).isEmpty();
    }

    @Test
    void keepsALineThatSpansManyBuffers() throws IOException {
        String line = "é".repeat(100_000);

        assertThat(lines(line + "\nx")).containsExactly(line, "x");
    }

    @Test
    void givesEveryCharacterToAReader() throws IOException {
        StringWriter all = new StringWriter();
        lines(bytes("\uFEFFa\r\n\"b\nc\"\n")).asReader().transferTo(all);

        assertThat(all).hasToString("a\r\n\"b\nc\"\n");
    }

    @Test
    void namesLineAndOffsetOfWhatIsNotUtf8() throws IOException {
        byte[] latin1 = "good\ncafé au lait\n".getBytes(StandardCharsets.ISO_8859_1);
        Utf8Lines lines = lines(latin1);
        assertThat(lines.next()).isEqualTo("good");

        assertThatThrownBy(lines::next)
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("data.tsv, line 2: byte 0xE9 at offset 8 of the file is not UTF-8")
                .hasMessageEndingWith("; save it as UTF-8, for example by iconv -f ISO-8859-1 -t UTF-8 < FILE > OTHER");
    }

    @ParameterizedTest
    @CsvSource({
        "ISO-8859-1, 'data.tsv, line 1: byte 0xE9 at offset 3 of the decompressed file is not UTF-8'",
        "UTF-16LE, data.tsv is UTF-16LE text"
    })
    void compressedTextInAnotherEncodingIsDecompressedFirst(String encoding, String what) throws IOException {
        byte[] file = PlainBytesTest.Codec.GZIP.compress("café au lait\n".getBytes(Charset.forName(encoding)));
        Utf8Lines lines = lines(file);

        assertThatThrownBy(lines::next)
                .isInstanceOf(BadInputException.class)
                .hasMessage(what + "; decompress it and save it as UTF-8, for example by gunzip < FILE | iconv -f "
                        + encoding + " -t UTF-8 > OTHER");
    }

    /** A character cut short, an overlong encoding, and half of a surrogate pair. */
    @ParameterizedTest
    @ValueSource(strings = {"61C3", "61C0AF", "61EDA080"})
    void refusesEveryKindOfMalformedBytes(String hex) throws IOException {
        Utf8Lines lines = lines(java.util.HexFormat.of().parseHex(hex));

        assertThatThrownBy(lines::next)
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("line 1")
                .hasMessageContaining("offset 1 ");
    }

    @Test
    void refusesALineWithoutEnd() {
        InputStream endless = new InputStream() {
            @Override
            public int read() {
                return 'x';
            }
        };

        assertThatThrownBy(() -> lines(endless).next())
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("data.tsv, line 1: longer than 16 MiB");
    }

    private static List<String> lines(String text) throws IOException {
        Utf8Lines lines = lines(bytes(text));
        List<String> all = new ArrayList<>();
        for (String line = lines.next(); line != null; line = lines.next()) {
            all.add(line);
            assertThat(lines.lineNumber()).isEqualTo(all.size());
        }
        return all;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static Utf8Lines lines(byte[] bytes) throws IOException {
        return lines(new ByteArrayInputStream(bytes));
    }

    private static Utf8Lines lines(InputStream file) throws IOException {
        return new Utf8Lines(PlainBytes.of(file, "data.tsv"));
    }
}
