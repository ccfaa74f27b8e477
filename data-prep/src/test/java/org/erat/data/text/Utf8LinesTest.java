package org.erat.data.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.erat.data.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
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
                .hasMessageContaining("iconv");
    }

    /** A character cut short, an overlong encoding, and half of a surrogate pair. */
    @ParameterizedTest
    @ValueSource(strings = {"61C3", "61C0AF", "61EDA080"})
    void refusesEveryKindOfMalformedBytes(String hex) {
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

        assertThatThrownBy(() -> new Utf8Lines(endless, "data.tsv").next())
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

    private static Utf8Lines lines(byte[] bytes) {
        return new Utf8Lines(new ByteArrayInputStream(bytes), "data.tsv");
    }
}
