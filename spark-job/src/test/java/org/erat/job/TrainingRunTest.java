package org.erat.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.apache.commons.io.FileUtils;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.erat.checkpoint.ResumableException;
import org.erat.config.JobConfig;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Positions;
import org.erat.data.safetensors.SafetensorsFile;
import org.erat.data.text.Tokenization;
import org.erat.data.tokenized.DatasetDescription;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.export.AdapterFiles;
import org.erat.export.TokenizerFiles;
import org.erat.model.TinyBaseModel;
import org.erat.training.TestSpark;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** From a configuration to a finished run directory, in Spark's own scheduler, with a real tokenizer. */
class TrainingRunTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private static Path folder;

    private static SparkSession session;
    private static TinyProject project;
    private static Path whole;
    private static Watching wholeRun;
    private static RunOutcome outcome;

    @TempDir
    private Path own;

    @BeforeAll
    static void trainWithoutInterruption() {
        session = TestSpark.open("local[2]");
        project = TinyProject.prepare(session, folder);
        whole = folder.resolve("a run");
        wholeRun = Watching.toTheEnd();
        outcome = submit(project.job(), whole, wholeRun);
    }

    @AfterAll
    static void stop() {
        session.stop();
    }

    private static RunOutcome submit(JobConfig job, Path runDirectory, RunListener listener) {
        return new TrainingRun(session, job, listener).run(runDirectory.toString(), false);
    }

    @Test
    void aRunLeavesAllThatTheDesignNamesAndMarksItsSuccessLast() throws IOException {
        assertThat(JobConfig.parse(Files.readString(whole.resolve("config.conf")), "config.conf", List.of()))
                .isEqualTo(project.job());
        JsonNode provenance = JSON.readTree(whole.resolve("provenance.json").toFile());
        assertThat(provenance.path("ended").asText())
                .isGreaterThan(provenance.path("started").asText());
        assertThat(Files.readAllLines(whole.resolve("metrics.jsonl")))
                .hasSize(TinyProject.ROUNDS)
                .allSatisfy(line ->
                        assertThat(JSON.readTree(line).path("loss").asDouble()).isPositive());
        assertThat(TinyProject.bytesOf(whole))
                .containsKeys(
                        "checkpoints/round-000004/params.f32",
                        "checkpoints/round-000006/params.f32",
                        "adapter/adapter_config.json",
                        "adapter/head.safetensors");
        long success = whole.resolve("_SUCCESS").toFile().lastModified();
        assertThat(TinyProject.timesOf(whole).values()).allMatch(time -> time <= success);
        assertThat(wholeRun.rounds)
                .containsExactlyElementsOf(
                        IntStream.rangeClosed(1, TinyProject.ROUNDS).boxed().toList());
        assertThat(wholeRun.lines).anyMatch(line -> line.startsWith("network: "));
    }

    @Test
    void theAdapterHasPeftsKeysAndShapes() {
        int width = 8;
        try (SafetensorsFile tensors = SafetensorsFile.open(whole.resolve("adapter/adapter_model.safetensors"))) {
            assertThat(tensors.names()).hasSize(2 * 2 * 2).allMatch(name -> name.startsWith("base_model.model."));
            String query = "base_model.model.encoder.layer.1.attention.self.query";
            assertThat(tensors.requireFloats(query + ".lora_A.weight", TinyProject.RANK, width)
                            .remaining())
                    .isEqualTo(TinyProject.RANK * width);
            assertThat(tensors.requireFloats(query + ".lora_B.weight", width, TinyProject.RANK)
                            .remaining())
                    .isEqualTo(TinyProject.RANK * width);
        }
    }

    @Test
    void qualityIsReportedForEveryRankInTheFormatThatOthersRead() throws IOException {
        JsonNode quality = JSON.readTree(whole.resolve("evaluation.json").toFile());
        assertThat(names(quality))
                .containsExactly(
                        "task", "metric", "aurac", "prefix", "canonical_aurac", "canonical", "suffix", "recommended");
        assertThat(quality.path("metric").asText()).isEqualTo("accuracy");
        assertThat(quality.path("aurac").asDouble()).isBetween(0.0, 1.0);
        assertThat(quality.path("prefix")).hasSize(TinyProject.RANK).allSatisfy(entry -> assertThat(
                        entry.path("accuracy").asDouble(-1))
                .isBetween(0.0, 1.0));
        assertThat(quality.path("prefix").findValuesAsText("rank")).containsExactly("1", "2", "3", "4");
    }

    @Test
    void theReportHasTheRunsFiguresAndIsWhatTheRunNamesLast() throws Exception {
        Path report = whole.resolve("report.html");
        assertThat(wholeRun.lines).last().asString().startsWith("report: file:").endsWith("/a run/report.html");
        String page = Files.readString(report);
        DocumentBuilderFactory.newDefaultInstance().newDocumentBuilder().parse(report.toFile());
        JsonNode quality = JSON.readTree(whole.resolve("evaluation.json").toFile());
        quality.path("prefix").forEach(entry -> assertThat(page)
                .contains(String.format("%.4f", entry.path("accuracy").asDouble())));
        for (String line : Files.readAllLines(whole.resolve("metrics.jsonl"))) {
            assertThat(page)
                    .contains(String.format(
                            "%.4f", JSON.readTree(line).path("loss").asDouble()));
        }
        assertThat(page).contains("finished", "Singular values of ΔW, query", "Confusion of classes", "Origin");
    }

    @Test
    void theDetailsOfTheEvaluationAgreeWithIt() throws IOException {
        JsonNode quality = JSON.readTree(whole.resolve("evaluation.json").toFile());
        JsonNode details =
                JSON.readTree(whole.resolve("evaluation-details.json").toFile());
        JsonNode recommended = quality.path("recommended");
        assertThat(details.path("rank")).isEqualTo(recommended.path("rank"));
        assertThat(details.path("order")).isEqualTo(recommended.path("order"));
        assertThat(details.path("uncertainty")).as("two orders").hasSize(2 * TinyProject.RANK);
        long all = 0;
        long right = 0;
        for (JsonNode cell : details.path("confusion")) {
            all += cell.path("count").asLong();
            right += cell.path("label").equals(cell.path("prediction"))
                    ? cell.path("count").asLong()
                    : 0;
        }
        assertThat(all)
                .isEqualTo(TinyProject.VALIDATION_EXAMPLES)
                .isEqualTo(details.path("examples").asLong());
        String order = recommended.path("order").asText().equals("trained") ? "prefix" : "canonical";
        double accuracy = quality.path(order)
                .path(recommended.path("rank").asInt() - 1)
                .path("accuracy")
                .asDouble();
        assertThat((double) right / all).isEqualTo(accuracy);
        assertThat(details.path("hardest"))
                .hasSize((int) Math.min(20, all - right))
                .allSatisfy(example -> {
                    assertThat(example.path("label")).isNotEqualTo(example.path("prediction"));
                    assertThat(example.path("text").asText()).as("its words").isNotBlank();
                });
    }

    /** LoRA trains all rows in every step: each of 2 blocks has 2 adapters, and shard 1 makes one step less an epoch. */
    @Test
    void theActivityOfRowsCountsTheStepsOfAllShards() throws IOException {
        JsonNode activity = JSON.readTree(whole.resolve("row-activity.json").toFile());
        assertThat(activity.path("round").asInt()).isEqualTo(TinyProject.ROUNDS);
        assertThat(activity.path("weights")).hasSize(2).allSatisfy(block -> assertThat(block)
                .hasSize(TinyProject.RANK)
                .allSatisfy(row -> assertThat(row.asInt()).isEqualTo(2 * 2 * (7 + 6))));
    }

    private static List<String> names(JsonNode node) {
        List<String> names = new ArrayList<>();
        node.fieldNames().forEachRemaining(names::add);
        return names;
    }

    @Test
    void theOutcomeIsWhatTheRunDirectoryHolds() throws IOException {
        assertThat(outcome.adapter().task()).isEqualTo("custom");
        assertThat(outcome.adapter().rank()).isEqualTo(TinyProject.RANK);
        assertThat(outcome.evaluation().orElseThrow().toJson())
                .isEqualTo(Files.readString(whole.resolve("evaluation.json")));
        assertThat(outcome.totals().rounds()).isEqualTo(TinyProject.ROUNDS);
        assertThat(outcome.totals().examples()).isEqualTo(2L * TinyProject.TRAINING_EXAMPLES);
        double up = 0;
        for (String line : Files.readAllLines(whole.resolve("metrics.jsonl"))) {
            up += JSON.readTree(line).path("bytes_from_all_workers").asDouble();
        }
        assertThat(outcome.totals().bytesUp()).as("of one of two shards").isEqualTo(up / 2);
        Path copy = own.resolve("written again");
        AdapterFiles.write(
                outcome.adapter(),
                TokenizerFiles.in(new org.apache.hadoop.fs.Path(project.model().toUri()), new Configuration()),
                new org.apache.hadoop.fs.Path(copy.toUri()),
                new Configuration());
        assertSameAdapter(copy);
    }

    @Test
    void aFinishedRunIsLeftAlone() {
        Map<String, byte[]> before = TinyProject.bytesOf(whole);
        Map<Path, Long> times = TinyProject.timesOf(whole);
        Watching again = Watching.toTheEnd();

        RunOutcome found = submit(project.job(), whole, again);

        assertThat(found).usingRecursiveComparison().isEqualTo(outcome);
        assertThat(again.rounds).isEmpty();
        assertThat(again.lines).first().asString().contains("finished: nothing to do");
        assertThat(again.lines).as("what the first submission ended with").endsWith(lastOf(wholeRun.lines, 3));
        assertThat(TinyProject.bytesOf(whole)).containsExactlyInAnyOrderEntriesOf(before);
        assertThat(TinyProject.timesOf(whole)).isEqualTo(times);
    }

    private static String[] lastOf(List<String> lines, int count) {
        return lines.subList(lines.size() - count, lines.size()).toArray(String[]::new);
    }

    /** Before the first checkpoint, one round after one at an epoch's end, and one round after one within an epoch. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 5})
    void aRunKilledAfterAnyRoundGoesOnToTheSameBits(int round) throws IOException {
        assertThatThrownBy(() -> submit(project.job(), own, Watching.untilRound(round)))
                .isInstanceOf(Watching.Killed.class);
        assertThat(own.resolve("_SUCCESS")).doesNotExist();
        int checkpoint = round / 2 * 2;
        assertThat(own.resolve("report.html")).content().contains("failed", round + " of 6");
        assertThat(own.resolve("failure.txt")).content().contains("Killed");
        Watching rest = Watching.toTheEnd();

        submit(project.job(), own, rest);

        assertThat(rest.rounds)
                .containsExactlyElementsOf(IntStream.rangeClosed(checkpoint + 1, TinyProject.ROUNDS)
                        .boxed()
                        .toList());
        assertSameResult(own);
        assertThat(Files.readAllLines(own.resolve("metrics.jsonl"))).hasSize(TinyProject.ROUNDS);
    }

    /** Killed before the run was marked as finished, before its evaluation was written, and before its adapter was. */
    @ParameterizedTest
    @ValueSource(strings = {"_SUCCESS", "_SUCCESS evaluation.json", "_SUCCESS evaluation.json adapter"})
    void aRunKilledWhileItsResultsAreWrittenGoesOnToTheSameBits(String missing) throws IOException {
        FileUtils.copyDirectory(whole.toFile(), own.toFile());
        for (String name : missing.split(" ", -1)) {
            FileUtils.forceDelete(own.resolve(name).toFile());
        }
        Watching rest = Watching.toTheEnd();

        submit(project.job(), own, rest);

        assertThat(rest.rounds).isEmpty();
        assertSameResult(own);
    }

    @Test
    void aCheckpointCutShortIsSaidSoAndTheOneBeforeItLeadsToTheSameBits() throws IOException {
        JobConfig job = project.job("checkpoint.every-rounds=1");
        assertThatThrownBy(() -> submit(job, own, Watching.untilRound(4))).isInstanceOf(Watching.Killed.class);
        try (FileChannel newest =
                FileChannel.open(own.resolve("checkpoints/round-000004/optimizer.f32"), StandardOpenOption.WRITE)) {
            newest.truncate(newest.size() / 2);
        }
        Watching rest = Watching.toTheEnd();

        submit(job, own, rest);

        assertThat(rest.lines)
                .anyMatch(line -> line.contains("round-000004 cannot be used (optimizer.f32 has ")
                        && line.contains("going back to the one before it"))
                .contains("going on after round 3 of 6");
        assertThat(rest.rounds).containsExactly(4, 5, 6);
        assertSameResult(own);
    }

    /** Of 49 examples n_c are of class c: 49/(2·n_c). */
    @Test
    void balancedClassesWeighByHowOftenTheyAreTrainedOn() throws IOException {
        long happy = Files.readAllLines(project.text().resolve("train.tsv")).stream()
                .filter(line -> line.endsWith("\thappy"))
                .count();
        Watching balanced = Watching.toTheEnd();
        submit(project.job("training.class-weights=balanced"), own.resolve("balanced"), balanced);

        double ofHappy = 49 / (2.0 * happy);
        double ofSad = 49 / (2.0 * (49 - happy));
        assertThat(balanced.lines).contains(String.format("weights of classes: happy %.4g, sad %.4g", ofHappy, ofSad));
        submit(
                project.job("training.class-weights=[" + ofHappy + ", " + ofSad + "]"),
                own.resolve("given"),
                Watching.toTheEnd());
        assertThat(TinyProject.bytesOf(own.resolve("given/adapter")))
                .containsExactlyInAnyOrderEntriesOf(TinyProject.bytesOf(own.resolve("balanced/adapter")));
        assertThat(TinyProject.bytesOf(own.resolve("given/adapter")).get("head.safetensors"))
                .isNotEqualTo(TinyProject.bytesOf(whole.resolve("adapter")).get("head.safetensors"));
        assertThatThrownBy(() -> submit(
                        project.job("training.class-weights=[1, 2, 3]"), own.resolve("three"), Watching.toTheEnd()))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("training.class-weights has 3 weights, and the data have 2 classes");
    }

    @Test
    void aRunThatIsCancelledSavesTheRoundAndGoesOnFromThereToTheSameBits() throws IOException {
        // No checkpoint is due after round 3.
        assertThatThrownBy(() -> submit(project.job(), own, Watching.cancellingAfter(3)))
                .isInstanceOfSatisfying(
                        ResumableException.class, e -> assertThat(e.exitCode()).isEqualTo(5))
                .hasMessageContaining("cancelled after round 3 of 6")
                .hasMessageContaining("Submit it again");
        assertThat(own.resolve("_SUCCESS")).doesNotExist();
        Watching rest = Watching.toTheEnd();

        submit(project.job(), own, rest);

        assertThat(rest.lines).contains("going on after round 3 of 6");
        assertThat(rest.rounds).containsExactly(4, 5, 6);
        assertSameResult(own);
    }

    @Test
    void aRunWhoseLastRoundIsMadeIsNotCancelledAnyMore() {
        submit(project.job(), own, Watching.cancellingAfter(TinyProject.ROUNDS));
        assertSameResult(own);
    }

    /** Rows in another order with their ids, and rows in the order of the ids without them. */
    @Test
    void dataFramesGiveTheBitsOfThePreparedDirectory() {
        Manifest manifest =
                TokenizedDataset.open(session, project.data().toString()).manifest();
        Dataset<Row> train =
                session.read().parquet(project.data().resolve("train").toString());
        Dataset<Row> validation =
                session.read().parquet(project.data().resolve("validation").toString());
        TokenizedDataset frames = TokenizedDataset.of(
                new DatasetDescription(
                        manifest.task(),
                        manifest.type(),
                        manifest.labelNames(),
                        manifest.metrics(),
                        manifest.tokenizerSha256()),
                train.orderBy(functions.rand(7)).repartition(3),
                validation.coalesce(1).sort("id").drop("id"));

        new TrainingRun(session, project.job(), TrainingData.of(frames), Watching.toTheEnd())
                .run(own.toString(), false);

        assertSameResult(own);
    }

    @Test
    void twoRunsAtTheSameTimeInOneSessionGiveTheBitsOfSingleOnes() {
        JobConfig other = project.job("seed=2", "adapter.rank=3", "training.shards=3");
        submit(other, own.resolve("alone"), Watching.toTheEnd());
        JobConfig[] jobs = {project.job(), other};
        IntStream.range(0, 2)
                .mapToObj(i -> CompletableFuture.runAsync(
                        () -> submit(jobs[i], own.resolve("run " + i), Watching.toTheEnd()),
                        task -> new Thread(task, "run " + i).start()))
                .toList()
                .forEach(CompletableFuture::join);

        assertSameResult(own.resolve("run 0"));
        assertThat(TinyProject.bytesOf(own.resolve("run 1/adapter")))
                .containsExactlyInAnyOrderEntriesOf(TinyProject.bytesOf(own.resolve("alone/adapter")));
        assertThat(own.resolve("run 1/evaluation.json")).hasSameBinaryContentAs(own.resolve("alone/evaluation.json"));
    }

    private static void assertSameAdapter(Path adapter) {
        assertThat(TinyProject.bytesOf(adapter))
                .containsExactlyInAnyOrderEntriesOf(TinyProject.bytesOf(whole.resolve("adapter")));
    }

    private static void assertSameResult(Path run) {
        assertSameAdapter(run.resolve("adapter"));
        for (String file : List.of("evaluation.json", "evaluation-details.json", "row-activity.json", "sizes.json")) {
            assertThat(run.resolve(file)).hasSameBinaryContentAs(whole.resolve(file));
        }
        assertThat(run.resolve("report.html")).exists();
        assertThat(run.resolve("_SUCCESS")).exists();
    }

    @Test
    void aRunDirectoryOfAnotherConfigurationIsRefusedAndLeftAlone() {
        Map<String, byte[]> before = TinyProject.bytesOf(whole);

        assertThatThrownBy(() -> submit(project.job("training.learning-rate=0.01"), whole, Watching.toTheEnd()))
                .isInstanceOfSatisfying(
                        UsageException.class, e -> assertThat(e.exitCode()).isEqualTo(2))
                .hasMessageContaining("a run")
                .hasMessageContaining("training.learning-rate (0.02 there, 0.01 now)")
                .hasMessageContaining("Choose another --run-dir");
        assertThat(TinyProject.bytesOf(whole)).containsExactlyInAnyOrderEntriesOf(before);
    }

    @Test
    void aRunDirectoryWhoseDataHasChangedIsRefused() throws IOException {
        TinyProject changed = new TinyProject(own.resolve("project"));
        changed.writeSources();
        Tokenization.prepare(session, changed.request("data"), line -> {});
        Path run = own.resolve("run");
        assertThatThrownBy(() -> submit(changed.job(), run, Watching.untilRound(1)))
                .isInstanceOf(Watching.Killed.class);
        FileUtils.deleteDirectory(changed.data().toFile());
        Files.writeString(changed.text().resolve("train.tsv"), "the film\thappy\n", StandardOpenOption.APPEND);
        Tokenization.prepare(session, changed.request("data"), line -> {});

        assertThatThrownBy(() -> submit(changed.job(), run, Watching.toTheEnd()))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("data changed (");
    }

    @Test
    void moreShardsThanExamplesIsRefusedBeforeAnythingIsWritten() {
        Path run = own.resolve("run");
        assertThatThrownBy(() -> submit(project.job("training.shards=50"), run, Watching.toTheEnd()))
                .isInstanceOfSatisfying(
                        UsageException.class, e -> assertThat(e.exitCode()).isEqualTo(2))
                .hasMessageContaining("50 shards of 49 examples")
                .hasMessageContaining("lower training.shards to 49 or less");
        assertThat(run).doesNotExist();
    }

    @Test
    void dataOfAnotherTokenizerIsRefusedBeforeAnythingIsWritten() throws IOException {
        TinyBaseModel.write(own.resolve("other"), TinyBaseModel.bert(2));
        Path tokenizer = own.resolve("other/tokenizer.json");
        Files.writeString(tokenizer, Files.readString(tokenizer).replace("film", "book"));
        Path run = own.resolve("run");

        assertThatThrownBy(() -> submit(project.job("model.path=" + own.resolve("other")), run, Watching.toTheEnd()))
                .isInstanceOfSatisfying(
                        BadInputException.class, e -> assertThat(e.exitCode()).isEqualTo(3))
                .hasMessageContaining("data/manifest.json was made with another tokenizer")
                .hasMessageContaining("prepare the data with --model");
        assertThat(run).doesNotExist();
    }

    @Test
    void validationDataOfAnotherTaskIsRefusedBeforeTrainingAndNotAfterIt() throws IOException {
        TinyProject other = new TinyProject(own.resolve("other"));
        other.writeSources();
        for (String name : List.of("train.tsv", "dev.tsv")) {
            Path file = other.text().resolve(name);
            Files.writeString(file, Files.readString(file).replace("happy", "glad"));
        }
        Tokenization.prepare(session, other.request("data"), line -> {});
        Path run = own.resolve("run");

        assertThatThrownBy(() -> submit(project.job("data.validation=" + other.data()), run, Watching.toTheEnd()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("other/data/manifest.json")
                .hasMessageContaining("[glad, sad]")
                .hasMessageContaining("set data.validation to data of the same task");
        assertThatThrownBy(() ->
                        submit(project.job("data.validation=" + own.resolve("nowhere")), run, Watching.toTheEnd()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("nowhere/manifest.json does not exist");
        assertThat(run).doesNotExist();
    }

    @Test
    void examplesLongerThanTheModelHasPositionsAreRefused() {
        // The same tokenizer, and positions for four tokens only.
        Architecture model = TinyBaseModel.bert(2);
        TinyBaseModel.write(
                own.resolve("short"),
                new Architecture(
                        model.family(),
                        model.vocabulary(),
                        model.tokenTypes(),
                        Positions.ofAllTokens(4),
                        model.blocks(),
                        model.width(),
                        model.embeddingWidth(),
                        model.heads(),
                        model.masks(),
                        model.feedForward(),
                        model.norm(),
                        model.biases(),
                        model.tied(),
                        model.padTokenId(),
                        model.pooling()));

        assertThatThrownBy(() -> submit(
                        project.job("model.path=" + own.resolve("short")), own.resolve("run"), Watching.toTheEnd()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("has examples of 9 tokens")
                .hasMessageContaining("has positions for 4: prepare the data with --max-length 4");
    }
}
