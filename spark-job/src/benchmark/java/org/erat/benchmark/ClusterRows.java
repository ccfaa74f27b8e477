package org.erat.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.StringJoiner;
import java.util.stream.IntStream;
import org.apache.commons.io.FileUtils;

/** What needs Spark with executors in processes of their own, or whole runs. */
final class ClusterRows {
    static final String MEMORY = "memory";
    static final String ROUNDS = "rounds";
    static final String BYTES = "bytes";
    static final String ALL_RANKS = "all-ranks";

    private static final int LOCAL_STEPS = 2;
    private static final int WARM_ROUNDS = 3;

    private static final String DEFAULT = "transfer = f32, optimizer-state = average";
    private static final String FEWEST_WITH_MOMENTS = "transfer = int8, optimizer-state = factored";

    /** The default. */
    private static final String FASTEST = "compute { weights = packed, activations = kept }";

    private static final String SMALLEST = "compute { weights = plain, activations = recomputed }";

    private final Bench bench;
    private final Set<String> rows;

    ClusterRows(Bench bench, Set<String> rows) {
        this.bench = bench;
        this.rows = rows;
    }

    void memory() throws IOException {
        memory(Bench.F32, 1, 2.5, FASTEST);
        memory(Bench.F32, 1, 2.5, SMALLEST);
        memory(Bench.BF16, 0.5, 3, FASTEST);
        memory(Bench.BF16, 0.5, 3, SMALLEST);
    }

    /** Configuration of a run without evaluation. */
    private String job(String model, String data, String... settings) {
        return """
                model.path = "%s"
                data.train = "%s"
                evaluation.prefixes = false
                checkpoint.every-rounds = 1000
                adapter.rank = %d
                training { shards = 2, batch-size = 8, local-steps = %d }
                %s
                """
                .formatted(bench.model(model), bench.data(data), Engine.RANK, LOCAL_STEPS, String.join("\n", settings));
    }

    private JsonNode train(Child spark, String name, String job) throws IOException {
        return spark.ask(Child.request("train").put("job", job).put("run", fresh(name)));
    }

    /** An empty place for a run. */
    private String fresh(String name) throws IOException {
        Path run = bench.folder().resolve("runs").resolve(name);
        FileUtils.deleteDirectory(run.toFile());
        Files.createDirectories(run.getParent());
        return run.toString();
    }

    private void memory(String precision, double shareOfF32, double goal, String settings) throws IOException {
        JsonNode executor;
        String estimate;
        try (Child spark = bench.spark("local-cluster[1,2,4096]", 1)) {
            String job = job(
                    Workspace.BASE,
                    Workspace.TOKENS_128,
                    "data.train-limit = 64",
                    "compute.precision = " + precision,
                    settings);
            train(spark, "memory-" + precision, job);
            executor = spark.ask(Child.request("executors")).get("executors").get(0);
            estimate = spark.ask(Child.request("plan").put("job", job)).get("memory").asText();
        }
        double peak = executor.get(ProcessMemory.PEAK).asDouble();
        double weights = shareOfF32 * weightBytes();
        StringJoiner note = new StringJoiner("; ");
        note.add("two tasks side by side, BERT-base 8×128 each, spark.executor.memory " + SparkRole.HEAP);
        executor.fields()
                .forEachRemaining(part -> note.add(
                        String.format(Locale.ROOT, "%s %.0f MB", part.getKey(), part.getValue().asDouble() / 1e6)));
        note.add("--dry-run: " + estimate);
        bench.add(Line.figure(
                MEMORY,
                "peak of an executor over the " + precision + " weights (" + Math.round(weights / 1e6) + " MB), "
                        + settings,
                "×",
                Samples.of(peak / weights),
                "≤ " + goal,
                note.toString()));
        bench.add(Line.figure(
                MEMORY,
                "copies of base weights in that executor, " + precision,
                "",
                Samples.of(executor.get(ProcessMemory.COPIES).asDouble()),
                "1",
                "counted by the store that holds them"));
    }

    private double weightBytes() throws IOException {
        return Files.size(bench.model(Workspace.BASE).resolve("model.safetensors"));
    }

    void rounds() throws IOException {
        int count = bench.times(20, 8);
        int timed = Math.min(1024, examples(count + WARM_ROUNDS));
        try (Child spark = bench.spark("local-cluster[2,1,2048]", 1)) {
            JsonNode plain = sent(spark, DEFAULT, timed);
            JsonNode rounded = sent(spark, FEWEST_WITH_MOMENTS, timed);
            if (rows.contains(BYTES)) {
                bytes(plain, DEFAULT);
                for (String sent : List.of(
                        "transfer = f32, optimizer-state = reset",
                        "transfer = bf16, optimizer-state = average",
                        "transfer = int8, optimizer-state = average")) {
                    bytes(sent(spark, sent, examples(3)), sent);
                }
                bytes(rounded, FEWEST_WITH_MOMENTS);
            }
            if (rows.contains(ROUNDS)) {
                overhead(spark, plain);
                bench.add(Line.figure(
                        ROUNDS,
                        "the same, " + FEWEST_WITH_MOMENTS,
                        "ms",
                        milliseconds(Bench.samples(rounded, "overhead", WARM_ROUNDS)),
                        "≤ 60 ms",
                        "beyond the same local steps"));
            }
        }
    }

    /** Of so many rounds. */
    private static int examples(int rounds) {
        return rounds * LOCAL_STEPS * 8 * 2;
    }

    /** The rounds of a run whose values travel as told. */
    private JsonNode sent(Child spark, String how, int examples) throws IOException {
        String job = job(
                Workspace.BASE,
                Workspace.TOKENS_16,
                "data.train-limit = " + examples,
                "training { " + how + " }");
        return train(spark, "rounds-" + how.replaceAll("[^a-z0-9]+", "-"), job).get("rounds");
    }

    private void overhead(Child spark, JsonNode ours) {
        Samples overhead = milliseconds(Bench.samples(ours, "overhead", WARM_ROUNDS));
        double whole = 1000 * Bench.samples(ours, "seconds", WARM_ROUNDS).median();
        double localSteps = whole - overhead.median();
        ObjectNode request = Child.request("stock")
                .put("job", job(Workspace.BASE, Workspace.TOKENS_16))
                .put("rounds", bench.times(5, 3) + 1);
        List<Double> stock = new ArrayList<>();
        spark.ask(request).get("rounds").forEach(round -> stock.add(1000 * round.asDouble() - localSteps));
        Samples peer = new Samples(stock.subList(1, stock.size()));
        String note = String.format(
                Locale.ROOT,
                "local-cluster[2,1,2048], %d local steps of 8×16 in %.0f ms; the peer's time is its round less the time"
                        + " that the same local steps take in ours",
                LOCAL_STEPS,
                localSteps);
        bench.add(Line.figure(ROUNDS, "BERT-base, a round beyond its local steps", "ms", overhead, "≤ 60 ms", note));
        bench.add(new Line(
                ROUNDS,
                "the same over dl4j-spark's own averaging",
                "ms",
                overhead,
                peer,
                overhead.median() / peer.median(),
                "≤ 0.1",
                note));
    }

    private static Samples milliseconds(Samples seconds) {
        return new Samples(seconds.values().stream().map(value -> 1000 * value).toList());
    }

    private void bytes(JsonNode rounds, String how) throws IOException {
        double shards = 2;
        double down = Bench.samples(rounds, "down", 0).median();
        double up = Bench.samples(rounds, "up", 0).median() / shards;
        bench.add(Line.figure(
                BYTES,
                "per round and worker over the base model, " + how,
                "×",
                Samples.of((down + up) / weightBytes()),
                "≤ 0.01",
                String.format(
                        Locale.ROOT,
                        "%.2f MB down and %.2f MB up, 1/%.0f of %.0f MB",
                        down / 1e6,
                        up / 1e6,
                        weightBytes() / (down + up),
                        weightBytes() / 1e6)));
    }

    /** One ERAT run, measured at every rank, beside a LoRA run for each rank, measured at that rank. */
    void allRanks() throws IOException {
        int threads = bench.threads();
        // Nine to one, as MRPC's own training and development sets are.
        int measured = bench.times(114, 57);
        int trained = 9 * measured;
        String settings =
                "data.train-limit = %d\ntraining { shards = 1, batch-size = 32, local-steps = 16 }\ncompute.threads = %d"
                        .formatted(trained, threads);
        try (Child spark = bench.spark("local[1]", threads)) {
            List<Integer> every = IntStream.rangeClosed(1, Engine.RANK).boxed().toList();
            // The first run of a process also compiles code and loads the weights.
            runAndMeasure(spark, "lora", settings, Engine.RANK, List.of(Engine.RANK), measured);
            double erat = runAndMeasure(spark, "erat", settings, Engine.RANK, every, measured);
            double lora = 0;
            for (int rank : every) {
                lora += runAndMeasure(spark, "lora", settings, rank, List.of(rank), measured);
            }
            bench.add(new Line(
                    ALL_RANKS,
                    "MRPC, 6×384: one ERAT run over eight LoRA runs, r=1..8",
                    "s",
                    Samples.of(erat),
                    Samples.of(lora),
                    erat / lora,
                    "≤ 1/7 = 0.143",
                    String.format(
                            Locale.ROOT,
                            "one epoch over %d examples and quality on %d, at all ranks for ERAT and at its own for"
                                    + " each LoRA; the start of Spark is in neither",
                            trained,
                            measured)));
        }
    }

    private double runAndMeasure(Child spark, String method, String settings, int rank, List<Integer> ranks, int limit)
            throws IOException {
        String run = fresh("ranks-" + method + rank);
        String job = job(Workspace.MINI, "mrpc", settings, "adapter.rank = " + rank, "method = " + method);
        double seconds = spark.ask(Child.request("train").put("job", job).put("run", run))
                .get("seconds")
                .asDouble();
        ObjectNode request = Child.request("evaluate")
                .put("run", run)
                .put("data", bench.data("mrpc").toString())
                .put("limit", limit);
        ArrayNode list = request.putArray("ranks");
        ranks.forEach(list::add);
        return seconds + spark.ask(request).get("seconds").asDouble();
    }
}
