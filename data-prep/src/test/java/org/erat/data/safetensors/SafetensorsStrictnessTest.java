package org.erat.data.safetensors;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.erat.data.BadInputException;
import org.erat.data.FileSignatureTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SafetensorsStrictnessTest {
    @TempDir
    private Path directory;

    private void assertRefused(byte[] bytes, String... reasons) {
        Path file = SafetensorsBytes.write(directory.resolve("bad.safetensors"), bytes);
        assertThatThrownBy(() -> SafetensorsFile.open(file).close())
                .isInstanceOf(BadInputException.class)
                .hasMessageContainingAll(reasons)
                .hasMessageContaining(file.toString());
    }

    @Test
    void whatIsInPlaceOfTheFileIsNamed() {
        assertRefused(FileSignatureTest.LFS_POINTER.getBytes(StandardCharsets.UTF_8), "is a Git LFS pointer");
        assertRefused(new byte[0], "is empty");
        assertRefused(new byte[100], "begins with zeros only");
    }

    @Test
    void aHeaderThatIsNestedWithoutEndIsRefused() {
        String deep = "{\"w\":" + "[".repeat(1_000_000);
        assertRefused(
                SafetensorsBytes.of(deep, new byte[0]), "header is not valid JSON: it is nested more than 128 levels");
    }

    private static String tensor(String dtype, String shape, String offsets) {
        return "{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
    }

    /** Headers in front of 8 bytes of data. */
    static Stream<Arguments> headers() {
        return Stream.of(
                Arguments.of("{\"w\":" + tensor("F31", "[2]", "[0,8]") + "}", "'w': its dtype 'F31' is not known"),
                Arguments.of("{\"w\":" + tensor("F32", "[3]", "[0,12]") + "}", "do not lie inside the 8 data bytes"),
                Arguments.of("{\"w\":" + tensor("F32", "[2]", "[8,0]") + "}", "do not lie inside the 8 data bytes"),
                Arguments.of("{\"w\":" + tensor("F32", "[2]", "[0,8,8]") + "}", "do not lie inside"),
                Arguments.of("{\"w\":" + tensor("F32", "[1]", "[0,8]") + "}", "does not take the 8 bytes"),
                Arguments.of("{\"w\":" + tensor("F32", "[-1,-2]", "[0,8]") + "}", "holds -1, not a whole number"),
                Arguments.of("{\"w\":" + tensor("F32", "[2.0]", "[0,8]") + "}", "holds 2.0, not a whole number"),
                Arguments.of("{\"w\":" + tensor("F32", "[\"2\"]", "[0,8]") + "}", "not a whole number"),
                Arguments.of("{\"w\":" + tensor("F32", "[1e400]", "[0,8]") + "}", "not a whole number"),
                Arguments.of("{\"w\":" + tensor("F32", "2", "[0,8]") + "}", "its shape is not a list"),
                Arguments.of(
                        "{\"w\":" + tensor("F32", "[9223372036854775808]", "[0,8]") + "}", "not a whole number from 0"),
                // 4 bytes times 2^62 + 2 is 8 in 64 bits: multiplication that wraps would let it pass.
                Arguments.of("{\"w\":" + tensor("F32", "[4611686018427387906]", "[0,8]") + "}", "larger than any file"),
                Arguments.of(
                        "{\"w\":" + tensor("F32", "[4294967296,4294967296,2]", "[0,8]") + "}", "larger than any file"),
                Arguments.of("{\"w\":" + tensor("F32", "[1]", "[0,4]") + "}", "4 bytes after the last tensor"),
                Arguments.of("{}", "8 bytes after the last tensor belong to no tensor"),
                Arguments.of("{\"w\":" + tensor("F32", "[1]", "[4,8]") + "}", "'w': there is a hole of 4 bytes"),
                Arguments.of(
                        "{\"v\":" + tensor("F32", "[2]", "[0,8]") + ",\"w\":" + tensor("F32", "[1]", "[4,8]") + "}",
                        "'w': its data overlaps"),
                Arguments.of(
                        "{\"w\":" + tensor("F32", "[1]", "[0,4]") + ",\"w\":" + tensor("F32", "[1]", "[4,8]") + "}",
                        "Duplicate field 'w'"),
                Arguments.of("{\"w\":{\"dtype\":\"F32\",\"shape\":[2]}}", "exactly dtype, shape and data_offsets"),
                Arguments.of("{\"w\":5}", "exactly dtype, shape and data_offsets"),
                Arguments.of(
                        "{\"w\":{\"dtype\":\"F32\",\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,8]}}",
                        "Duplicate field 'dtype'"),
                Arguments.of("{\"__metadata__\":{\"a\":1},\"w\":" + tensor("F32", "[2]", "[0,8]") + "}", "is not text"),
                Arguments.of("{\"__metadata__\":[],\"w\":" + tensor("F32", "[2]", "[0,8]") + "}", "not an object"),
                Arguments.of(" {\"w\":" + tensor("F32", "[2]", "[0,8]") + "}", "does not begin with '{'"),
                Arguments.of("{\"w\":" + tensor("F32", "[2]", "[0,8]") + "} {}", "not valid JSON"),
                Arguments.of("{\"w\":", "not valid JSON"),
                Arguments.of("{\"w\":" + "[".repeat(5000), "not valid JSON"));
    }

    @ParameterizedTest
    @MethodSource("headers")
    void aHeaderThatDoesNotDescribeTheDataIsRefused(String header, String reason) {
        assertRefused(SafetensorsBytes.of(header, new byte[8]), reason);
    }

    @Test
    void aHeaderOfImpossibleLengthIsRefused() {
        byte[] header = "{}".getBytes(StandardCharsets.UTF_8);
        assertRefused(SafetensorsBytes.of(3, header, new byte[0]), "should be 3 bytes long, in a file of 10 bytes");
        assertRefused(SafetensorsBytes.of(-1, header, new byte[0]), "should be 18446744073709551615 bytes long");
        assertRefused(SafetensorsBytes.of(1L << 40, header, new byte[0]), "should be 1099511627776 bytes long");
        assertRefused(SafetensorsBytes.of(0, header, new byte[0]), "does not begin with '{'");
    }

    @Test
    void aHeaderLargerThanTheLimitIsRefusedEvenIfTheFileIsLargeEnough() throws java.io.IOException {
        Path file = SafetensorsBytes.write(
                directory.resolve("huge"), SafetensorsBytes.of(100_000_001, new byte[] {'{'}, new byte[0]));
        try (var raw = new java.io.RandomAccessFile(file.toFile(), "rw")) {
            raw.setLength(200_000_000);
        }
        assertThatThrownBy(() -> SafetensorsFile.open(file).close())
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("should be 100000001 bytes long");
    }

    @Test
    void aFileTooShortForItsOwnLengthIsRefused() {
        assertRefused(new byte[1], "only 1 bytes long");
        assertRefused(new byte[7], "only 7 bytes long");
    }

    @Test
    void aHeaderThatIsNotUtf8IsRefused() {
        byte[] header = "{\"w\":{}}".getBytes(StandardCharsets.UTF_8);
        header[2] = (byte) 0xff;
        assertRefused(SafetensorsBytes.of(header.length, header, new byte[0]), "not valid UTF-8");
    }

    @Test
    void aMissingFileIsNamed() {
        Path missing = directory.resolve("missing.safetensors");
        assertThatThrownBy(() -> SafetensorsFile.open(missing).close())
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(missing + ": there is no such file");
        assertThatThrownBy(() -> SafetensorsFile.open(directory).close())
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(directory.toString());
    }
}
