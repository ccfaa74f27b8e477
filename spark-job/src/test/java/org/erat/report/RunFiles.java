package org.erat.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.erat.checkpoint.RunDirectory;
import org.erat.evaluation.Evaluation;
import org.erat.evaluation.EvaluationDetails;

/** Run directories with what a run writes, made by hand: no model, no data and no Spark. */
final class RunFiles {
    static final Configuration HADOOP = new Configuration();
    static final int ROUNDS = 15;
    static final int SHARDS = 2;

    /** What a page must show as text, wherever it comes from. */
    static final String HOSTILE = "</td><script>alert(\"1\")</script>&amp;<img src=x onerror=alert(2)>";

    private RunFiles() {}

    /** A run that is being made, which the caller closes. */
    static RunDirectory open(Path directory, String settings) {
        return RunDirectory.open(directory.toString(), HADOOP, settings, "data 1", false, "test", line -> {});
    }

    /** The settings of a run, as a run renders them. */
    static String settings(String method) {
        return "adapter.rank = 4\ndata.train = \"work/wordnet\"\nmethod = " + method
                + "\nmodel.path = \"work/minilm\"\nseed = 1\ntraining.shards = " + SHARDS + "\n";
    }

    /** What is written while a run trains, as far as so many rounds. */
    static void train(RunDirectory run, int rounds, double lossOfTheLast) {
        run.write(
                RunSizes.FILE,
                new RunSizes("wordnet", ROUNDS, 10, SHARDS, 24_000, 147_456, 17_325, 329_612, 96, 90_900_000, 0, 0, 0)
                        .toJson());
        RowActivityRecord activity = RowActivityRecord.NONE;
        for (int round = 1; round <= rounds; round++) {
            run.metrics().append(round, round(round, lossOfTheLast + 0.2 * (rounds - round)));
            activity = activity.plus(round, activity());
        }
        run.write(RowActivityRecord.FILE, activity.toJson());
    }

    private static Map<String, Object> round(int round, double loss) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("step", 10 * round);
        values.put("loss", loss);
        values.put("learning_rate", 5e-4 * (ROUNDS - round + 1) / ROUNDS);
        values.put("examples", 1600);
        values.put("tokens", 24_000 + 100 * round);
        values.put("padded_tokens", 1200);
        values.put("mean_width", 3.5);
        values.put("drift", 0.01 * round);
        values.put("bytes_to_each_worker", 1_977_572);
        values.put("bytes_from_all_workers", 3_955_912);
        values.put("seconds", 4.25);
        values.put("overhead_seconds", 0.25);
        if (round % 5 == 0) {
            // 0.65 after round 5, 0.70 after round 10, 0.65 after round 15.
            double accuracy = 0.7 - 0.01 * Math.abs(round - 10);
            values.put(
                    "validation",
                    Map.of(
                            "metric",
                            "accuracy",
                            "ranks",
                            Map.of("2", accuracy - 0.1, "4", accuracy + 0.1),
                            "mean",
                            accuracy,
                            "best_round",
                            Math.min(round, 10)));
        }
        return values;
    }

    private static long[][] activity() {
        return new long[][] {{40, 30, 20, 10}, {40, 40, 30, 20}, {40, 40, 40, 40}};
    }

    /** What is written when a run has been measured. */
    static void measure(RunDirectory run, String task, int classes) {
        run.write(
                Evaluation.FILE,
                """
                { "task": "%s", "metric": "accuracy",
                  "prefix": [ {"rank": 1, "accuracy": 0.6, "macro-f1": 0.41}, {"rank": 2, "accuracy": 0.65, "macro-f1": 0.43},
                              {"rank": 3, "accuracy": 0.702, "macro-f1": 0.45}, {"rank": 4, "accuracy": 0.715, "macro-f1": 0.46} ],
                  "canonical": [ {"rank": 1, "accuracy": 0.69, "macro-f1": 0.44}, {"rank": 2, "accuracy": 0.7115, "macro-f1": 0.45},
                              {"rank": 3, "accuracy": 0.7135, "macro-f1": 0.455}, {"rank": 4, "accuracy": 0.715, "macro-f1": 0.46} ],
                  "suffix": [], "recommended": {"rank": 2, "order": "canonical", "standard_error": 0.01} }
                """
                        .formatted(task));
        run.write(EvaluationDetails.FILE, details(classes));
    }

    private static String details(int classes) {
        Random random = new Random(1);
        List<String> names = IntStream.range(0, classes)
                .mapToObj(c -> c == 0 ? HOSTILE : "noun.class" + c)
                .map(RunFiles::quoted)
                .toList();
        List<String> confusion = new ArrayList<>();
        for (int label = 0; label < classes; label++) {
            for (int prediction = 0; prediction < classes; prediction++) {
                int count = label == prediction ? 20 + random.nextInt(30) : random.nextInt(12) - 7;
                if (count > 0) {
                    confusion.add("{\"label\": %s, \"prediction\": %s, \"count\": %d}"
                            .formatted(names.get(label), names.get(prediction), count));
                }
            }
        }
        List<String> uncertainty = new ArrayList<>();
        for (String order : List.of("trained", "canonical")) {
            for (int rank = 1; rank <= 4; rank++) {
                uncertainty.add(
                        "{\"order\": \"%s\", \"rank\": %d, \"standard_error\": 0.0%d}".formatted(order, rank, rank));
            }
        }
        String hardest =
                "{\"id\": 17, \"text\": %s, \"label\": %s, \"prediction\": \"noun.class1\", \"why\": \"wrong at 8 of 8\"}"
                        .formatted(
                                quoted(HOSTILE + " a long gloss of a word that has many letters ".repeat(4)),
                                names.get(0));
        return """
                { "examples": 2000, "rank": 2, "order": "canonical", "uncertainty": %s, "classes": %s, "confusion": %s,
                  "pairs": [ {"label": 1.0, "prediction": 1.5}, {"label": 4.0, "prediction": 3.25} ], "hardest": [ %s ] }
                """
                .formatted(uncertainty, names, confusion, hardest);
    }

    private static String quoted(String text) {
        return '"' + text.replace("\"", "\\\"") + '"';
    }

    /** A finished run of a method. */
    static Path finished(Path directory, String method, double loss) {
        try (RunDirectory run = open(directory, settings(method))) {
            train(run, ROUNDS, loss);
            measure(run, "wordnet", 45);
            Files.writeString(
                    directory.resolve("provenance.json"),
                    """
                    { "versions": {"erat": "1.0", "spark": "3.5.1"}, "sha256": {"data": "%s"}, "cluster": {"master": "local[2]"},
                      "seeds": {"seed": 1}, "started": "2026-01-02T03:04:05Z", "ended": "2026-01-02T03:09:05Z" }
                    """
                            .formatted("0123456789abcdef".repeat(4)));
            run.finish();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return directory;
    }
}
