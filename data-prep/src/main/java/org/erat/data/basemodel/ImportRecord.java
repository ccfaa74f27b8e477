package org.erat.data.basemodel;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.erat.data.Json;
import org.erat.data.Sha256;
import org.erat.data.safetensors.Dtype;

/**
 * The {@code source.json} beside a prepared model: where it came from, and what was made of it.
 *
 * @param from what the user named as the source
 * @param name what Python's libraries know the model by; empty where the user gave no name and the source has none
 * @param sha256 fingerprint of the source's bytes
 * @param dtype precision of the source's weights; empty where an earlier program prepared the model
 * @param files SHA-256 of each prepared file, by name
 */
record ImportRecord(
        String from, Optional<String> name, String sha256, Optional<Dtype> dtype, Map<String, String> files) {
    static final String FILE = "source.json";

    static final String NAME = "base_name";

    private static final List<String> REQUIRED =
            List.of(BaseModelDirectory.CONFIG, BaseModelDirectory.TENSORS, BaseModelDirectory.TOKENIZER);

    private static final ObjectMapper JSON = Json.mapper();

    ImportRecord {
        files = Map.copyOf(files);
    }

    /** The record of what now lies in a directory. */
    static ImportRecord of(String from, Optional<String> name, String sha256, Dtype dtype, Path directory) {
        Map<String, String> files = new TreeMap<>();
        Stream.concat(REQUIRED.stream(), BaseModelDirectory.TOKENIZER_FILES.stream())
                .filter(file -> Files.isRegularFile(directory.resolve(file)))
                .forEach(file -> files.put(file, Sha256.of(directory.resolve(file))));
        return new ImportRecord(from, name, sha256, Optional.of(dtype), files);
    }

    /** The record in a directory, if there is a readable one. */
    static Optional<ImportRecord> read(Path directory) {
        Path file = directory.resolve(FILE);
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(parse(Json.bytes(file)));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** @throws IOException if it is not JSON */
    static ImportRecord parse(byte[] json) throws IOException {
        JsonNode root = JSON.readTree(json);
        Map<String, String> files = new TreeMap<>();
        root.path("files")
                .fields()
                .forEachRemaining(e -> files.put(e.getKey(), e.getValue().asText()));
        return new ImportRecord(
                root.path("from").asText(),
                Optional.ofNullable(root.path(NAME).textValue()),
                root.path("sha256").asText(),
                Dtype.named(root.path("dtype").asText()),
                files);
    }

    void write(Path directory) {
        ObjectNode root = JSON.createObjectNode();
        root.put("from", from);
        name.ifPresent(known -> root.put(NAME, known));
        root.put("sha256", sha256);
        dtype.ifPresent(precision -> root.put("dtype", precision.name()));
        ObjectNode digests = root.putObject("files");
        new TreeMap<>(files).forEach(digests::put);
        try {
            Files.writeString(
                    directory.resolve(FILE),
                    JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n");
        } catch (IOException e) {
            throw StagingDirectory.cannotWrite(directory, e);
        }
    }

    /** Whether a directory holds exactly what was prepared: nothing missing, nothing changed. */
    boolean isIntactIn(Path directory) {
        return files.keySet().containsAll(REQUIRED)
                && files.entrySet().stream()
                        .allMatch(e -> Files.isRegularFile(directory.resolve(e.getKey()))
                                && Sha256.of(directory.resolve(e.getKey())).equals(e.getValue()));
    }
}
