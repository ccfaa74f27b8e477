package org.erat.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.commons.io.FileUtils;

/** From {@code submit/erat train} to the end of the first local step, and where that time goes. */
final class StartRow {
    static final String ROW = "start";

    private final Bench bench;

    StartRow(Bench bench) {
        this.bench = bench;
    }

    /** Starts of a build until it has an archive of its classes. */
    private static final int WITHOUT_ARCHIVE = 3;

    void measure() throws IOException, InterruptedException {
        for (int i = 0; i < WITHOUT_ARCHIVE; i++) {
            start();
        }
        List<Map<String, Double>> starts = new ArrayList<>();
        for (int i = 0; i < bench.times(3, 1); i++) {
            starts.add(start());
        }
        List<String> phases = List.copyOf(starts.get(0).keySet());
        List<Double> totals = starts.stream()
                .map(start ->
                        start.values().stream().mapToDouble(Double::doubleValue).sum())
                .toList();
        StringBuilder where = new StringBuilder("median of each part:");
        for (String phase : phases) {
            Samples part =
                    new Samples(starts.stream().map(start -> start.get(phase)).toList());
            where.append(String.format(Locale.ROOT, " %s %.1f s;", phase, part.median()));
        }
        bench.add(Line.figure(
                ROW,
                "submit to the end of the first local step, BERT-base, local[2]",
                "s",
                new Samples(totals),
                "≤ 8 s",
                where.substring(0, where.length() - 1)));
    }

    /** Seconds of the parts of one start, from Spark's own record of events. */
    private Map<String, Double> start() throws IOException, InterruptedException {
        Path run = bench.folder().resolve("runs/start");
        Path events = bench.folder().resolve("runs/start-events");
        FileUtils.deleteDirectory(run.toFile());
        FileUtils.deleteDirectory(events.toFile());
        Files.createDirectories(events);
        Path conf = bench.folder().resolve("start.conf");
        Files.writeString(
                conf,
                """
                model.path = "%s"
                data.train = "%s"
                data.train-limit = 64
                evaluation.prefixes = false
                training { shards = 2, batch-size = 8, local-steps = 1 }
                """
                        .formatted(bench.model(Workspace.BASE), bench.data(Workspace.TOKENS_16)));
        List<String> command = List.of(
                bench.home().resolve("submit/erat").toString(),
                "--master",
                "local[2]",
                "--spark-conf",
                "spark.eventLog.enabled=true",
                "--spark-conf",
                "spark.eventLog.dir=" + events.toUri(),
                "train",
                "--conf",
                conf.toString(),
                "--run-dir",
                run.toString());
        long began = System.currentTimeMillis();
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(bench.log("start").toFile())
                .start();
        if (process.waitFor() != 0) {
            throw new IllegalStateException("submit/erat train failed; see " + bench.log("start"));
        }
        return parts(began, events);
    }

    private static Map<String, Double> parts(long began, Path events) throws IOException {
        long application = 0;
        long firstRound = 0;
        long dataRead = 0;
        long firstRoundEnded = 0;
        try (Stream<Path> files = Files.list(events);
                BufferedReader lines = Files.newBufferedReader(files.findFirst().orElseThrow())) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                JsonNode event = Child.JSON.readTree(line);
                switch (event.get("Event").asText()) {
                    case "SparkListenerApplicationStart" ->
                        application = event.get("Timestamp").asLong();
                    case "SparkListenerJobStart" -> {
                        if (firstRound == 0
                                && event.at("/Properties/spark.job.description")
                                        .asText()
                                        .startsWith("round 1 ")) {
                            firstRound = event.get("Submission Time").asLong();
                        }
                    }
                    case "SparkListenerStageCompleted" -> {
                        JsonNode stage = event.get("Stage Info");
                        long ended = stage.get("Completion Time").asLong();
                        if (stage.get("Stage Name").asText().startsWith("round 1 ")) {
                            firstRoundEnded = ended;
                        } else if (firstRound != 0 && firstRoundEnded == 0) {
                            dataRead = ended;
                        }
                    }
                    default -> {
                        // Nothing about a start.
                    }
                }
            }
        }
        if (firstRoundEnded == 0 || dataRead == 0) {
            throw new IllegalStateException("Spark's record in " + events + " has no first round of training");
        }
        Map<String, Double> parts = new LinkedHashMap<>();
        parts.put("JVM and Spark", (application - began) / 1e3);
        parts.put("Spark, model, data and graph on the driver", (firstRound - application) / 1e3);
        parts.put("data read", (dataRead - firstRound) / 1e3);
        parts.put("weights, graphs and one step of two shards", (firstRoundEnded - dataRead) / 1e3);
        return parts;
    }
}
