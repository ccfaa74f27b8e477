package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.FileNotFoundException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;
import org.apache.spark.SparkException;
import org.erat.checkpoint.ResumableException;
import org.erat.config.OrderChoice;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.erat.data.text.KeptColumns;
import org.erat.data.text.LanguageModeling;
import org.erat.data.text.TextColumns;
import org.erat.data.text.TextFormat;
import org.erat.data.text.TextTask;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TaskType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final List<Object> requests = new ArrayList<>();

    @Test
    void trainPassesOnItsOptions() {
        int code =
                run("train", "--conf", "a.conf", "--set", "seed=2", "--set", "x=a=b,c", "--run-dir", "r", "--resume");
        assertThat(code).isZero();
        assertThat(requests)
                .containsExactly(
                        new TrainCommand.Request("a.conf", Map.of("seed", "2", "x", "a=b,c"), "r", true, false));
    }

    @Test
    void prepareDataTakesATaskOrATableOfTextsOrOfWords() {
        run("prepare-data", "--task", "sst2", "--input", "i", "--model", "m", "--out", "o");
        run("prepare-data --format tsv --text 3 --label 1 --no-header --type regression --input i --model m --out o"
                + " --max-length 64 --seed 9 --validation-fraction 0.1");
        run("prepare-data --format jsonl --words tokens --labels tags --type token-classification --input i --model m"
                + " --out o");
        assertThat(requests)
                .containsExactly(
                        new PrepareDataCommand.Request(
                                TextTask.named("sst2"), "i", "m", "o", 0.02, OptionalInt.empty(), 1, Optional.empty()),
                        new PrepareDataCommand.Request(
                                TextTask.custom(TextFormat.TSV, false, "3", null, "1", TaskType.REGRESSION),
                                "i",
                                "m",
                                "o",
                                0.1,
                                OptionalInt.of(64),
                                9,
                                Optional.empty()),
                        new PrepareDataCommand.Request(
                                TextTask.tokenClassification(TextFormat.JSONL, "tokens", "tags"),
                                "i",
                                "m",
                                "o",
                                0.02,
                                OptionalInt.empty(),
                                1,
                                Optional.empty()));
    }

    @Test
    void dataForATrainedModelNeedNoLabels() {
        run("prepare-data --format csv --text t --type classification --like d --input i --model m --out o");
        run("prepare-data --format jsonl --words w --type token-classification --like d --input i --model m --out o");
        assertThat(requests)
                .containsExactly(
                        new PrepareDataCommand.Request(
                                TextTask.custom(TextFormat.CSV, true, "t", null, null, TaskType.CLASSIFICATION),
                                "i",
                                "m",
                                "o",
                                0.02,
                                OptionalInt.empty(),
                                1,
                                Optional.of("d")),
                        new PrepareDataCommand.Request(
                                TextTask.tokenClassification(TextFormat.JSONL, "w", null),
                                "i",
                                "m",
                                "o",
                                0.02,
                                OptionalInt.empty(),
                                1,
                                Optional.of("d")));
    }

    @Test
    void prepareDataTakesPromptsMessagesOrPlainText() {
        run("prepare-data --format jsonl --prompt p --completion c --loss-on all --separator \\n --skip-unusable"
                + " --type language-modeling --input i --model m --out o");
        run("prepare-data --format jsonl --messages m --type language-modeling --input i --model m --out o");
        run("prepare-data --format csv --text t --type language-modeling --input i --model m --out o");
        run("prepare-data --task e2e --skip-unusable --input i --model m --out o");
        assertThat(requests.stream().map(request -> ((PrepareDataCommand.Request) request).task()))
                .containsExactly(
                        TextTask.languageModeling(
                                TextFormat.JSONL,
                                true,
                                new TextColumns.OfPrompt("p", "c"),
                                new LanguageModeling(LanguageModeling.LossOn.ALL, Optional.of("\n"), true)),
                        TextTask.languageModeling(
                                TextFormat.JSONL, true, new TextColumns.OfMessages("m"), LanguageModeling.DEFAULT),
                        TextTask.languageModeling(
                                TextFormat.CSV, true, new TextColumns.OfPlainText("t"), LanguageModeling.DEFAULT),
                        TextTask.named("e2e")
                                .with(new LanguageModeling(
                                        LanguageModeling.LossOn.COMPLETION, Optional.empty(), true)));
    }

    /** What a table's columns are called depends on the type of the task, and the message says how. */
    @ParameterizedTest
    @CsvSource({
        "--type token-classification --words w --labels l --text t, --text cannot be used with --type"
                + " token-classification. Leave out --text and name the columns with --words and --labels",
        "--type token-classification --text t --label l, --text and --label cannot be used",
        "--type token-classification --words w, --type token-classification needs --words and --labels",
        "--type classification --words w --labels l, --words and --labels cannot be used with --type classification."
                + " Leave out --words and --labels and name the columns with --text and --label",
        "--type classification --text t --label l --labels m, --labels cannot be used",
        "--type regression --text t, --type regression needs --text and --label",
        "--type token-classification --words w --labels l --no-header, --no-header does not apply",
        "--type language-modeling, --type language-modeling needs --prompt and --completion",
        "--type language-modeling --prompt p, given is --prompt. Name the columns of one of them",
        "--type language-modeling --text t --label l, given is --text and --label",
        "--type classification --text t --label l --prompt p, --prompt cannot be used with --type classification",
        "--type language-modeling --text t --loss-on all, --loss-on is for prompts with completions",
        "--type language-modeling --messages m --separator s, --separator stands between a prompt and its completion",
        "--type language-modeling --prompt p --completion c --loss-on some, --loss-on some: give completion or all",
        "--type classification --text t --label l --skip-unusable, --skip-unusable is for language-modeling",
        "--type ranking --text t --label l, 'ranking' is not a type of task: give one of classification"
    })
    void columnsThatDoNotBelongToTheTypeAreNamedWithTheFix(String options, String message) {
        assertThat(run("prepare-data --format jsonl " + options + " --input i --model m --out o"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("error: ", message);
        assertThat(requests).isEmpty();
    }

    @Test
    void ranksAreListsOfNumbers() {
        run("evaluate", "--run-dir", "r", "--data", "d", "--ranks", "8,2,2", "--suffixes");
        run("export", "--run-dir", "r", "--block-ranks", "3,5,0", "--portable", "--out", "o");
        run("export", "--run-dir", "r", "--rank", "4", "--out", "o");
        assertThat(requests)
                .containsExactly(
                        new EvaluateCommand.Request(
                                new RunOptions.Choice("r", Optional.empty(), Optional.empty(), Map.of()),
                                List.of("d"),
                                SplitOption.Choice.VALIDATION,
                                List.of(2, 8),
                                true,
                                Optional.empty()),
                        new ExportCommand.Request(
                                "r",
                                new ExportCommand.Chosen.ByBlock(List.of(3, 5, 0)),
                                Optional.empty(),
                                Optional.empty(),
                                true,
                                false,
                                "o"),
                        new ExportCommand.Request(
                                "r",
                                new ExportCommand.Chosen.Uniform(4),
                                Optional.empty(),
                                Optional.empty(),
                                false,
                                false,
                                "o"));
    }

    @Test
    void aModelIsMergedWithoutSettingsOfAnAdaptersFiles() {
        run("export --run-dir r --rank 4 --merged --out o");
        assertThat(requests)
                .containsExactly(new ExportCommand.Request(
                        "r",
                        new ExportCommand.Chosen.Uniform(4),
                        Optional.empty(),
                        Optional.empty(),
                        false,
                        true,
                        "o"));
        assertThat(run("export --run-dir r --rank 4 --merged --portable --out o"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("--merged writes a whole model: leave --portable out.");
    }

    @ParameterizedTest
    @CsvSource({"150000, 150000", "150k, 150000", "1.5M, 1500000", "0.4k, 400"})
    void aBudgetIsWrittenAsPeopleWriteIt(String written, long values) {
        run("export", "--run-dir", "r", "--budget", written, "--order", "canonical", "--out", "o");
        assertThat(requests)
                .containsExactly(new ExportCommand.Request(
                        "r",
                        new ExportCommand.Chosen.Within(values),
                        Optional.of(OrderChoice.CANONICAL),
                        Optional.empty(),
                        false,
                        false,
                        "o"));
    }

    @ParameterizedTest
    @CsvSource({
        "--budget 0, --budget 0 is not a number of values. Examples: 150000",
        "--budget 15kb, --budget 15kb is not a number of values",
        "--budget 0.1, --budget 0.1 is not a number of values",
        "--budget -3, --budget -3 is not a number of values",
        "--budget 9k --order trained, which needs canonical order: leave --order trained out.",
        "--rank 2 --order best-one, --order best-one is not known. Use one of best"
    })
    void aBudgetOrOrderThatIsNoneIsRefused(String options, String message) {
        assertThat(run("export --run-dir r --out o " + options)).isEqualTo(2);
        assertThat(err.toString()).contains("error: ", message);
        assertThat(requests).isEmpty();
    }

    private static final TextOptions.Choice NO_TEXT = new TextOptions.Choice(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            true,
            KeptColumns.NONE,
            OptionalInt.empty());

    @Test
    void dataSetsAreMeasuredOneAfterTheOtherOnASplit() {
        run("evaluate --run-dir r --data a --data b --split test");
        run("evaluate --run-dir r --data a --split all");
        RunOptions.Choice on = new RunOptions.Choice("r", Optional.empty(), Optional.empty(), Map.of());
        assertThat(requests)
                .containsExactly(
                        new EvaluateCommand.Request(
                                on,
                                List.of("a", "b"),
                                new SplitOption.Choice(Optional.of(Split.TEST)),
                                List.of(),
                                false,
                                Optional.empty()),
                        new EvaluateCommand.Request(
                                on,
                                List.of("a"),
                                new SplitOption.Choice(Optional.empty()),
                                List.of(),
                                false,
                                Optional.empty()));
    }

    @Test
    void textToPredictForNamesItsColumns() {
        run(
                "predict --run-dir r --rank 2 --input i.csv --text a --text-pair b --keep x,y,x --max-length 9 --out o.csv");
        run("predict --run-dir r --rank 2 --input i --format tsv --no-header --text 0 --keep all --out o.csv");
        assertThat(requests)
                .map(request -> ((PredictCommand.Request) request).text())
                .containsExactly(
                        new TextOptions.Choice(
                                Optional.of("i.csv"),
                                Optional.empty(),
                                Optional.of("a"),
                                Optional.empty(),
                                Optional.of("b"),
                                true,
                                new KeptColumns(false, List.of("x", "y")),
                                OptionalInt.of(9)),
                        new TextOptions.Choice(
                                Optional.of("i"),
                                Optional.of(TextFormat.TSV),
                                Optional.of("0"),
                                Optional.empty(),
                                Optional.empty(),
                                false,
                                KeptColumns.ALL,
                                OptionalInt.empty()));
    }

    @ParameterizedTest
    @CsvSource({
        "predict --run-dir r --rank 2 --out o, Name either prepared data with --data or text with --input",
        "predict --run-dir r --rank 2 --out o --data d --input i, Name either prepared data",
        "predict --run-dir r --rank 2 --out o --data d --keep a, --keep is for --input",
        "predict --run-dir r --rank 2 --out o --data d --no-header, --no-header is for --input",
        "predict --run-dir r --rank 2 --out o --input i --split test, --split is for --data",
        "predict --run-dir r --rank 2 --out o --input i --format xls, 'xls' is not a format",
        "predict --run-dir r --rank 2 --out o --data d --split dev, --split dev is not known. Use one of train",
        "evaluate --run-dir r --data d --split tests, --split tests is not known. Use one of train"
    })
    void whatIsPredictedOrMeasuredIsSaidOnce(String line, String message) {
        assertThat(run(line)).isEqualTo(2);
        assertThat(err.toString().replace(",", "")).contains(message);
        assertThat(requests).isEmpty();
    }

    @Test
    void aFinishedRunIsUsedWithAnotherPlaceOfItsModelAndAnotherDevice() {
        String chosen =
                " --run-dir r --data d --model m --set compute.device=cpu --set compute.threads=2" + " --order trained";
        RunOptions.Choice on = new RunOptions.Choice(
                "r",
                Optional.of("m"),
                Optional.of(OrderChoice.TRAINED),
                Map.of("compute.device", "cpu", "compute.threads", "2"));
        run("evaluate" + chosen);
        run("predict --rank 2 --out o" + chosen);
        run("export --run-dir r --rank 2 --model m --out o");
        assertThat(requests)
                .containsExactly(
                        new EvaluateCommand.Request(
                                on, List.of("d"), SplitOption.Choice.VALIDATION, List.of(), false, Optional.empty()),
                        new PredictCommand.Request(
                                on, NO_TEXT, Optional.of("d"), SplitOption.Choice.VALIDATION, 2, "o"),
                        new ExportCommand.Request(
                                "r",
                                new ExportCommand.Chosen.Uniform(2),
                                Optional.empty(),
                                Optional.of("m"),
                                false,
                                false,
                                "o"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"evaluate --run-dir r --data d", "predict --rank 1 --out o --run-dir r --data d"})
    void ofAFinishedRunOnlyTheSettingsOfComputeCanBeChosenAnew(String command) {
        for (String key : List.of("seed", "adapter.rank", "evaluation.batch-size", "computer.device")) {
            assertThat(run(command + " --set " + key + "=1")).as(key).isEqualTo(2);
            assertThat(err.toString())
                    .contains(
                            "--set " + key + "=... has no effect on a run that has finished", "--set compute.device=");
        }
        assertThat(requests).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "fly",
                "train",
                "train --conf a.conf --run-dir r --sett x=1",
                "train --conf a.conf --run-dir r --set x",
                "prepare-data --input i --model m --out o",
                "prepare-data --task sst2 --format csv --text a --label b --type regression --input i --model m --out"
                        + " o",
                "prepare-data --format csv --text a --input i --model m --out o",
                "prepare-data --task imdb --input i --model m --out o",
                "prepare-data --format xls --text a --label b --type regression --input i --model m --out o",
                "prepare-data --format csv --text a --label b --type ranking --input i --model m --out o",
                "prepare-data --format parquet --no-header --text a --label b --type regression --input i --model m"
                        + " --out o",
                "prepare-data --task sst2 --validation-fraction 1.5 --input i --model m --out o",
                "prepare-data --task sst2 --validation-fraction 0.1 --like d --input i --model m --out o",
                "prepare-data --task sst2 --seed 2 --like d --input i --model m --out o",
                "prepare-data --task sst2 --words a --labels b --input i --model m --out o",
                "prepare-data --words a --labels b --input i --model m --out o",
                "prepare-data --format csv --words a --labels b --type token-classification --input i --model m --out"
                        + " o",
                "evaluate --run-dir r --data d --ranks 1,x",
                "evaluate --run-dir r --data d --ranks 0",
                "predict --run-dir r --data d --rank 0 --out o",
                "export --run-dir r --out o",
                "export --run-dir r --rank 2 --block-ranks 1,2 --out o",
                "export --run-dir r --rank 0 --out o",
                "export --run-dir r --block-ranks 1,-2 --out o",
            })
    void aCommandLineThatCannotBeUsedEndsWithTwoAndOneReason(String line) {
        assertThat(run(line)).isEqualTo(2);
        assertThat(err.toString()).startsWith("error: ").doesNotContain("\tat ");
        assertThat(requests).isEmpty();
    }

    @Test
    void anErrorIsCalledOneOnce() {
        assertThat(run("prepare-data --format csv --input i --model m --out o")).isEqualTo(2);
        assertThat(err.toString()).startsWith("error: Missing required argument(s): --type=TYPE");
    }

    @Test
    void aValueWithoutEndDoesNotFillTheScreen() {
        failing(() -> new UsageException("x".repeat(1_000_000) + ": set LC_ALL"));
        assertThat(err.toString()).hasSizeLessThan(3000).contains(" … ").endsWith(": set LC_ALL\n");
    }

    @Test
    void aCommandLineThatHasLostLettersIsNotUsed() {
        assertThat(run("predict --run-dir runs/k\ufffd\ufffdse --data d --rank 1 --out o"))
                .isEqualTo(2);
        assertThat(err.toString())
                .startsWith("error: 'runs/k\ufffd\ufffdse' is not in ")
                .contains("LC_ALL=C.UTF-8");
        assertThat(requests).isEmpty();
    }

    @Test
    void aValueOutOfRangeIsNamedWithItsOption() {
        run("evaluate", "--run-dir", "r", "--data", "d", "--ranks", "-1");
        assertThat(err.toString()).contains("--ranks -1 is below 0");
        run("evaluate", "--run-dir", "r", "--data", "d", "--ranks", "0");
        assertThat(err.toString()).contains("--ranks 0 is the base model alone");
    }

    @ParameterizedTest
    @ValueSource(strings = {"prepare-model", "prepare-data", "train", "evaluate", "predict", "export"})
    void helpOfACommandDescribesEveryOptionWithExamplesAndExitCodes(String command) {
        assertThat(run(command, "--help")).isZero();
        assertThat(out.toString()).contains("submit/erat " + command, "Example", "Exit codes:", "interrupted");
        var spec = new picocli.CommandLine(new Main(JobCommand::work))
                .getSubcommands()
                .get(command)
                .getCommandSpec();
        assertThat(spec.options())
                .allSatisfy(option -> assertThat(option.description()).isNotEmpty());
        assertThat(spec.options())
                .allSatisfy(option -> assertThat(out.toString()).contains(option.longestName()));
    }

    @Test
    void aKnownFailureEndsWithItsExitCodeAndOneLine() {
        assertThat(failing(() -> new UsageException("u"))).isEqualTo(2);
        assertThat(failing(() -> new BadInputException("model.safetensors is cut short")))
                .isEqualTo(3);
        assertThat(failing(() -> new ResumableException("r", null))).isEqualTo(5);
        assertThat(err.toString())
                .contains("error: model.safetensors is cut short")
                .doesNotContain("\tat ");
    }

    @Test
    void aFailureInATaskIsFoundBelowSparksOwn() {
        Supplier<RuntimeException> failure = () -> new IllegalStateException(
                "job", new SparkException("Job aborted", new BadInputException("row 3 has 1 column")));
        assertThat(failing(failure)).isEqualTo(3);
        assertThat(err.toString()).isEqualTo("error: row 3 has 1 column" + System.lineSeparator());
    }

    @Test
    void aMissingFileIsNamed() {
        Supplier<RuntimeException> failure =
                () -> new IllegalStateException(new FileNotFoundException("File x/y.json does not exist"));
        assertThat(failing(failure)).isEqualTo(3);
        assertThat(err.toString()).contains("x/y.json").doesNotContain("\tat ");
    }

    @Test
    void aSparkThatIsGoneEndsWithFiveAndSaysHowToGoOn() {
        assertThat(failing(() -> new IllegalStateException(
                        new SparkException("Job 3 cancelled because SparkContext was shut down"))))
                .isEqualTo(5);
        assertThat(failing(() -> new IllegalStateException(new SparkException(
                        "Job aborted: ExecutorLostFailure (executor 1 exited)\nDriver stacktrace:\nat x", null))))
                .isEqualTo(5);
        assertThat(err.toString().lines()).hasSize(2).allMatch(line -> line.contains("Submit the same command again"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Job aborted due to stage failure: ResultStage 7 (collect) has failed the maximum allowable number of"
                        + " times: 4. Most recent failure reason: MetadataFetchFailedException",
                "Job aborted due to stage failure: Master removed our application: FAILED",
                "Job aborted due to stage failure: All masters are unresponsive! Giving up."
            })
    void aClusterThatGivesUpEndsWithFive(String message) {
        assertThat(failing(() -> new IllegalStateException(new SparkException(message))))
                .isEqualTo(5);
        assertThat(err.toString()).contains(message, "Submit the same command again");
    }

    @Test
    void aFullDiskEndsWithFiveAndNamesWhatTheTaskSawLast() {
        assertThat(
                        failing(
                                () -> new IllegalStateException(
                                        new SparkException(
                                                """
                        Job aborted due to stage failure: Lost task: java.io.IOException: No space left on device
                        \tat java.base/java.io.FileOutputStream.writeBytes
                        \t\tjava.io.IOException: No space left on device in a local folder of executor 0: [/x/blockmgr]
                        """))))
                .isEqualTo(5);
        assertThat(failing(() -> new IllegalStateException(
                        new FileNotFoundException("/y/temp_shuffle (No space left on device)"))))
                .isEqualTo(5);
        assertThat(err.toString().lines())
                .hasSize(2)
                .allMatch(line -> line.contains("submit the same command again"))
                .anyMatch(line -> line.contains("[/x/blockmgr]"))
                .anyMatch(line -> line.contains("/y/temp_shuffle"));
    }

    @Test
    void nativeCodeThatMayNotBeExecutedEndsWithTwoAndNamesTheSettings() {
        String loader =
                "java.lang.UnsatisfiedLinkError: /tmp/snappy-1.1.10-libsnappyjava.so: failed to map segment from"
                        + " shared object: Operation not permitted";
        assertThat(failing(() -> new IllegalStateException(
                        new SparkException("Job aborted due to stage failure: Lost task\n" + loader + "\n\tat x"))))
                .isEqualTo(2);
        assertThat(err.toString().lines()).singleElement().asString().contains(loader, "noexec", "-Djava.io.tmpdir=");
    }

    @Test
    void anUnexpectedFailureEndsWithOneAndItsStackTrace() {
        assertThat(failing(() -> new IllegalStateException("bug"))).isEqualTo(1);
        assertThat(err.toString()).contains("error: bug", "\tat ");
    }

    @Test
    void verboseAddsTheStackTraceOfAKnownFailure() {
        assertThat(failing(() -> new UsageException("u"), "--verbose")).isEqualTo(2);
        assertThat(err.toString()).contains("\tat ");
    }

    private int run(String line) {
        return run(line.isEmpty() ? new String[0] : line.split(" ", -1));
    }

    private int run(String... args) {
        return Main.run(
                (command, progress) -> requests.add(command.request()),
                new PrintWriter(out, true),
                new PrintWriter(err, true),
                args);
    }

    private int failing(Supplier<RuntimeException> failure, String... more) {
        List<String> args = new ArrayList<>(List.of("prepare-model", "--from", "f", "--out", "o"));
        args.addAll(List.of(more));
        return Main.run(
                (command, progress) -> {
                    throw failure.get();
                },
                new PrintWriter(out, true),
                new PrintWriter(err, true),
                args.toArray(String[]::new));
    }
}
