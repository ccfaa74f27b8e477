package org.erat.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import org.apache.hadoop.fs.Path;
import org.erat.data.Json;
import org.erat.data.Sha256;
import org.erat.data.storage.Storage;

/**
 * The files of one checkpoint. Each {@code NAME.f32} is an array of raw little-endian floats, {@code state.json} has the
 * rest, and {@code checksums.json} has the length and the SHA-256 of every other file.
 */
final class CheckpointFormat {
    private static final int VERSION = 1;
    private static final String STATE = "state.json";
    private static final String CHECKSUMS = "checksums.json";
    private static final String ARRAY = ".f32";
    private static final int CHUNK = 1 << 16;
    private static final ObjectMapper JSON = Json.mapper();

    /** The checkpoint cannot be used; the message says why. */
    static final class Damaged extends Exception {
        Damaged(String message) {
            super(message);
        }

        Damaged(String message, Throwable cause) {
            super(message, cause);
        }
    }

    private final Storage storage;

    CheckpointFormat(Storage storage) {
        this.storage = storage;
    }

    /** Writes all files of {@code checkpoint} into {@code folder}, the checksums last. */
    void write(Path folder, Checkpoint checkpoint) throws IOException {
        ObjectNode state = JSON.createObjectNode();
        state.put("format", VERSION);
        state.put("round", checkpoint.round());
        state.put("step", checkpoint.step());
        ObjectNode lengths = state.putObject("arrays");
        ObjectNode extra = state.putObject("extra");
        checkpoint.extra().forEach(extra::put);
        ObjectNode checksums = JSON.createObjectNode();
        for (Map.Entry<String, float[]> array : checkpoint.arrays().entrySet()) {
            lengths.put(array.getKey(), array.getValue().length);
            writeFile(folder, array.getKey() + ARRAY, out -> writeFloats(out, array.getValue()), checksums);
        }
        byte[] stateBytes = pretty(state);
        writeFile(folder, STATE, out -> out.write(stateBytes), checksums);
        byte[] checksumBytes = pretty(checksums);
        storage.write(new Path(folder, CHECKSUMS), out -> out.write(checksumBytes));
    }

    /**
     * Reads a checkpoint and verifies every byte.
     *
     * @throws Damaged if a file is missing, cannot be read or is not as it was written
     */
    Checkpoint read(Path folder) throws Damaged {
        JsonNode checksums = json(folder, CHECKSUMS);
        verify(folder, STATE, checksums);
        JsonNode state = json(folder, STATE);
        if (state.path("format").asInt() != VERSION) {
            throw new Damaged(STATE + " has format " + state.path("format") + ", this version reads " + VERSION);
        }
        Map<String, float[]> arrays = new HashMap<>();
        for (Iterator<Map.Entry<String, JsonNode>> it = state.path("arrays").fields(); it.hasNext(); ) {
            Map.Entry<String, JsonNode> array = it.next();
            arrays.put(
                    array.getKey(),
                    readFloats(folder, array.getKey(), array.getValue().asInt(), checksums));
        }
        Map<String, String> extra = new HashMap<>();
        state.path("extra")
                .fields()
                .forEachRemaining(e -> extra.put(e.getKey(), e.getValue().asText()));
        if (!arrays.containsKey("params") || !arrays.containsKey("optimizer")) {
            throw new Damaged(STATE + " lists only the arrays " + arrays.keySet());
        }
        return new Checkpoint(
                state.path("round").asInt(),
                state.path("step").asLong(),
                arrays.get("params"),
                arrays.get("optimizer"),
                arrays.get("momentum"),
                arrays.get("best"),
                extra);
    }

    private void writeFile(Path folder, String name, Storage.Content content, ObjectNode checksums) throws IOException {
        MessageDigest digest = Sha256.start();
        Path file = new Path(folder, name);
        storage.write(file, out -> {
            DigestOutputStream digesting = new DigestOutputStream(out, digest);
            content.writeTo(digesting);
            digesting.flush();
        });
        ObjectNode entry = checksums.putObject(name);
        entry.put("bytes", storage.length(file));
        entry.put("sha256", Sha256.hex(digest));
    }

    private void verify(Path folder, String name, JsonNode checksums) throws Damaged {
        try (InputStream in = expectLength(folder, name, checksums)) {
            MessageDigest digest = Sha256.start();
            Sha256.update(digest, in);
            expectDigest(name, digest, checksums);
        } catch (IOException e) {
            throw new Damaged(name + " cannot be read: " + e.getMessage(), e);
        }
    }

    private float[] readFloats(Path folder, String array, int count, JsonNode checksums) throws Damaged {
        String name = array + ARRAY;
        MessageDigest digest = Sha256.start();
        if (checksums.path(name).path("bytes").asLong(-1) != (long) count * Float.BYTES) {
            throw new Damaged(name + " is listed with " + checksums.path(name).path("bytes") + " bytes, " + count
                    + " floats are expected");
        }
        float[] values = new float[count];
        try (DigestInputStream in = new DigestInputStream(expectLength(folder, name, checksums), digest)) {
            for (int at = 0; at < count; ) {
                int n = Math.min(CHUNK, count - at);
                byte[] bytes = in.readNBytes(n * Float.BYTES);
                if (bytes.length < n * Float.BYTES) {
                    throw new Damaged(name + " ends after " + (at * (long) Float.BYTES + bytes.length) + " bytes");
                }
                ByteBuffer.wrap(bytes)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .asFloatBuffer()
                        .get(values, at, n);
                at += n;
            }
        } catch (IOException e) {
            throw new Damaged(name + " cannot be read: " + e.getMessage(), e);
        }
        expectDigest(name, digest, checksums);
        return values;
    }

    private InputStream expectLength(Path folder, String name, JsonNode checksums) throws Damaged {
        Path file = new Path(folder, name);
        try {
            if (!storage.exists(file)) {
                throw new Damaged(name + " is missing");
            }
            long expected = checksums.path(name).path("bytes").asLong(-1);
            long actual = storage.length(file);
            if (actual != expected) {
                throw new Damaged(name + " has " + actual + " bytes instead of " + expected);
            }
            return storage.open(file);
        } catch (IOException e) {
            throw new Damaged(name + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static void expectDigest(String name, MessageDigest digest, JsonNode checksums) throws Damaged {
        if (!Sha256.hex(digest).equals(checksums.path(name).path("sha256").asText())) {
            throw new Damaged(name + " does not match its SHA-256");
        }
    }

    private JsonNode json(Path folder, String name) throws Damaged {
        Path file = new Path(folder, name);
        try {
            if (!storage.exists(file)) {
                throw new Damaged(name + " is missing");
            }
            JsonNode node = JSON.readTree(storage.read(file));
            if (!node.isObject()) {
                throw new Damaged(name + " is not a JSON object");
            }
            return node;
        } catch (IOException e) {
            throw new Damaged(name + " cannot be read", e);
        }
    }

    private static void writeFloats(OutputStream out, float[] values) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(CHUNK * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at < values.length; ) {
            int n = Math.min(CHUNK, values.length - at);
            buffer.asFloatBuffer().put(values, at, n);
            out.write(buffer.array(), 0, n * Float.BYTES);
            at += n;
        }
    }

    private static byte[] pretty(JsonNode node) throws IOException {
        return (JSON.writerWithDefaultPrettyPrinter().writeValueAsString(node) + "\n").getBytes(StandardCharsets.UTF_8);
    }
}
