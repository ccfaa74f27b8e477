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
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.erat.data.tokenized.PackedExamples;
import org.erat.data.tokenized.Targets;
import org.erat.data.tokenized.TaskType;

/** Models and data that the rows work on, made once and found again by the next run. */
final class Workspace {
    /** BERT-base. */
    static final String BASE = "12x768";

    /** The shape of e5-small and bge-small, with random weights. */
    static final String SMALL = "12x384";

    /** The shape of MiniLM-L6, with random weights. */
    static final String MINI = "6x384";

    /** The shape of GPT-2's smallest model, with random weights. */
    static final String GPT2 = "gpt2";

    /** The shape of Qwen2-0.5B, with random weights. */
    static final String QWEN2 = "qwen2";

    private static final Map<String, String> DECODERS = Map.of(
            GPT2,
            """
            {"model_type": "gpt2", "vocab_size": 50257, "n_embd": 768, "n_layer": 12, "n_head": 12,
             "n_positions": 1024, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5}
            """,
            QWEN2,
            """
            {"model_type": "qwen2", "vocab_size": 151936, "hidden_size": 896, "num_hidden_layers": 24,
             "num_attention_heads": 14, "num_key_value_heads": 2, "intermediate_size": 4864,
             "hidden_act": "silu", "rms_norm_eps": 1e-6, "rope_theta": 1000000.0,
             "max_position_embeddings": 32768, "tie_word_embeddings": true}
            """);

    /** Sentences of exactly this many tokens. */
    static final String TOKENS_128 = "synthetic-128";

    static final String TOKENS_64 = "synthetic-64";
    static final String TOKENS_16 = "synthetic-16";

    /** Data sets of real text, by the names of the tasks. */
    static final Map<String, String> GLUE = Map.of("sst2", "SST-2", "mrpc", "MRPC", "rte", "RTE");

    /** Each is one token of BERT's vocabulary. */
    private static final List<String> WORDS =
            List.of("the", "cat", "dog", "film", "very", "not", "good", "bad", "a", "house", "people", "city", "world");

    /** Name of the data set that {@code --prepared} gives. */
    static final String PREPARED = "prepared";

    private static final int SPECIAL_TOKENS = 2;

    private Workspace() {}

    /** Base-model directories by name; the random encoders, which are written, have the vocabulary of {@code base}. */
    static Map<String, Path> models(Path folder, Path base) throws IOException {
        Map<String, Path> models = new LinkedHashMap<>();
        models.put(BASE, base.toAbsolutePath());
        models.put(SMALL, folder.resolve("model-" + SMALL));
        models.put(MINI, folder.resolve("model-" + MINI));
        models.put(GPT2, folder.resolve("model-" + GPT2));
        models.put(QWEN2, folder.resolve("model-" + QWEN2));
        RandomBaseModel.write(models.get(SMALL), base, 12, 384, 12);
        RandomBaseModel.write(models.get(MINI), base, 6, 384, 12);
        return models;
    }

    /** Writes decoders, 0.5 and 2 GB, and random tokens for them to predict. */
    static void prepareDecoders(Bench bench) throws IOException {
        for (StepShape shape : StepShape.DECODERS) {
            RandomBaseModel.write(bench.model(shape.model()), DECODERS.get(shape.model()), bench.model(BASE));
            Files.createDirectories(bench.packed(shape.data()).getParent());
            ObjectFile.write(bench.packed(shape.data()), randomTokens(shape));
        }
    }

    /** The target of each token is the one after it, and of the last one that nobody reads. */
    private static PackedExamples randomTokens(StepShape shape) {
        Random random = new Random(1);
        int length = shape.batch() * shape.tokens();
        int[] tokens = new int[length];
        int[] next = new int[length];
        for (int b = 0; b < shape.batch(); b++) {
            int[] all = random.ints(shape.tokens() + 1L, 0, shape.vocabulary()).toArray();
            System.arraycopy(all, 0, tokens, b * shape.tokens(), shape.tokens());
            System.arraycopy(all, 1, next, b * shape.tokens(), shape.tokens());
        }
        return new PackedExamples(
                TaskType.LANGUAGE_MODELING,
                LongStream.range(0, shape.batch()).toArray(),
                IntStream.rangeClosed(0, shape.batch())
                        .map(b -> b * shape.tokens())
                        .toArray(),
                tokens,
                null,
                new Targets.TokenClasses(next));
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

    /** Reads a prepared data set anew: another one may have been given before. */
    static void pack(Bench bench, Path prepared) throws IOException {
        Files.createDirectories(bench.packed(PREPARED).getParent());
        try (Child spark = bench.spark("local[2]", 1)) {
            spark.ask(Child.request("pack")
                    .put("out", prepared.toAbsolutePath().toString())
                    .put("packed", bench.packed(PREPARED).toString()));
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
