package org.erat.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

public class FileSignatureTest {
    /** A pointer as the specification of Git LFS shows it. */
    public static final String LFS_POINTER =
            """
            version https://git-lfs.github.com/spec/v1
            oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
            size 12345
            """;

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] hex(String hex) {
        return HexFormat.of().parseHex(hex);
    }

    static Stream<Arguments> accidents() {
        byte[] tar = new byte[1024];
        System.arraycopy(text("ustar"), 0, tar, 257, 5);
        tar[0] = 'm';
        return Stream.of(
                Arguments.of(text(LFS_POINTER), "is a Git LFS pointer", "git lfs pull"),
                Arguments.of(text("<!DOCTYPE html>\n<html>"), "is an HTML page", "Download the file again"),
                Arguments.of(text("\ufeff  <HTML lang=en>"), "is an HTML page", "Download the file again"),
                Arguments.of(text("<?xml version=\"1.0\"?><Error/>"), "is an XML document", "Download"),
                Arguments.of(new byte[0], "is empty", "again"),
                Arguments.of(new byte[4096], "begins with zeros only", "Download the file again"),
                Arguments.of(hex("1f8b0808"), "is compressed with gzip", "gunzip"),
                Arguments.of(text("BZh91AY"), "is compressed with bzip2", "bunzip2"),
                Arguments.of(hex("fd377a585a0000"), "is compressed with xz", "unxz"),
                Arguments.of(hex("28b52ffd04"), "is compressed with Zstandard", "unzstd"),
                Arguments.of(text("PK\u0003\u0004 config.json"), "is a zip archive", "Unpack it"),
                Arguments.of(text("PK\u0003\u0004 archive/data.pkl"), "is a Python pickle", "safe_serialization=True"),
                Arguments.of(hex("80028a0a6cfc9c46f920"), "is a Python pickle", "safe_serialization=True"),
                Arguments.of(tar, "is a tar archive", "Unpack it"),
                Arguments.of(hex("894844460d0a1a0a00"), "is an HDF5 file", "safe_serialization=True"),
                Arguments.of(text("GGUF\u0003"), "is a GGUF file", "safetensors"));
    }

    @ParameterizedTest
    @MethodSource("accidents")
    void anAccidentIsNamedWithTheFix(byte[] head, String what, String fix) {
        BadInputException otherwise = new BadInputException("f: otherwise");
        assertThat(FileSignature.explain("/m/f", head, otherwise))
                .hasMessageStartingWith("/m/f: " + what)
                .hasMessageContaining(fix);
    }

    @Test
    void whatHasNoSignatureIsLeftToTheReader() {
        BadInputException otherwise = new BadInputException("f: otherwise");
        byte[] safetensors = Arrays.copyOf(hex("1000000000000000"), 24);
        for (byte[] head : new byte[][] {safetensors, text("{\"a\":1"), text("weights"), hex("80")}) {
            assertThat(FileSignature.explain("f", head, otherwise)).isSameAs(otherwise);
        }
    }
}
