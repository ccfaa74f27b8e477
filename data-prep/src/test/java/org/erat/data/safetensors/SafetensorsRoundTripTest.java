package org.erat.data.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsRoundTripTest {
    @TempDir
    private Path directory;

    private static Map<String, FloatTensor> tensors() {
        Map<String, FloatTensor> tensors = new LinkedHashMap<>();
        tensors.put("b.matrix", new FloatTensor(new long[] {2, 3}, FloatBuffer.wrap(new float[] {1, 2, 3, 4, 5, 6})));
        tensors.put("a.scalar", new FloatTensor(new long[] {}, FloatBuffer.wrap(new float[] {-0.5f})));
        tensors.put("c.empty", new FloatTensor(new long[] {0, 4}, FloatBuffer.allocate(0)));
        return tensors;
    }

    private Path written() {
        Path file = directory.resolve("model.safetensors");
        SafetensorsWriter.write(file, tensors(), Map.of("format", "pt", "author", "ünïcode"));
        return file;
    }

    private static float[] values(FloatBuffer buffer) {
        float[] values = new float[buffer.remaining()];
        buffer.duplicate().get(values);
        return values;
    }

    @Test
    void whatIsWrittenIsReadBack() {
        try (SafetensorsFile file = SafetensorsFile.open(written())) {
            assertThat(file.names()).containsExactly("a.scalar", "b.matrix", "c.empty");
            assertThat(file.metadata()).isEqualTo(Map.of("format", "pt", "author", "ünïcode"));
            assertThat(file.info("b.matrix").shape()).containsExactly(2, 3);
            assertThat(file.info("b.matrix").dtype()).isEqualTo(Dtype.F32);
            assertThat(values(file.floats("b.matrix"))).containsExactly(1, 2, 3, 4, 5, 6);
            assertThat(values(file.requireFloats("a.scalar"))).containsExactly(-0.5f);
            assertThat(values(file.requireFloats("c.empty", 0, 4))).isEmpty();
        }
    }

    /** Larger than the pieces in which a file is read. */
    @Test
    void valuesAreCopiedWithoutAMapping() {
        float[] values = new float[700_001];
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
        }
        Path path = directory.resolve("large.safetensors");
        SafetensorsWriter.write(
                path, Map.of("w", new FloatTensor(new long[] {values.length}, FloatBuffer.wrap(values))), Map.of());
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            FloatBuffer into = FloatBuffer.allocate(values.length + 1);
            file.read("w", into);
            assertThat(into.slice(0, values.length)).isEqualTo(FloatBuffer.wrap(values));
            assertThat(into.get(values.length)).isZero();
            assertThatThrownBy(() -> file.read("v", into)).isInstanceOf(BadInputException.class);
        }
    }

    @Test
    void valuesStayReadableAfterTheFileIsClosed() {
        FloatBuffer values;
        try (SafetensorsFile file = SafetensorsFile.open(written())) {
            values = file.floats("b.matrix");
        }
        assertThat(values(values)).containsExactly(1, 2, 3, 4, 5, 6);
    }

    @Test
    void alignedValuesAreViewsOfTheFileThatCannotBeWritten() {
        try (SafetensorsFile file = SafetensorsFile.open(written())) {
            FloatBuffer values = file.floats("b.matrix");
            assertThat(values.isDirect()).isTrue();
            assertThat(values.isReadOnly()).isTrue();
            assertThat(values.order()).isEqualTo(ByteOrder.LITTLE_ENDIAN);
        }
    }

    @Test
    void theDataBeginsAtAMultipleOfEightBytes() throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(written())).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(bytes.getLong() % 8).isZero();
    }

    @Test
    void equalInputGivesEqualBytesWhateverItsOrderAndDestination() throws IOException {
        Map<String, FloatTensor> reversed = new LinkedHashMap<>();
        tensors().entrySet().stream()
                .sorted(Map.Entry.<String, FloatTensor>comparingByKey().reversed())
                .forEach(e -> reversed.put(e.getKey(), e.getValue()));
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        SafetensorsWriter.write(stream, reversed, Map.of("author", "ünïcode", "format", "pt"));
        assertThat(stream.toByteArray()).isEqualTo(Files.readAllBytes(written()));
    }

    @Test
    void theFileIsTheOneThatTheFormatDescribes() throws IOException {
        Path file = directory.resolve("one.safetensors");
        SafetensorsWriter.write(
                file, Map.of("w", new FloatTensor(new long[] {1}, FloatBuffer.wrap(new float[] {1.5f}))), Map.of());
        String header = "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}";
        String padded = header + " ".repeat(56 - header.length());
        assertThat(Files.readAllBytes(file)).isEqualTo(SafetensorsBytes.of(padded, SafetensorsBytes.floats(1.5f)));
    }

    @Test
    void aTensorLargerThanTheWriteBufferIsWrittenWhole() {
        float[] large = new float[700_000];
        for (int i = 0; i < large.length; i++) {
            large[i] = i;
        }
        Path file = directory.resolve("large.safetensors");
        SafetensorsWriter.write(
                file, Map.of("w", new FloatTensor(new long[] {7, 100_000}, FloatBuffer.wrap(large))), Map.of());
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            assertThat(values(read.floats("w"))).isEqualTo(large);
        }
    }

    @Test
    void onlyThePartFromPositionToLimitIsWritten() {
        FloatBuffer part =
                FloatBuffer.wrap(new float[] {9, 1, 2, 9}).position(1).limit(3);
        Path file = directory.resolve("part.safetensors");
        SafetensorsWriter.write(file, Map.of("w", new FloatTensor(new long[] {2}, part)), Map.of());
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            assertThat(values(read.floats("w"))).containsExactly(1, 2);
        }
        assertThat(part.position()).isEqualTo(1);
    }

    @Test
    void aFailedWriteLeavesTheOldFileAndNoOther() throws IOException {
        Path file = written();
        byte[] before = Files.readAllBytes(file);
        TensorSource failing = new TensorSource(new long[] {1}, () -> {
            throw new IllegalStateException("no values");
        });
        assertThatThrownBy(() -> SafetensorsWriter.writeStreaming(file, Map.of("w", failing), Map.of()))
                .hasMessage("no values");
        assertThat(Files.readAllBytes(file)).isEqualTo(before);
        try (Stream<Path> entries = Files.list(directory)) {
            assertThat(entries).containsExactly(file);
        }
    }

    @Test
    void aPlaceThatCannotBeWrittenIsNamed() {
        Path nowhere = directory.resolve("missing").resolve("model.safetensors");
        assertThatThrownBy(() -> SafetensorsWriter.write(nowhere, tensors(), Map.of()))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining(nowhere.toString())
                .hasMessageContaining("permissions");
    }

    @Test
    void aWrongShapeIsReportedWithBothShapes() {
        try (SafetensorsFile file = SafetensorsFile.open(written())) {
            assertThatThrownBy(() -> file.require("b.matrix", 3, 2))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining(file.path().toString())
                    .hasMessageContaining("'b.matrix' has shape [2, 3], but [3, 2] is expected");
        }
    }

    @Test
    void aMissingTensorIsNamed() {
        try (SafetensorsFile file = SafetensorsFile.open(written())) {
            assertThatThrownBy(() -> file.floats("d.missing"))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("'d.missing' is missing");
        }
    }

    @Test
    void misalignedValuesAreCopied() {
        // A header of 60 bytes and one BOOL put the floats at an odd position.
        String header = "{\"f\":{\"dtype\":\"BOOL\",\"shape\":[1],\"data_offsets\":[0,1]},"
                + "\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[1,9]}}";
        byte[] data = ByteBuffer.allocate(9)
                .put((byte) 1)
                .put(SafetensorsBytes.floats(3.25f, -7f))
                .array();
        while ((header.getBytes(StandardCharsets.UTF_8).length + 1) % 4 == 0) {
            header += " ";
        }
        Path file = SafetensorsBytes.write(directory.resolve("odd"), SafetensorsBytes.of(header, data));
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            assertThat(values(read.floats("w"))).containsExactly(3.25f, -7f);
            assertThat(read.floats("w").isDirect()).isTrue();
            assertThatThrownBy(() -> read.floats("f")).hasMessageContaining("of type BOOL, but F32, F16 or BF16");
        }
    }

    @Test
    void aFileBeyondTwoGibibytesIsRead() throws IOException {
        // Sparse: the file takes no space on disk, and only its last tensor is touched.
        long hole = 3L << 30;
        String header = "{\"a\":{\"dtype\":\"U8\",\"shape\":[" + hole + "],\"data_offsets\":[0," + hole + "]},"
                + "\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[" + hole + "," + (hole + 4) + "]}}";
        byte[] head = SafetensorsBytes.of(header, new byte[0]);
        Path file = SafetensorsBytes.write(directory.resolve("sparse"), head);
        try (var channel = java.nio.channels.FileChannel.open(file, java.nio.file.StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(SafetensorsBytes.floats(42)), head.length + hole);
        }
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            assertThat(values(read.floats("w"))).containsExactly(42);
        }
    }
}
