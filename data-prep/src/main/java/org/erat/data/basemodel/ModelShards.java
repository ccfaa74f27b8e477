package org.erat.data.basemodel;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.erat.data.Json;
import org.erat.data.safetensors.TensorSource;

/**
 * The tensors of a model by the file that holds them, as the transformers library saves them: {@code model.safetensors}, or
 * several with an {@link #INDEX}.
 *
 * @param files the tensors of each file by their names
 */
public record ModelShards(Map<String, Map<String, TensorSource>> files) {
    /** Which file holds which tensor; only where there are several. */
    public static final String INDEX = "model.safetensors.index.json";

    private static final ObjectMapper JSON = Json.mapper();

    /**
     * Fills one file after the other.
     *
     * @param mostBytes of the values in one file, unless a single tensor has more
     */
    public static ModelShards of(Map<String, TensorSource> tensors, long mostBytes) {
        List<Map<String, TensorSource>> shards = new ArrayList<>();
        long room = 0;
        for (Map.Entry<String, TensorSource> tensor : tensors.entrySet()) {
            long bytes = tensor.getValue().bytes();
            if (bytes > room) {
                shards.add(new LinkedHashMap<>());
                room = mostBytes;
            }
            shards.get(shards.size() - 1).put(tensor.getKey(), tensor.getValue());
            room -= bytes;
        }
        Map<String, Map<String, TensorSource>> files = new LinkedHashMap<>();
        for (int i = 0; i < shards.size(); i++) {
            files.put(name(i + 1, shards.size()), shards.get(i));
        }
        return new ModelShards(files);
    }

    private static String name(int number, int of) {
        return of == 1
                ? BaseModelDirectory.TENSORS
                : String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", number, of);
    }

    /** The content of {@link #INDEX}. */
    public byte[] index() throws JsonProcessingException {
        ObjectNode root = JSON.createObjectNode();
        root.putObject("metadata")
                .put(
                        "total_size",
                        files.values().stream()
                                .map(Map::values)
                                .flatMap(Collection::stream)
                                .mapToLong(TensorSource::bytes)
                                .sum());
        Map<String, String> fileOf = new TreeMap<>();
        files.forEach((file, tensors) -> tensors.keySet().forEach(tensor -> fileOf.put(tensor, file)));
        ObjectNode map = root.putObject("weight_map");
        fileOf.forEach(map::put);
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(root);
    }
}
