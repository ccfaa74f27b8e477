package org.erat.data.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.erat.data.BadInputException;

/** Damage anywhere in a file is either refused or harmless to every tensor that it did not touch. */
class SafetensorsMutationTest {
    private static final int[] ELEMENTS = {6, 1, 0, 12};

    private static Path file;

    @BeforeContainer
    static void makeFile() throws IOException {
        file = Files.createTempFile("mutated", ".safetensors");
    }

    @AfterContainer
    static void deleteFile() throws IOException {
        Files.deleteIfExists(file);
    }

    private static byte[] valid() throws IOException {
        Map<String, FloatTensor> tensors = new LinkedHashMap<>();
        for (int t = 0; t < ELEMENTS.length; t++) {
            float[] values = new float[ELEMENTS[t]];
            for (int i = 0; i < values.length; i++) {
                values[i] = i * 0.37f - 1;
            }
            long[] shape = t % 2 == 0 ? new long[] {2, ELEMENTS[t] / 2} : new long[] {ELEMENTS[t]};
            tensors.put("layer." + t + ".weight", new FloatTensor(shape, FloatBuffer.wrap(values)));
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        SafetensorsWriter.write(out, tensors, Map.of("format", "pt"));
        return out.toByteArray();
    }

    /** Dtype, shape and bits of all tensors by name; null if the file is refused. Anything else thrown is a failure. */
    private static Map<String, String> read(byte[] bytes) {
        SafetensorsBytes.write(file, bytes);
        try (SafetensorsFile opened = SafetensorsFile.open(file)) {
            Map<String, String> tensors = new TreeMap<>();
            for (String name : opened.names()) {
                TensorInfo info = opened.info(name);
                String key = name + " " + info.dtype() + " " + Arrays.toString(info.shape());
                if (info.dtype().isFloat()) {
                    FloatBuffer values = opened.floats(name);
                    StringBuilder bits = new StringBuilder();
                    while (values.hasRemaining()) {
                        bits.append(Float.floatToRawIntBits(values.get())).append(' ');
                    }
                    tensors.put(key, bits.toString());
                }
            }
            return tensors;
        } catch (BadInputException e) {
            return null;
        }
    }

    private static int headerEnd(byte[] bytes) {
        return Long.BYTES
                + (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    }

    @Property(tries = 300)
    void everyTruncationIsRefused(@ForAll @IntRange(max = 1000) int permille) throws IOException {
        byte[] bytes = valid();
        SafetensorsBytes.write(file, Arrays.copyOf(bytes, (int) ((long) (bytes.length - 1) * permille / 1000)));
        assertThatThrownBy(() -> SafetensorsFile.open(file).close())
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(file.toString());
    }

    @Property(tries = 2000)
    void damageToTheHeaderIsRefusedOrLeavesTheTensorsThatKeepTheirDescriptionIdentical(
            @ForAll @Size(min = 1, max = 4) int[] places, @ForAll byte value) throws IOException {
        byte[] bytes = valid();
        Map<String, String> before = read(bytes);
        int end = headerEnd(bytes);
        for (int place : places) {
            bytes[Math.floorMod(place, end)] = value;
        }
        Map<String, String> after = read(bytes);
        if (after != null) {
            after.forEach((key, bits) -> {
                if (before.containsKey(key)) {
                    assertThat(bits).isEqualTo(before.get(key));
                }
            });
        }
    }

    @Property(tries = 2000)
    void damageToTheHeaderWithinItsAlphabetIsNeverAnotherException(
            @ForAll @IntRange(max = 100_000) int from, @ForAll @IntRange(max = 100_000) int to) throws IOException {
        byte[] bytes = valid();
        int end = headerEnd(bytes);
        // Digits, quotes and brackets of the header itself make the most plausible damage.
        bytes[Long.BYTES + to % (end - Long.BYTES)] = bytes[Long.BYTES + from % (end - Long.BYTES)];
        read(bytes);
    }

    @Property(tries = 500)
    void damageToTheDataChangesOneElementAtMost(@ForAll @IntRange(max = 75) int place, @ForAll byte value)
            throws IOException {
        byte[] bytes = valid();
        Map<String, String> before = read(bytes);
        bytes[headerEnd(bytes) + place] = value;
        Map<String, String> after = read(bytes);
        assertThat(after).isNotNull();
        assertThat(after.keySet()).isEqualTo(before.keySet());
        int changed = 0;
        for (Map.Entry<String, String> tensor : before.entrySet()) {
            String[] old = tensor.getValue().split(" ", -1);
            String[] now = after.get(tensor.getKey()).split(" ", -1);
            assertThat(now).hasSameSizeAs(old);
            for (int i = 0; i < old.length; i++) {
                changed += old[i].equals(now[i]) ? 0 : 1;
            }
        }
        assertThat(changed).isLessThanOrEqualTo(1);
    }

    @Property(tries = 1000)
    void arbitraryBytesAreRefused(@ForAll @Size(max = 200) byte[] bytes) {
        assertThat(read(bytes)).isNull();
    }

    @Property(tries = 300)
    void anyTensorsSurviveARoundTrip(@ForAll @Size(max = 5) Map<String, @Size(max = 20) float[]> values) {
        Map<String, FloatTensor> tensors = new LinkedHashMap<>();
        values.forEach((name, v) ->
                tensors.put("t" + cleaned(name), new FloatTensor(new long[] {v.length}, FloatBuffer.wrap(v))));
        SafetensorsWriter.write(file, tensors, Map.of());
        try (SafetensorsFile opened = SafetensorsFile.open(file)) {
            assertThat(opened.names()).isEqualTo(tensors.keySet());
            tensors.forEach((name, tensor) -> {
                FloatBuffer read = opened.floats(name);
                for (int i = 0; i < tensor.values().remaining(); i++) {
                    assertThat(Float.floatToRawIntBits(read.get(i)))
                            .isEqualTo(Float.floatToRawIntBits(tensor.values().get(i)));
                }
            });
        }
    }

    /** Half of a surrogate pair is not text and has no UTF-8 form. */
    private static String cleaned(String name) {
        return name.replaceAll("\\p{Cs}", "?");
    }
}
