package org.erat.data.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.commons.compress.compressors.CompressorException;
import org.apache.commons.compress.compressors.CompressorStreamFactory;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.erat.data.BadInputException;
import org.erat.data.Sha256;
import org.erat.data.UsageException;
import org.erat.data.tokenized.LocalSpark;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.PackedExamples;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.Targets;
import org.erat.data.tokenized.TaskType;
import org.erat.data.tokenized.TokenizedDataset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs the whole of the preparation in Spark, with a real tokenizer of a few words. */
class TokenizationTest {
    private static final TextTask SST2 = TextTask.named("sst2");

    private final SparkSession spark = LocalSpark.session();
    private final List<String> progress = new ArrayList<>();

    @TempDir
    private Path folder;

    private Path model;
    private Path out;

    @BeforeEach
    void writeTokenizer() throws IOException {
        model = TinyTokenizer.writeModel(folder.resolve("model"));
        out = folder.resolve("parent").resolve("out");
    }

    @Test
    void tokenizesBothSplitsOfATask() throws IOException {
        write("data/train.tsv", "sentence\tlabel\nThe cats sat.\t1\nbad \"dog\t0\nunknown\t1\n");
        write("data/dev.tsv", "sentence\tlabel\r\ngood\t1\r\n");

        PreparedData prepared = prepare(SST2, "data", 64);

        Manifest manifest = prepared.manifest();
        assertThat(prepared.reused()).isFalse();
        assertThat(manifest.task()).isEqualTo("sst2");
        assertThat(manifest.labelNames()).containsExactly("negative", "positive");
        assertThat(manifest.train().examples()).isEqualTo(3);
        assertThat(manifest.train().tokens()).isEqualTo(7 + 5 + 3);
        assertThat(manifest.train().longest()).isEqualTo(7);
        assertThat(manifest.train().truncated()).isZero();
        assertThat(manifest.validation().examples()).isEqualTo(1);
        assertThat(manifest.highestTokenId()).isEqualTo(TinyTokenizer.id("."));
        assertThat(manifest.tokenizerSha256())
                .isEqualTo(Sha256.of(Files.readAllBytes(model.resolve("tokenizer.json"))));
        TokenizedDataset data = TokenizedDataset.open(spark, out.toString());
        assertThat(data.manifest()).isEqualTo(manifest);
        PackedExamples train = shard(data, Split.TRAIN);
        assertThat(tokens(train, 0)).containsExactly(ids("the", "cat", "##s", "sat", "."));
        assertThat(tokens(train, 1)).containsExactly(ids("bad", "\\\"", "dog"));
        assertThat(tokens(train, 2)).containsExactly(TinyTokenizer.CLS, 1, TinyTokenizer.SEP);
        assertThat(((Targets.Classes) train.targets()).classes()).containsExactly(1, 0, 1);
        assertThat(tokens(shard(data, Split.VALIDATION), 0)).containsExactly(ids("good"));
        assertThat(names(out)).containsExactlyInAnyOrder("train", "validation", "manifest.json");
        assertNothingHalfWritten(true);
        assertThat(progress).anyMatch(line -> line.startsWith("Tokenized 3 train examples: 15 tokens"));
    }

    @Test
    void pairsGetTypesAndTheLongerTextIsCutFirst() throws IOException {
        TextTask task = TextTask.custom(TextFormat.TSV, true, "a", "b", "y", TaskType.REGRESSION);
        write("data/train.tsv", "a\tb\ty\nthe cat sat on the mat\tgood dog\t2.5\ngood\tbad\t-1\n");
        write("data/validation.tsv", "a\tb\ty\ngood\tbad\t0.25\n");

        Manifest manifest = prepare(task, "data", 8).manifest();

        assertThat(manifest.type()).isEqualTo(TaskType.REGRESSION);
        assertThat(manifest.labelNames()).isEmpty();
        assertThat(manifest.outputs()).isEqualTo(1);
        assertThat(manifest.train().longest()).isEqualTo(8);
        assertThat(manifest.train().truncated()).isEqualTo(1);
        PackedExamples train = shard(TokenizedDataset.open(spark, out.toString()), Split.TRAIN);
        // Eight tokens less three special ones: all of the shorter text, and three words of the longer.
        assertThat(tokens(train, 0))
                .containsExactly(
                        TinyTokenizer.CLS,
                        TinyTokenizer.id("the"),
                        TinyTokenizer.id("cat"),
                        TinyTokenizer.id("sat"),
                        TinyTokenizer.SEP,
                        TinyTokenizer.id("good"),
                        TinyTokenizer.id("dog"),
                        TinyTokenizer.SEP);
        assertThat(types(train, 0)).containsExactly(0, 0, 0, 0, 0, 1, 1, 1);
        assertThat(((Targets.Numbers) train.targets()).numbers()).containsExactly(2.5f, -1);
    }

    @Test
    void oneFileIsSplitBySeedAndManyRowsKeepTheirOrder() throws IOException {
        int rows = 2 * StagedText.ROWS_PER_PART + 100;
        StringBuilder text = new StringBuilder("t,y\n");
        for (int i = 0; i < rows; i++) {
            text.append("\"a")
                    .append(" cat".repeat(i % 7))
                    .append(", ")
                    .append(i)
                    .append("\",")
                    .append(i % 10)
                    .append('\n');
        }
        write("all.csv", text.toString());
        TextTask task = TextTask.custom(TextFormat.CSV, true, "t", null, "y", TaskType.CLASSIFICATION);

        Manifest manifest = prepare(task, "all.csv", 64).manifest();

        assertThat(manifest.train().examples() + manifest.validation().examples())
                .isEqualTo(rows);
        assertThat(manifest.validation().examples()).isBetween(rows / 100L, rows * 3L / 100);
        TokenizedDataset data = TokenizedDataset.open(spark, out.toString());
        PackedExamples all = shard(data, Split.TRAIN);
        ValidationShare share = new ValidationShare(0.02, 1);
        int position = 0;
        for (int i = 0; i < rows; i++) {
            TextRow row = TextRow.of("a" + " cat".repeat(i % 7) + ", " + i, null, "");
            if (share.of(row) == Split.TRAIN) {
                assertThat(((Targets.Classes) all.target(position)).classes()).containsExactly(i % 10);
                assertThat(all.length(position)).isEqualTo(5 + i % 7);
                position++;
            }
        }
        assertThat(data.shards(Split.TRAIN, 3).map(PackedExamples::size).collect())
                .allSatisfy(size -> assertThat(size).isBetween(position(all, 3), position(all, 3) + 1));
    }

    @ParameterizedTest
    @EnumSource(
            value = TextFormat.class,
            names = {"TSV", "CSV", "JSONL", "PARQUET"})
    void everyFormatGivesTheSameContent(TextFormat format) throws IOException {
        writeTable(format, "data/train", List.of(List.of("the cat", "good"), List.of("a dog", "bad")));
        writeTable(format, "data/dev", List.of(List.of("a cat", "bad")));
        TextTask task = TextTask.custom(format, true, "t", null, "y", TaskType.CLASSIFICATION);

        Manifest manifest = prepare(task, "data", 64).manifest();

        assertThat(manifest.labelNames()).containsExactly("bad", "good");
        // Worked out by hand from its definition: length, colon, bytes of text, second text and label of each row.
        assertThat(manifest.contentSha256())
                .isEqualTo(Sha256.of((sha("7:the cat0:4:good5:a dog0:3:bad") + sha("5:a cat0:3:bad"))
                        .getBytes(StandardCharsets.US_ASCII)));
    }

    @Test
    void aFolderWithoutSplitsIsOneParquetTable() throws IOException {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            rows.add(RowFactory.create("the cat " + i, i % 2 == 0));
        }
        spark.createDataFrame(
                        rows, new StructType().add("t", DataTypes.StringType).add("y", DataTypes.BooleanType))
                .repartition(3)
                .write()
                .parquet(folder.resolve("table").toString());
        TextTask task = TextTask.custom(TextFormat.PARQUET, true, "t", null, "y", TaskType.CLASSIFICATION);

        assertThat(prepare(task, "table", 64).manifest().labelNames()).containsExactly("false", "true");
        TextTask wrong = TextTask.custom(TextFormat.PARQUET, true, "text", null, "y", TaskType.CLASSIFICATION);
        assertRefused(wrong, "table", folder.resolve("out2"), "has no column 'text'");
        TextTask notText = TextTask.custom(TextFormat.PARQUET, true, "y", null, "t", TaskType.CLASSIFICATION);
        assertRefused(notText, "table", folder.resolve("out2"), "column 'y' is of type boolean");
    }

    /** As Spark's partitionBy writes it; and a file that is named without any folder. */
    @Test
    void aParquetTableMayHaveItsLabelsAsFoldersAndAFileNoFolder() throws IOException {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            rows.add(RowFactory.create("the cat " + i, i % 2 == 0 ? "good" : "bad"));
        }
        spark.createDataFrame(
                        rows, new StructType().add("t", DataTypes.StringType).add("y", DataTypes.StringType))
                .coalesce(1)
                .write()
                .partitionBy("y")
                .parquet(folder.resolve("table").toString());
        TextTask task = TextTask.custom(TextFormat.PARQUET, true, "t", null, "y", TaskType.CLASSIFICATION);
        assertThat(prepare(task, "table", 64).manifest().labelNames()).containsExactly("bad", "good");
        Path bare = Path.of("table-" + System.nanoTime() + ".parquet");
        Files.writeString(bare, "");
        try {
            TokenizationRequest plain = request(task, "table", folder.resolve("out2"), 64, TinyTokenizer.VOCAB_SIZE);
            TokenizationRequest request = new TokenizationRequest(
                    task,
                    bare.toString(),
                    plain.modelDir(),
                    plain.vocabSize(),
                    plain.maxLength(),
                    plain.out(),
                    plain.validationShare(),
                    plain.seed(),
                    Optional.empty());
            assertThatThrownBy(() -> Tokenization.prepare(spark, request, progress::add))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageStartingWith(bare + ": is empty");
        } finally {
            Files.delete(bare);
        }
    }

    @Test
    void aFileThatIsNoParquetIsReportedInOneLine() throws IOException {
        write("table.parquet", "sentence\tlabel\ngood\t1\n");
        TextTask task = TextTask.custom(TextFormat.PARQUET, true, "sentence", null, "label", TaskType.CLASSIFICATION);
        assertThatThrownBy(() -> prepare(task, "table.parquet", 64))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("table.parquet is not a Parquet file: check --format")
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
    }

    /** As the Hugging Face hub has it: training rows are those of the training files, to the last one. */
    @Test
    void theHubsLayoutOfParquetFilesIsThreeSplits() throws IOException {
        List<String> names = List.of(
                "train-00000-of-00002", "train-00001-of-00002", "validation-00000-of-00001", "test-00000-of-00001");
        for (int file = 0; file < names.size(); file++) {
            List<List<String>> rows = new ArrayList<>();
            for (int row = 0; row < 10 + file; row++) {
                rows.add(List.of("the cat " + file, row % 2 == 0 ? "good" : "bad"));
            }
            writeParquetFile(names.get(file), rows);
        }
        TextTask task = TextTask.custom(TextFormat.PARQUET, true, "t", null, "y", TaskType.CLASSIFICATION);

        Manifest manifest = prepare(task, "data", 64).manifest();

        assertThat(manifest.train().examples()).isEqualTo(10 + 11);
        assertThat(manifest.validation().examples()).isEqualTo(12);
        assertThat(manifest.test().examples()).isEqualTo(13);
        assertThat(progress)
                .contains("training: 2 files, validation: 1 file, test: 1 file")
                .anyMatch(line -> line.endsWith("21 training, 12 validation and 13 test examples, 230 tokens"));
        PackedExamples test = shard(TokenizedDataset.open(spark, out.toString()), Split.TEST);
        // "the cat 3", of which the tokenizer does not know the number.
        assertThat(tokens(test, 0))
                .containsExactly(
                        TinyTokenizer.CLS, TinyTokenizer.id("the"), TinyTokenizer.id("cat"), 1, TinyTokenizer.SEP);
        assertThat(((Targets.Classes) test.targets()).classes()).startsWith(1, 0, 1, 0);
    }

    @Test
    void allSplitsAreOneInTheOrderOfTheirRows() throws IOException {
        write("data/train.tsv", "sentence\tlabel\ngood\t1\nbad\t0\n");
        write("data/dev.tsv", "sentence\tlabel\nthe cat\t1\n");
        write("data/test.tsv", "sentence\tlabel\nthe dog\t1\nbad\t0\n");
        prepare(SST2, "data", 64);

        TokenizedDataset all = TokenizedDataset.open(spark, out.toString()).inOneSplit();

        assertThat(all.examples(Split.VALIDATION, 0)).isEqualTo(5);
        assertThat(all.examples(Split.TRAIN, 0)).isZero();
        PackedExamples examples = shard(all, Split.VALIDATION);
        assertThat(IntStream.range(0, 5).mapToObj(i -> tokens(examples, i)))
                .containsExactly(ids("good"), ids("bad"), ids("the", "cat"), ids("the", "dog"), ids("bad"));
    }

    /** As GLUE and the Hugging Face hub have them. */
    @ParameterizedTest
    @ValueSource(strings = {"index\tsentence\n0\tgood\n", "sentence\tlabel\ngood\t-1\nbad\t-1\n", ""})
    void aTestSplitWithoutLabelsIsLeftOutWithAWord(String text) throws IOException {
        write("data/train.tsv", "sentence\tlabel\ngood\t1\nbad\t0\n");
        write("data/dev.tsv", "sentence\tlabel\ngood\t1\n");
        write("data/test.tsv", text);

        Manifest manifest = prepare(SST2, "data", 64).manifest();

        assertThat(manifest.version()).isEqualTo(1);
        assertThat(manifest.test().examples()).isZero();
        assertThat(out.resolve("test")).doesNotExist();
        assertThat(progress)
                .anyMatch(line -> line.startsWith("The test split is left out, since there is nothing to measure on: ")
                        && line.contains("test.tsv"));
    }

    /** The hub's STS-B has -1.0 for each test row, which is a number as any other. */
    @Test
    void aTestSplitWithAPlaceholderForEachNumberIsLeftOut() throws IOException {
        write("data/train.tsv", "sentence\tscore\ngood\t5\nbad\t0.5\n");
        write("data/dev.tsv", "sentence\tscore\ngood\t4\n");
        write("data/test.tsv", "sentence\tscore\ngood\t-1.0\nbad\t-1\nthe cat\t-1.0\n");
        TextTask task = TextTask.custom(TextFormat.TSV, true, "sentence", null, "score", TaskType.REGRESSION);

        assertThat(prepare(task, "data", 64).manifest().test().examples()).isZero();
        assertThat(progress)
                .anyMatch(line -> line.startsWith("The test split is left out, since there is nothing to measure on: ")
                        && line.endsWith("test.tsv, line 2: from this row on, all labels (column 'score') are the same"
                                + " number, -1.0"));
        write("data/test.tsv", "sentence\tscore\ngood\t-1.0\nbad\t-1\nthe cat\t-1.01\n");
        out = folder.resolve("parent").resolve("measured");
        assertThat(prepare(task, "data", 64).manifest().test().examples()).isEqualTo(3);
    }

    @Test
    void aRowOfALabelledTestSplitThatCannotBeUsedIsNamed() throws IOException {
        write("data/train.tsv", "sentence\tmood\ngood\thappy\nbad\tsad\n");
        write("data/dev.tsv", "sentence\tmood\ngood\thappy\n");
        write("data/test.tsv", "sentence\tmood\ngood\thappy\nbad\tsadd\n");
        TextTask task = TextTask.custom(TextFormat.TSV, true, "sentence", null, "mood", TaskType.CLASSIFICATION);
        assertRefused(
                task,
                "data",
                out,
                "test.tsv, line 3: label 'sadd' (column 'mood') is not one of happy, sad: mend it, or move the file away:"
                        + " only evaluate reads a test split");
    }

    @Test
    void dataOfAnEarlierProgramAreUsedWithoutATestSplit() throws IOException {
        write("data/train.tsv", "sentence\tlabel\ngood\t1\nbad\t0\n");
        write("data/dev.tsv", "sentence\tlabel\ngood\t1\n");
        Manifest earlier = prepare(SST2, "data", 64).manifest();
        write("data/test.tsv", "sentence\tlabel\ngood\t1\n");

        PreparedData again = prepare(SST2, "data", 64);

        assertThat(again.reused()).isTrue();
        assertThat(progress).anyMatch(line -> line.startsWith("It has no test split: "));
        out = folder.resolve("parent").resolve("out2");
        Manifest anew = prepare(SST2, "data", 64).manifest();
        assertThat(anew.test().examples()).isEqualTo(1);
        assertThat(anew.contentSha256()).isEqualTo(earlier.contentSha256());
        assertThat(prepare(SST2, "data", 64).reused()).isTrue();
        write("data/test.tsv", "sentence\tlabel\nbad\t0\n");
        assertThatThrownBy(() -> prepare(SST2, "data", 64))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("test was sha256 ");
    }

    @Test
    void whatIsSplitOffOneFileIsSaidWithTheWayToMeasureOnAllRows() throws IOException {
        StringBuilder text = new StringBuilder("t,y\n");
        for (int i = 0; i < 100; i++) {
            text.append("the cat ").append(i).append(',').append(i % 2).append('\n');
        }
        write("test.csv", text.toString());
        TextTask task = TextTask.custom(TextFormat.CSV, true, "t", null, "y", TaskType.CLASSIFICATION);
        Manifest manifest = Tokenization.prepare(
                        spark, withShare(task, folder.resolve("test.csv").toString(), 0.2), progress::add)
                .manifest();
        assertThat(progress)
                .contains(String.format(
                        "No validation file: %d of 100 rows are split off for validation (--validation-fraction 0.2), %d"
                                + " are for training. To measure a model on all rows, give --like with the data that it"
                                + " was trained on",
                        manifest.validation().examples(), manifest.train().examples()));
    }

    private void writeParquetFile(String name, List<List<String>> rows) throws IOException {
        writeTable(TextFormat.PARQUET, "tables/" + name, rows);
        Files.createDirectories(folder.resolve("data"));
        try (Stream<Path> files = Files.list(folder.resolve("tables/" + name + ".parquet"))) {
            Path part = files.filter(file -> file.toString().endsWith(".parquet"))
                    .findFirst()
                    .orElseThrow();
            Files.copy(part, folder.resolve("data/" + name + ".parquet"));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = TextFormat.class,
            names = {"TSV", "CSV", "JSONL"})
    void aSplitMayBeManyFilesWithAHeaderEach(TextFormat format) throws IOException {
        writeTable(format, "data/train/part-00000", List.of(List.of("the cat", "good")));
        writeTable(format, "data/train/part-00001", List.of(List.of("a dog", "bad")));
        write("data/train/_SUCCESS", "");
        writeTable(format, "data/valid", List.of(List.of("a cat", "bad")));
        TextTask task = TextTask.custom(format, true, "t", null, "y", TaskType.CLASSIFICATION);

        Manifest manifest = prepare(task, "data", 64).manifest();

        assertThat(manifest.train().examples()).isEqualTo(2);
        assertThat(progress).contains("training: 2 files, validation: 1 file", "2 classes in training: bad 1, good 1");
        // As from one file for each split.
        assertThat(manifest.contentSha256())
                .isEqualTo(Sha256.of((sha("7:the cat0:4:good5:a dog0:3:bad") + sha("5:a cat0:3:bad"))
                        .getBytes(StandardCharsets.US_ASCII)));
    }

    @ParameterizedTest
    @CsvSource({"gz, gz", "bzip2, bz2", "zstd, zst"})
    void compressedTextIsRead(String compression, String ending) throws IOException, CompressorException {
        byte[] text = "sentence\tlabel\ngood\t1\nbad\t0\n".getBytes(StandardCharsets.UTF_8);
        Files.createDirectories(folder.resolve("data"));
        Path file = folder.resolve("data/train.tsv." + ending);
        try (OutputStream out =
                new CompressorStreamFactory().createCompressorOutputStream(compression, Files.newOutputStream(file))) {
            out.write(text);
        }
        write("data/dev.tsv", "sentence\tlabel\ngood\t1\n");
        assertThat(prepare(SST2, "data", 64).manifest().train().examples()).isEqualTo(2);

        byte[] whole = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(whole, whole.length - 6));
        assertRefused(SST2, "data", folder.resolve("out2"), "cannot be decompressed");
    }

    @ParameterizedTest
    @CsvSource({"UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE"})
    void wideTextIsNamedWithItsEncodingWithAndWithoutItsMark(String encoding) throws IOException {
        write("data/dev.tsv", "sentence\tlabel\ngood\t1\n");
        for (String mark : List.of("\uFEFF", "")) {
            Files.write(
                    folder.resolve("data/train.tsv"),
                    (mark + "sentence\tlabel\ngut, süß\t1\n").getBytes(Charset.forName(encoding)));
            assertRefused(
                    SST2,
                    "data",
                    out,
                    "train.tsv is " + encoding + " text; save it as UTF-8, for example by iconv -f " + encoding
                            + " -t UTF-8");
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = TextFormat.class,
            names = {"TSV", "CSV", "JSONL", "PARQUET"})
    void whatIsNoDataIsNamedForWhatItIs(TextFormat format) throws IOException {
        TextTask task = TextTask.custom(format, true, "t", null, "y", TaskType.CLASSIFICATION);
        String file = "table." + format;
        write(file, "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n");
        assertRefused(task, file, out, file + ": is a Git LFS pointer");
        write(file, "<!DOCTYPE html>\n<html><body>Not found</body></html>\n");
        assertRefused(task, file, out, file + ": is an HTML page");
        if (format != TextFormat.PARQUET) {
            Files.write(folder.resolve(file), new byte[] {'P', 'A', 'R', '1', 21, 0, (byte) 0xFF, '\n', 'b', '\n'});
            assertRefused(
                    task, file, out, file + ": is a Parquet file. Where it holds the text, give --format parquet");
        }
        Files.write(folder.resolve(file), new byte[] {'P', 'K', 3, 4, 20, 0, 8, 8, 'a', '\n', 'b', '\n'});
        assertRefused(task, file, out, file + ": is a zip archive");
        write(file, "");
        assertRefused(
                task,
                file,
                out,
                format == TextFormat.PARQUET ? file + ": is empty" : file + " has no rows: it is empty");
    }

    @ParameterizedTest
    @EnumSource(
            value = TextFormat.class,
            names = {"TSV", "CSV", "JSONL", "PARQUET"})
    void rowsForAModelThatWasTrainedNeedNoLabels(TextFormat format) throws IOException {
        writeTable(format, "data/train", List.of(List.of("the cat", "good"), List.of("a dog", "bad")));
        writeTable(format, "data/dev", List.of(List.of("a cat", "bad")));
        TextTask task = TextTask.custom(format, true, "t", null, "y", TaskType.CLASSIFICATION);
        Manifest trained = prepare(task, "data", 64).manifest();
        writeTable(format, "new", List.of(List.of("the dog", "?"), List.of("a cat sat", "")));
        TextTask unlabelled = TextTask.custom(format, true, "t", null, null, TaskType.CLASSIFICATION);
        String input = "new." + format;

        Manifest manifest = prepareLike(unlabelled, input, trained).manifest();

        assertThat(manifest.labelled()).isFalse();
        assertThat(manifest.version()).isEqualTo(3);
        assertThat(manifest.labelNames()).isEqualTo(trained.labelNames());
        assertThat(manifest.metrics()).isEqualTo(trained.metrics());
        assertThat(manifest.train().examples()).isZero();
        assertThat(manifest.validation().examples()).isEqualTo(2);
        TokenizedDataset data =
                TokenizedDataset.open(spark, folder.resolve(input + " out").toString());
        PackedExamples shard = data.shards(Split.VALIDATION, 1).collect().get(0);
        assertThat(((Targets.Classes) shard.targets()).classes()).containsOnly(Targets.NONE);
        assertThatThrownBy(data::requireLabels)
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(" out has no labels, which training and evaluate need");
    }

    @Test
    void labelledRowsForAModelThatWasTrainedHaveItsClasses() throws IOException {
        writeTable(TextFormat.CSV, "data/train", List.of(List.of("the cat", "good"), List.of("a dog", "bad")));
        writeTable(TextFormat.CSV, "data/dev", List.of(List.of("a cat", "bad")));
        TextTask task = TextTask.custom(TextFormat.CSV, true, "t", null, "y", TaskType.CLASSIFICATION);
        Manifest trained = prepare(task, "data", 64).manifest();
        // All of one class, so that by itself it would be refused.
        writeTable(TextFormat.CSV, "new", List.of(List.of("the dog", "good"), List.of("a cat", "good")));
        prepareLike(task, "new.csv", trained);
        TokenizedDataset data =
                TokenizedDataset.open(spark, folder.resolve("new.csv out").toString());
        PackedExamples shard = data.shards(Split.VALIDATION, 1).collect().get(0);
        assertThat(((Targets.Classes) shard.targets()).classes()).containsExactly(1, 1);

        writeTable(TextFormat.CSV, "empty", List.of(List.of("the dog", "")));
        assertThatThrownBy(() -> prepareLike(task, "empty.csv", trained))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("column 'y' has no label; leave out rows without one, or leave out --label");
        writeTable(TextFormat.CSV, "other", List.of(List.of("the dog", "great")));
        assertThatThrownBy(() -> prepareLike(task, "other.csv", trained))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("other.csv, line 2: label 'great' (column 'y') is not one of bad, good");
        assertThatThrownBy(() -> prepareLike(task, "data", trained))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(
                        "data holds the splits [training, validation], and all rows are for one use here");
        TextTask numbers = TextTask.custom(TextFormat.CSV, true, "t", null, "y", TaskType.REGRESSION);
        assertThatThrownBy(() -> prepareLike(numbers, "new.csv", trained))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("--like names data of type classification, and these are of type regression");
    }

    private PreparedData prepareLike(TextTask task, String input, Manifest like) {
        TokenizationRequest plain = request(task, input, folder.resolve(input + " out"), 64, TinyTokenizer.VOCAB_SIZE);
        TokenizationRequest request = new TokenizationRequest(
                task,
                plain.input(),
                plain.modelDir(),
                plain.vocabSize(),
                plain.maxLength(),
                plain.out(),
                plain.validationShare(),
                plain.seed(),
                Optional.of(like));
        return Tokenization.prepare(spark, request, progress::add);
    }

    /** What pandas writes where labels are missing: its column is one of doubles then. */
    @Test
    void aMissingNumberInParquetOrJsonIsNoClass() throws IOException {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            rows.add(RowFactory.create("the cat " + i, i == 7 ? Double.NaN : i % 2));
        }
        spark.createDataFrame(
                        rows, new StructType().add("t", DataTypes.StringType).add("y", DataTypes.DoubleType))
                .coalesce(1)
                .write()
                .parquet(folder.resolve("table").toString());
        TextTask parquet = TextTask.custom(TextFormat.PARQUET, true, "t", null, "y", TaskType.CLASSIFICATION);
        assertRefused(parquet, "table", out, ".parquet, row 8: column 'y' has no label, 'NaN' stands for none");
        TextTask json = TextTask.custom(TextFormat.JSONL, true, "t", null, "y", TaskType.CLASSIFICATION);
        for (String missing : List.of("NaN", "null", "\"\"")) {
            write("table.jsonl", "{\"t\": \"a\", \"y\": 1.0}\n{\"t\": \"b\", \"y\": " + missing + "}\n");
            assertRefused(json, "table.jsonl", out, "table.jsonl, line 2: column 'y' has no label");
        }
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 200; i++) {
            lines.append(String.format(
                    "{\"t\": \"the cat %d\", \"y\": %s}\n",
                    i, List.of("1.0", "1", "0").get(i % 3)));
        }
        write("table.jsonl", lines.toString());
        assertThat(prepare(json, "table.jsonl", 64).manifest().labelNames()).containsExactly("0", "1");
    }

    @Test
    void theSameAgainIsReusedAndAnythingElseIsRefused() throws IOException {
        write("data/train.tsv", "sentence\tlabel\ngood\t1\nbad\t0\n");
        write("data/dev.tsv", "sentence\tlabel\ngood\t1\n");
        Manifest first = prepare(SST2, "data", 64).manifest();

        PreparedData again = prepare(SST2, "data", 64);

        assertThat(again.reused()).isTrue();
        assertThat(again.manifest()).isEqualTo(first);
        assertThat(progress).last().asString().startsWith("Already prepared");
        assertThatThrownBy(() -> prepare(SST2, "data", 32))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("max-length was 64 and is now 32")
                .hasMessageContaining("Choose another --out");
        write("data/dev.tsv", "sentence\tlabel\ngood\t0\n");
        assertThatThrownBy(() -> prepare(SST2, "data", 64))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("validation was sha256");
    }

    @Test
    void aFolderOfSomethingElseIsLeftAlone() throws IOException {
        write("data/train.tsv", "sentence\tlabel\ngood\t1\n");
        write("data/dev.tsv", "sentence\tlabel\ngood\t1\n");
        write("parent/out/thesis.txt", "precious");

        assertThatThrownBy(() -> prepare(SST2, "data", 64))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("is not a tokenized data set");
        assertThat(out.resolve("thesis.txt")).hasContent("precious");
    }

    @Test
    void badTextLeavesNothingBehind() throws IOException {
        write("data/dev.tsv", "sentence\tlabel\ngood\t1\n");

        write("data/train.tsv", "sentence\tlabel\ngood\t1\nbad\n");
        assertRefused(SST2, "data", out, "train.tsv, line 3: 1 column");
        write("data/train.tsv", "");
        assertRefused(SST2, "data", out, "train.tsv has no rows: it is empty");
        write("data/train.tsv", "sentence\tlabel\n");
        assertRefused(SST2, "data", out, "train.tsv has no rows");
        Files.write(folder.resolve("data/train.tsv"), new byte[] {'a', '\n', (byte) 0xFF});
        assertRefused(TextTask.named("sst2"), "data", out, "has no column 'sentence'");
        write("data/train.tsv", "sentence\tlabel\ngood\t1\n");
        write("data/dev.tsv", "sentence\tlabel\ngood\t2\n");
        assertRefused(SST2, "data", out, "dev.tsv, line 2: label '2'");
        Files.delete(folder.resolve("data/dev.tsv"));
        assertRefused(SST2, "data", out, "data has 1 rows; with a share of 0.02 for validation, 1 are left");
        assertRefused(SST2, "nowhere", out, "nowhere does not exist");
        write("one.tsv", "sentence\tlabel\ngood\t1\n");
        assertRefused(SST2, "one.tsv", out, "one.tsv has 1 rows");
    }

    @Test
    void aFileThatLacksAColumnOfTheFirstFileIsNamedWithIt() throws IOException {
        TextTask task = TextTask.custom(TextFormat.CSV, true, "text", null, "label", TaskType.CLASSIFICATION);
        write("data/train-1.csv", "text,label\ngood,1\nbad,0\n");
        write("data/train-2.csv", "text,class\ngood,1\n");
        String message =
                " has no column 'label'. Its columns are 'text', 'class'. train-1.csv has it, and all files of a data set"
                        + " need the same columns: name them alike";
        assertRefused(task, "data", out, "train-2.csv" + message);
        Files.move(folder.resolve("data/train-2.csv"), folder.resolve("data/dev.csv"));
        assertRefused(task, "data", out, "dev.csv" + message);
        assertRefused(task, "data/dev.csv", out, "Its columns are 'text', 'class'. Name another column, or add it");
    }

    /** The value that is proposed splits the same rows. */
    @Test
    void tooFewRowsToSplitAreRefusedWithAShareThatWorks() throws IOException {
        TextTask task = TextTask.custom(TextFormat.CSV, true, "t", null, "y", TaskType.CLASSIFICATION);
        StringBuilder text = new StringBuilder("t,y\n");
        for (int i = 0; i < 20; i++) {
            text.append("the cat ").append(i).append(',').append(i % 2).append('\n');
        }
        write("few.csv", text.toString());
        String input = folder.resolve("few.csv").toString();
        TokenizationRequest small = withShare(task, input, 1e-9);
        String[] proposed = new String[1];
        assertThatThrownBy(() -> Tokenization.prepare(spark, small, progress::add))
                .isInstanceOf(BadInputException.class)
                .hasMessageMatching(
                        ".* 20 are left for training and 0 for validation: give --validation-fraction 0\\.\\d+,"
                                + " more rows, or a folder with a file for each")
                .satisfies(
                        e -> proposed[0] = e.getMessage().replaceFirst(".*--validation-fraction ([0-9.]+),.*", "$1"));

        Manifest manifest = Tokenization.prepare(
                        spark, withShare(task, input, Double.parseDouble(proposed[0])), progress::add)
                .manifest();
        assertThat(manifest.validation().examples()).isBetween(2L, 18L);
    }

    @Test
    void aValidationSplitOfOneRowGetsAWarning() throws IOException {
        TextTask task = TextTask.custom(TextFormat.CSV, true, "t", null, "y", TaskType.CLASSIFICATION);
        write("two.csv", "t,y\nthe cat 0,0\nthe cat 1,1\n");
        ValidationShare share = new ValidationShare(0.5, 1);
        double low = Math.min(
                share.position(TextRow.of("the cat 0", null, "")), share.position(TextRow.of("the cat 1", null, "")));
        String warning = "warning: the validation split is a single row, which says nothing about a model. Give ";

        Tokenization.prepare(
                spark, withShare(task, folder.resolve("two.csv").toString(), Math.nextUp(low)), progress::add);
        assertThat(progress).contains(warning + "a higher --validation-fraction, or more rows");
        write("data/train.csv", "t,y\ngood,1\nbad,0\n");
        write("data/dev.csv", "t,y\ngood,1\n");
        out = folder.resolve("parent").resolve("out2");
        prepare(task, "data", 64);
        assertThat(progress).contains(warning + "more rows");
    }

    private TokenizationRequest withShare(TextTask task, String input, double share) {
        return new TokenizationRequest(
                task,
                input,
                model.toString(),
                TinyTokenizer.VOCAB_SIZE,
                64,
                out.toString(),
                share,
                TokenizationRequest.DEFAULT_SEED,
                Optional.empty());
    }

    @Test
    void aTokenizerThatIsNotTheModelsIsRefused() throws IOException {
        write("data/train.tsv", "sentence\tlabel\ngood\t1\n");
        write("data/dev.tsv", "sentence\tlabel\ngood\t1\n");
        TokenizationRequest small = request(SST2, "data", out, 64, TinyTokenizer.VOCAB_SIZE - 1);

        assertThatThrownBy(() -> Tokenization.prepare(spark, small, progress::add))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("token ids go up to 19")
                .hasMessageContaining("vocab_size 19");

        Files.writeString(model.resolve("tokenizer.json"), "{\"model\": {}}");
        assertRefused(SST2, "data", out, "tokenizer.json: is not a tokenizer: it has no tokens");
        Files.writeString(model.resolve("tokenizer.json"), "{\"model\"");
        assertRefused(SST2, "data", out, "tokenizer.json: is not readable JSON");
        Files.delete(model.resolve("tokenizer.json"));
        assertRefused(SST2, "data", out, "tokenizer.json does not exist");
    }

    @Test
    void theShortestLengthLeavesOneTokenForEachTextBesideTheSpecialTokens() throws IOException {
        write("data/train.tsv", "a\tb\ty\nthe cats\tdogs ran\t2.5\n");
        write("data/dev.tsv", "a\tb\ty\ngood\tbad\t1\n");
        TextTask one = TextTask.custom(TextFormat.TSV, true, "a", null, "y", TaskType.REGRESSION);
        TextTask two = TextTask.custom(TextFormat.TSV, true, "a", "b", "y", TaskType.REGRESSION);

        // [CLS] a [SEP], and [CLS] a [SEP] b [SEP].
        assertTooShort(
                one,
                2,
                "--max-length 2 is too short: the tokenizer adds 2 special tokens to a text."
                        + " The smallest value is 3");
        assertTooShort(two, 4, "adds 3 special tokens to two texts. The smallest value is 5");
        assertThat(prepare(one, "data", 3).manifest().train().longest()).isEqualTo(3);
        out = folder.resolve("parent").resolve("out2");
        assertThat(prepare(two, "data", 5).manifest().train().longest()).isEqualTo(5);
        assertThat(tokens(shard(TokenizedDataset.open(spark, out.toString()), Split.TRAIN), 0))
                .containsExactly(
                        TinyTokenizer.CLS,
                        TinyTokenizer.id("the"),
                        TinyTokenizer.SEP,
                        TinyTokenizer.id("dog"),
                        TinyTokenizer.SEP);
        // <s> a </s></s> b </s>.
        model = TinyByteLevelTokenizer.writeModel(folder.resolve("byte-level"));
        assertTooShort(two, 5, "adds 4 special tokens to two texts. The smallest value is 6");
    }

    private void assertTooShort(TextTask task, int maxLength, String message) {
        assertThatThrownBy(() -> prepare(task, "data", maxLength))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining(message);
    }

    @Test
    void anOutputThatCannotBeWrittenIsNamed() throws IOException {
        write("data/train.tsv", "sentence\tlabel\ngood\t1\n");
        write("data/dev.tsv", "sentence\tlabel\ngood\t1\n");
        write("file", "not a folder");
        TokenizationRequest below = request(SST2, "data", folder.resolve("file").resolve("out"), 64, 100);

        assertThatThrownBy(() -> Tokenization.prepare(spark, below, progress::add))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("file/out cannot be written")
                .hasMessageContaining("--out");
    }

    private void assertRefused(TextTask task, String input, Path to, String message) throws IOException {
        assertThatThrownBy(() -> Tokenization.prepare(
                        spark, request(task, input, to, 64, TinyTokenizer.VOCAB_SIZE), progress::add))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(message);
        assertThat(to).doesNotExist();
        if (to.equals(out)) {
            assertNothingHalfWritten(false);
        }
    }

    /** Where it failed, the folder that was made for the output is gone too. */
    private void assertNothingHalfWritten(boolean finished) throws IOException {
        if (finished) {
            assertThat(names(out.getParent())).containsExactly("out");
        } else {
            assertThat(out.getParent()).doesNotExist();
        }
    }

    /** Names in a folder, without the checksums that Hadoop keeps of local files. */
    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> !name.endsWith(".crc"))
                    .toList();
        }
    }

    private PreparedData prepare(TextTask task, String input, int maxLength) {
        return Tokenization.prepare(
                spark, request(task, input, out, maxLength, TinyTokenizer.VOCAB_SIZE), progress::add);
    }

    private TokenizationRequest request(TextTask task, String input, Path to, int maxLength, int vocabSize) {
        return new TokenizationRequest(
                task,
                folder.resolve(input).toString(),
                model.toString(),
                vocabSize,
                maxLength,
                to.toString(),
                TokenizationRequest.DEFAULT_VALIDATION_SHARE,
                TokenizationRequest.DEFAULT_SEED,
                Optional.empty());
    }

    private void writeTable(TextFormat format, String name, List<List<String>> rows) throws IOException {
        StringBuilder text = new StringBuilder(
                switch (format) {
                    case TSV -> "t\ty\n";
                    case CSV -> "t,y\n";
                    default -> "";
                });
        for (List<String> row : rows) {
            text.append(
                    switch (format) {
                        case TSV -> String.join("\t", row) + "\n";
                        case CSV -> "\"" + String.join("\",\"", row) + "\"\n";
                        default -> String.format("{\"t\": \"%s\", \"y\": \"%s\"}\n", row.get(0), row.get(1));
                    });
        }
        if (format == TextFormat.PARQUET) {
            spark.createDataFrame(
                            rows.stream()
                                    .map(row -> RowFactory.create(row.toArray()))
                                    .toList(),
                            new StructType().add("t", DataTypes.StringType).add("y", DataTypes.StringType))
                    .coalesce(1)
                    .write()
                    .parquet(folder.resolve(name + ".parquet").toString());
        } else {
            write(name + "." + format, text.toString());
        }
    }

    private void write(String name, String text) throws IOException {
        Files.createDirectories(folder.resolve(name).getParent());
        Files.writeString(folder.resolve(name), text);
    }

    private static int position(PackedExamples all, int shards) {
        return all.size() / shards;
    }

    private static PackedExamples shard(TokenizedDataset data, Split split) {
        return data.shards(split, 1).collect().get(0);
    }

    private static int[] tokens(PackedExamples examples, int i) {
        int[] tokens = new int[examples.length(i)];
        java.util.Arrays.setAll(tokens, t -> examples.token(i, t));
        return tokens;
    }

    private static int[] types(PackedExamples examples, int i) {
        int[] types = new int[examples.length(i)];
        java.util.Arrays.setAll(types, t -> examples.type(i, t));
        return types;
    }

    /** The words between the two special tokens. */
    private static int[] ids(String... words) {
        int[] ids = new int[words.length + 2];
        ids[0] = TinyTokenizer.CLS;
        for (int i = 0; i < words.length; i++) {
            ids[i + 1] = TinyTokenizer.id(words[i]);
        }
        ids[words.length + 1] = TinyTokenizer.SEP;
        return ids;
    }

    private static String sha(String text) {
        return Sha256.of(text.getBytes(StandardCharsets.UTF_8));
    }
}
