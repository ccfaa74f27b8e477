package org.erat.benchmark;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;

/** Models and data that the rows work on, made once and found again by the next run. */
final class Workspace {
    /** BERT-base. */
    static final String BASE = "12x768";

    /** The shape of e5-small and bge-small, with random weights. */
    static final String SMALL = "12x384";

    /** The shape of MiniLM-L6, with random weights. */
    static final String MINI = "6x384";

    /** Sentences of exactly this many tokens. */
    static final String TOKENS_128 = "synthetic-128";

    static final String TOKENS_64 = "synthetic-64";
    static final String TOKENS_16 = "synthetic-16";

    /** Data sets of real text, by the names of the tasks. */
    static final Map<String, String> GLUE = Map.of("sst2", "SST-2", "mrpc", "MRPC", "rte", "RTE");

    /** Each is one token of BERT's vocabulary. */
    private static final List<String> WORDS =
            List.of("the", "cat", "dog", "film", "very", "not", "good", "bad", "a", "house", "people", "city", "world");

    private static final int SPECIAL_TOKENS = 2;

    private Workspace() {}

    /** Base-model directories by name; the random ones have the vocabulary of {@code base}. */
    static Map<String, Path> models(Path folder, Path base) throws IOException {
        Map<String, Path> models = new LinkedHashMap<>();
        models.put(BASE, base.toAbsolutePath());
        models.put(SMALL, folder.resolve("model-" + SMALL));
        models.put(MINI, folder.resolve("model-" + MINI));
        RandomBaseModel.write(models.get(SMALL), base, 12, 384, 12);
        RandomBaseModel.write(models.get(MINI), base, 6, 384, 12);
        return models;
    }

    /**
     * Tokenizes the data sets.
     *
     * @param glue folder with SST-2, MRPC and RTE, or null
     */
    static void prepare(Bench bench, Set<String> names, Path glue, Consumer<String> progress) throws IOException {
        List<String> missing = names.stream()
                .filter(name -> !Files.exists(bench.packed(name)))
                .sorted()
                .toList();
        if (missing.isEmpty()) {
            return;
        }
        Files.createDirectories(bench.folder().resolve("data"));
        try (Child spark = bench.spark("local[2]", 1)) {
            for (String name : missing) {
                progress.accept("tokenizing " + name);
                boolean synthetic = !GLUE.containsKey(name);
                Path input = synthetic ? synthetic(bench, name) : glue.resolve(GLUE.get(name));
                ObjectNode request = Child.request("prepare")
                        .put("task", synthetic ? "synthetic" : name)
                        .put("input", input.toString())
                        .put("model", bench.model(BASE).toString())
                        .put("out", bench.data(name).toString())
                        .put("packed", bench.packed(name).toString());
                spark.ask(request);
            }
        }
    }

    private static Path synthetic(Bench bench, String name) throws IOException {
        int tokens = Integer.parseInt(name.substring(name.indexOf('-') + 1));
        Path text = bench.folder().resolve("text").resolve(name);
        Files.createDirectories(text);
        Files.writeString(text.resolve("train.tsv"), sentences(tokens - SPECIAL_TOKENS, 1024, 1));
        Files.writeString(text.resolve("dev.tsv"), sentences(tokens - SPECIAL_TOKENS, 16, 2));
        return text;
    }

    private static String sentences(int words, int rows, long seed) {
        Random random = new Random(seed);
        StringBuilder table = new StringBuilder("text\tlabel\n");
        for (int row = 0; row < rows; row++) {
            for (int word = 0; word < words; word++) {
                table.append(word == 0 ? "" : " ").append(WORDS.get(random.nextInt(WORDS.size())));
            }
            table.append('\t').append(row % 2 == 0 ? "even" : "odd").append('\n');
        }
        return table.toString();
    }
}
