package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVRecord;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.erat.job.TinyProject;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a user does with a trained adapter: score files of their own, and measure on the splits of prepared data. */
class PredictAndEvaluateTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> WORDS = List.of("the", "cat", "sat", "very", "good", "bad", "film");
    private static final int ROWS = 300;
    private static final int TEST_ROWS = 11;

    @TempDir
    private static Path project;

    private static TinyProject trained;
    private static Path run;

    @TempDir
    private Path folder;

    @BeforeAll
    static void train() throws IOException {
        TinyCommands.onTwoCores();
        trained = TinyCommands.write(project);
        Path test = trained.text().resolve("test.tsv");
        Files.writeString(test, "sentence\tmood\n");
        for (int i = 0; i < TEST_ROWS; i++) {
            String row = sentence(new Random(i)) + "\t" + (i % 3 == 0 ? "happy" : "sad") + "\n";
            Files.writeString(test, row, java.nio.file.StandardOpenOption.APPEND);
        }
        assertThat(TinyCommands.shown(TinyCommands.prepareData(trained, "data")))
                .contains("training: 1 file, validation: 1 file, test: 1 file");
        TinyCommands.shown(TinyCommands.train(trained, "run"));
        run = project.resolve("run");
    }

    @AfterAll
    static void forgetSpark() {
        TinyCommands.forgetSpark();
    }

    @BeforeEach
    void usualSpark() {
        TinyCommands.onTwoCores();
    }

    @AfterEach
    void noLimit() {
        System.clearProperty("spark.driver.maxResultSize");
    }

    private static String sentence(Random random) {
        return IntStream.range(0, 1 + random.nextInt(9))
                .mapToObj(w -> WORDS.get(random.nextInt(WORDS.size())))
                .reduce((a, b) -> a + " " + b)
                .orElseThrow();
    }

    private static List<String> sentences(int rows) {
        Random random = new Random(7);
        return IntStream.range(0, rows).mapToObj(i -> sentence(random)).toList();
    }

    private Path csv(String name, List<String> sentences, int from) throws IOException {
        StringBuilder text = new StringBuilder("id,sentence,note\n");
        for (int i = 0; i < sentences.size(); i++) {
            text.append(from + i)
                    .append(",\"")
                    .append(sentences.get(i))
                    .append("\",\"a \"\"note\"\", of\n")
                    .append(from + i)
                    .append("\"\n");
        }
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }

    private TinyCommands.Ended predict(Path input, String out, Object... more) {
        return TinyCommands.run(TinyCommands.words(
                "predict --rank 3 --run-dir", run, "--input", input, "--out", folder.resolve(out), more));
    }

    private Path predicted(Path input, String out, Object... more) {
        TinyCommands.Ended ended = predict(input, out, more);
        assertThat(ended.error()).isEmpty();
        assertThat(ended.code()).isZero();
        return folder.resolve(out);
    }

    private static List<JsonNode> lines(Path file) throws IOException {
        return Files.readAllLines(file).stream()
                .map(line -> {
                    try {
                        return JSON.readTree(line);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                })
                .toList();
    }

    private void assertNothingHalfWritten() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString())).noneMatch(name -> name.startsWith("."));
        }
    }

    @Test
    void textInAnyFormatHasThePredictionsOfPreparedDataBitForBit() throws IOException {
        List<String> sentences = sentences(ROWS);
        Path csv = csv("new.csv", sentences, 0);
        TinyCommands.shown(TinyCommands.words(
                "prepare-data --format csv --text sentence --type classification --like",
                trained.data(),
                "--input",
                csv,
                "--model",
                trained.model(),
                "--out",
                folder.resolve("prepared")));
        TinyCommands.shown(TinyCommands.words(
                "predict --rank 3 --run-dir",
                run,
                "--data",
                folder.resolve("prepared"),
                "--out",
                folder.resolve("p.jsonl")));
        List<JsonNode> expected = lines(folder.resolve("p.jsonl"));
        assertThat(expected).hasSize(ROWS);

        List<JsonNode> ofCsv = lines(predicted(csv, "csv.jsonl", "--keep id,note"));
        assertThat(ofCsv).hasSize(ROWS);
        for (int i = 0; i < ROWS; i++) {
            JsonNode line = ofCsv.get(i);
            assertThat(line.fieldNames()).toIterable().containsExactly("id", "note", "prediction", "probabilities");
            assertThat(line.path("id").asText()).isEqualTo(Integer.toString(i));
            assertThat(line.path("note").asText()).isEqualTo("a \"note\", of\n" + i);
            assertSame(line, expected.get(i));
        }

        Path gz = folder.resolve("new.jsonl.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(gz))) {
            for (int i = 0; i < ROWS; i++) {
                String more = i == 1 ? ", \"rare\": [1, null]" : "";
                out.write(String.format("{\"review\": \"%s\", \"n\": %d.5%s}%n", sentences.get(i), i, more)
                        .getBytes(StandardCharsets.UTF_8));
            }
        }
        List<JsonNode> ofJson = lines(predicted(gz, "json.jsonl", "--text review --keep all"));
        for (int i = 0; i < ROWS; i++) {
            assertThat(ofJson.get(i).path("n").asDouble()).isEqualTo(i + 0.5);
            assertThat(ofJson.get(i).path("review").asText()).isEqualTo(sentences.get(i));
            assertSame(ofJson.get(i), expected.get(i));
        }
        assertThat(ofJson.get(1).path("rare").toString()).isEqualTo("[1,null]");

        Path parquet = predicted(gz, "one.parquet", "--text review --keep n,rare");
        assertThat(parquet).isDirectoryContaining(file -> file.toString().endsWith(".parquet"));
        // A folder of Parquet files is replaced, and is a table that can be read again.
        predicted(csv, "one.parquet", "--keep all");
        List<JsonNode> ofParquet = lines(predicted(parquet, "again.jsonl", "--keep id"));
        for (int i = 0; i < ROWS; i++) {
            assertThat(ofParquet.get(i).path("id").asText()).isEqualTo(Integer.toString(i));
            assertSame(ofParquet.get(i), expected.get(i));
        }
        assertNothingHalfWritten();
    }

    private static void assertSame(JsonNode line, JsonNode expected) {
        assertThat(line.path("prediction")).isEqualTo(expected.path("prediction"));
        assertThat(line.path("probabilities")).isEqualTo(expected.path("probabilities"));
    }

    @Test
    void csvHasAColumnForEachClass() throws IOException {
        Path csv = csv("new.csv", sentences(20), 0);
        List<JsonNode> expected = lines(predicted(csv, "p.jsonl"));
        String text = Files.readString(predicted(csv, "p.csv", "--keep note"));
        assertThat(text).startsWith("note,prediction,probability_happy,probability_sad\n");
        List<CSVRecord> rows = CSVFormat.RFC4180
                .builder()
                .setHeader()
                .setSkipHeaderRecord(true)
                .build()
                .parse(new StringReader(text))
                .getRecords();
        assertThat(rows).hasSize(20);
        for (int i = 0; i < 20; i++) {
            CSVRecord row = rows.get(i);
            assertThat(row.get("note")).isEqualTo("a \"note\", of\n" + i);
            assertThat(row.get("prediction"))
                    .isEqualTo(expected.get(i).path("prediction").asText());
            double happy = Double.parseDouble(row.get("probability_happy"));
            double sad = Double.parseDouble(row.get("probability_sad"));
            assertThat(happy)
                    .isEqualTo(
                            expected.get(i).path("probabilities").path("happy").asDouble());
            // Each is rounded to f32 once.
            assertThat(happy + sad).isCloseTo(1, within(1e-7));
            assertThat(row.get("prediction")).isEqualTo(happy > sad ? "happy" : "sad");
        }
    }

    @Test
    void anyNumberOfCoresAndFilesGivesTheSameBytes() throws IOException {
        List<String> sentences = sentences(ROWS);
        byte[] first = Files.readAllBytes(predicted(csv("1/part-0.csv", sentences, 0), "first.jsonl", "--keep id"));
        for (int cores : new int[] {1, 2, 5}) {
            for (int part = 0; part < cores; part++) {
                int from = ROWS * part / cores;
                csv("in-" + cores + "/part-" + part + ".csv", sentences.subList(from, ROWS * (part + 1) / cores), from);
            }
            System.setProperty("spark.master", "local[" + cores + "]");
            System.setProperty("spark.sql.shuffle.partitions", Integer.toString(cores));
            Path file = predicted(folder.resolve("in-" + cores), "of-" + cores + ".jsonl", "--keep id");
            assertThat(file).hasBinaryContent(first);
        }
    }

    /** Spark ends a job whose results on the driver exceed this limit, as those of a collection of all rows would. */
    @Test
    void theDriverHoldsNoMoreThanAPartOfTheRows() throws IOException {
        int rows = 50_000;
        Path file = folder.resolve("many.jsonl");
        String note = "x".repeat(900);
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < rows; i++) {
            lines.add("{\"id\": " + i + ", \"sentence\": \"" + WORDS.get(i % 7) + "\", \"note\": \"" + note + "\"}");
        }
        Files.write(file, lines);
        // 16,384 lines of a part are 17 MB, and all lines 50 MB.
        System.setProperty("spark.driver.maxResultSize", "24m");
        Path out = predicted(file, "many-out.jsonl", "--keep id,note");
        try (Stream<String> written = Files.lines(out)) {
            int[] next = {0};
            written.forEach(line -> assertThat(line).startsWith("{\"id\":" + next[0]++ + ",\"note\":\"x"));
            assertThat(next[0]).isEqualTo(rows);
        }
        assertThat(Files.size(out)).isGreaterThan(45_000_000L);
    }

    @Test
    void aRowThatCannotBeUsedEndsWithItsPlaceAndLeavesWhatWasThere() throws IOException {
        Path input = folder.resolve("new.csv");
        Files.writeString(input, "id,sentence\n1,the cat\n2,the cat,3\n");
        Files.writeString(folder.resolve("out.jsonl"), "earlier");
        TinyCommands.Ended ended = predict(input, "out.jsonl");
        assertThat(ended.code()).isEqualTo(3);
        assertThat(ended.error()).contains("new.csv, line 3: 3 columns, where the first line has 2; mend or delete");
        assertThat(folder.resolve("out.jsonl")).hasContent("earlier");
        assertNothingHalfWritten();

        // With the row mended the same command replaces it.
        Files.writeString(input, "id,sentence\n1,the cat\n2,the cat\n");
        assertThat(lines(predicted(input, "out.jsonl"))).hasSize(2);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--text review | out.csv | 3 | new.csv has no column 'review'",
                "--keep idd | out.csv | 3 | new.csv has no column 'idd' (did you mean 'id'?)",
                "--keep all --text prediction | out.csv | 2 | would be called 'prediction'",
                "--words sentence | out.csv | 2 | --words is not for classification",
                "--format jsonl | out.csv | 3 | new.csv",
                "--text sentence | out.tsv | 2 | out.tsv ends in .tsv, which predict does not write",
                "--text sentence | new.csv | 2 | is the --input",
                "--text sentence | some.parquet | 2 | is something else",
                "--max-length 2 | out.csv | 2 | --max-length 2 is too short"
            })
    void whatCannotBePredictedIsNamed(String options, String out, int code, String message) throws IOException {
        Files.writeString(folder.resolve("new.csv"), "id,sentence,prediction\n1,the cat,x\n");
        Files.createDirectories(folder.resolve("some.parquet"));
        Files.writeString(folder.resolve("some.parquet/part-0.parquet"), "another table");
        Files.writeString(folder.resolve("some.parquet/_SUCCESS"), "");
        TinyCommands.Ended ended = predict(folder.resolve("new.csv"), out, options);
        assertThat(ended.error()).contains(message);
        assertThat(ended.code()).isEqualTo(code);
        assertNothingHalfWritten();
    }

    @Test
    void numbersOfPairsArePredictedByTheColumnsOfTheTrainingData() throws IOException {
        Path text = Files.createDirectory(folder.resolve("pairs"));
        StringBuilder rows = new StringBuilder("a,b,y\n");
        List<String> sentences = sentences(60);
        for (int i = 0; i < 30; i++) {
            rows.append(sentences.get(2 * i))
                    .append(',')
                    .append(sentences.get(2 * i + 1))
                    .append(',')
                    .append(i % 5);
            rows.append('\n');
        }
        Files.writeString(text.resolve("train.csv"), rows);
        Files.writeString(text.resolve("dev.csv"), rows);
        Path data = folder.resolve("pair-data");
        TinyCommands.shown(TinyCommands.words(
                "prepare-data --format csv --text a --text-pair b --label y --type regression --max-length 14 --input",
                text,
                "--model",
                trained.model(),
                "--out",
                data));
        Path pairs = folder.resolve("pair-run");
        TinyCommands.shown(TinyCommands.words(
                "train --conf", project.resolve("job.conf"), "--run-dir", pairs, "--set", "data.train=" + data));
        Path ofData = folder.resolve("of-data.jsonl");
        TinyCommands.shown(TinyCommands.words("predict --rank 2 --run-dir", pairs, "--data", data, "--out", ofData));
        Path ofText = folder.resolve("of-text.jsonl");
        String[] command = TinyCommands.words(
                "predict --rank 2 --run-dir", pairs, "--input", text.resolve("dev.csv"), "--out", ofText);
        TinyCommands.shown(command);
        List<JsonNode> expected = lines(ofData);
        List<JsonNode> numbers = lines(ofText);
        assertThat(numbers).hasSameSizeAs(expected);
        for (int i = 0; i < numbers.size(); i++) {
            assertThat(numbers.get(i).fieldNames()).toIterable().containsExactly("prediction");
            assertThat(numbers.get(i).path("prediction"))
                    .isEqualTo(expected.get(i).path("prediction"));
        }

        // Without the training data the command names what it needs to know.
        Files.move(data, folder.resolve("elsewhere"));
        byte[] before = Files.readAllBytes(ofText);
        String[] whole = TinyCommands.words(command, "--text a --text-pair b --max-length 14");
        assertNamesAreAskedFor(command, data);
        TinyCommands.shown(whole);
        assertThat(ofText).hasBinaryContent(before);

        // So it does where others are in their place, and what cannot be read is no absence.
        TinyCommands.shown(TinyCommands.words(
                "prepare-data --format csv --text b --label y --type regression --max-length 9 --input",
                text,
                "--model",
                trained.model(),
                "--out",
                data));
        assertNamesAreAskedFor(command, data);
        assertThat(TinyCommands.shown(whole)).anyMatch(line -> line.contains("holds other data than the run was"));
        assertThat(ofText).hasBinaryContent(before);
        Files.writeString(data.resolve("manifest.json"), "{");
        TinyCommands.Ended ended = TinyCommands.run(whole);
        assertThat(ended.error()).contains("pair-data/manifest.json");
        assertThat(ended.code()).isEqualTo(3);
    }

    private static void assertNamesAreAskedFor(String[] command, Path data) {
        TinyCommands.Ended ended = TinyCommands.run(command);
        assertThat(ended.error())
                .contains(
                        "The data that the run was trained on are not at " + data + " any more. Give the --max-length");
        assertThat(ended.code()).isEqualTo(2);
    }

    @Test
    void columnsWithoutAHeaderAreNumbers() throws IOException {
        Path text = Files.createDirectory(folder.resolve("numbered"));
        List<String> sentences = sentences(30);
        StringBuilder rows = new StringBuilder();
        for (int i = 0; i < 30; i++) {
            rows.append("gj").append(i).append('\t').append(i % 2).append("\t*\t");
            rows.append(sentences.get(i)).append('\n');
        }
        Path dev = Files.writeString(text.resolve("dev.tsv"), rows);
        Files.writeString(text.resolve("train.tsv"), rows);
        Path data = folder.resolve("numbered-data");
        TinyCommands.shown(TinyCommands.words(
                "prepare-data --format tsv --no-header --text 3 --label 1 --type classification --input",
                text,
                "--model",
                trained.model(),
                "--out",
                data));
        Path numbered = folder.resolve("numbered-run");
        TinyCommands.shown(TinyCommands.words(
                "train --conf", project.resolve("job.conf"), "--run-dir", numbered, "--set", "data.train=" + data));
        Path out = folder.resolve("p.jsonl");
        String[] predict = TinyCommands.words("predict --rank 2 --run-dir", numbered, "--out", out, "--input");
        TinyCommands.shown(TinyCommands.words(predict, dev, "--keep 0"));
        List<JsonNode> expected = lines(out);
        assertThat(expected)
                .map(line -> line.path("0").asText())
                .startsWith("gj0", "gj1")
                .hasSize(30);

        TinyCommands.Ended name = TinyCommands.run(TinyCommands.words(predict, dev, "--keep id"));
        assertThat(name.error()).contains("Column 'id': without a header a column is named by its number, from 0");
        assertThat(name.code()).isEqualTo(2);

        // Other formats have names.
        Path json = folder.resolve("new.jsonl");
        Files.write(
                json,
                sentences.stream().map(each -> "{\"said\": \"" + each + "\"}").toList());
        TinyCommands.Ended number = TinyCommands.run(TinyCommands.words(predict, json));
        assertThat(number.error()).contains("those of --input have names. Name the column of the text with --text.");
        assertThat(number.code()).isEqualTo(2);
        TinyCommands.shown(TinyCommands.words(predict, json, "--text said"));
        List<JsonNode> named = lines(out);
        for (int i = 0; i < 30; i++) {
            assertSame(named.get(i), expected.get(i));
        }
    }

    @Test
    void numbersThatAreKeptAreWrittenAsTheyAreRead() throws IOException {
        String fields = "\"a\":0.12345678901234567890,\"b\":1.10,\"c\":-0.0,\"d\":1e400,\"e\":{\"x\":[1.50,\"t\"]}";
        Path input =
                Files.writeString(folder.resolve("new.jsonl"), "{\"sentence\":\"the cat\"," + fields + ",\"f\":NaN}\n");
        assertThat(Files.readString(predicted(input, "p.jsonl", "--keep a,b,c,d,e,f")))
                .startsWith("{" + fields + ",\"f\":\"NaN\",\"prediction\":");
        assertThat(Files.readAllLines(predicted(input, "p.csv", "--keep a,b,c,d,e,f"))
                        .get(1))
                .startsWith("0.12345678901234567890,1.10,-0.0,1e400,\"{\"\"x\"\":[1.50,\"\"t\"\"]}\",NaN,");
        Path parquet = predicted(input, "p.parquet", "--keep a,b,c,d,e,f");
        try (SparkSession session = Sessions.open("test")) {
            assertThat(session.read()
                            .parquet(parquet.toString())
                            .select("a", "b", "c", "d", "e", "f")
                            .head()
                            .toString())
                    .isEqualTo("[0.12345678901234567890,1.10,-0.0,1e400,{\"x\":[1.50,\"t\"]},NaN]");
        }
    }

    /** Amsterdam's offset was 19 minutes and 32 seconds until 1937, which no format of offsets in minutes can write. */
    @Test
    void columnsOfParquetKeepTypesAndValues() throws IOException {
        Path input = folder.resolve("typed.parquet");
        System.setProperty("spark.sql.session.timeZone", "Europe/Amsterdam");
        try (SparkSession session = Sessions.open("test")) {
            session.sql("SELECT 'the cat' AS sentence,"
                            + " CAST('12345678901234567890.123456789012345678' AS DECIMAL(38,18)) AS exact,"
                            + " CAST('0.000000000000000001' AS DECIMAL(38,18)) AS tiny,"
                            + " CAST('1.10' AS DECIMAL(4,2)) AS price, CAST('-0.0' AS DOUBLE) AS zero,"
                            + " CAST('NaN' AS FLOAT) AS none, CAST(0.1 AS FLOAT) AS tenth, CAST(NULL AS BIGINT) AS lacks,"
                            + " 9223372036854775807L AS most, true AS yes,"
                            + " TIMESTAMP '1920-05-06 07:08:09.123456' AS at,"
                            + " TIMESTAMP_NTZ '2024-02-03 04:05:06.789012' AS there, DATE '1600-02-29' AS day,"
                            + " named_struct('a', array(CAST(1.10 AS DECIMAL(20,2)), NULL), 'd', DATE '2024-02-29',"
                            + " 't', array(TIMESTAMP '1920-05-06 07:08:09.1')) AS nested,"
                            + " map('k', named_struct('v', -0.0D)) AS pairs, X'00ff' AS bytes, map(1, 2) AS odd")
                    .write()
                    .parquet(input.toString());
        }
        String kept = "exact,tiny,price,zero,none,tenth,lacks,most,yes,at,there,day,nested,pairs,bytes";
        Path out = predicted(input, "typed-out.parquet", "--keep " + kept);
        try (SparkSession session = Sessions.open("test")) {
            String[] columns = kept.split(",", -1);
            Dataset<Row> before = session.read().parquet(input.toString()).selectExpr(columns);
            Dataset<Row> after = session.read().parquet(out.toString()).selectExpr(columns);
            assertThat(after.schema()).isEqualTo(before.schema());
            assertThat(after.head()).isEqualTo(before.head());
            // 0.0 and -0.0 are equal as numbers.
            assertThat(after.drop("bytes").head().toString())
                    .isEqualTo(before.drop("bytes").head().toString())
                    .contains("12345678901234567890.123456789012345678,1E-18,1.10,-0.0,NaN,0.1,null");
        } finally {
            System.clearProperty("spark.sql.session.timeZone");
        }
        TinyCommands.Ended odd = predict(input, "odd.parquet", "--keep all");
        assertThat(odd.error()).contains("Column 'odd' is of type map<int,int>");
        assertThat(odd.code()).isEqualTo(2);
        assertThat(lines(predicted(input, "odd.jsonl", "--keep odd"))
                        .get(0)
                        .path("odd")
                        .toString())
                .isEqualTo("{\"1\":2}");
    }

    @Test
    void theInputIsNeverReplacedByWhateverNameItHas() throws IOException {
        Path in = Files.createDirectory(folder.resolve("in"));
        Path file = Files.writeString(in.resolve("new.csv"), "id,sentence\n1,the cat\n");
        assertRefused("file://" + file, file, "is the --input");
        assertRefused(in + "/../in/new.csv", "file:" + file, "is the --input");
        assertRefused(in.toString(), in.resolve("p.csv"), "is inside the --input");
        assertRefused("file:" + in, in.resolve("deeper/p.csv"), "is inside the --input");
        Path parquet = predicted(file, "p.parquet", "--keep all");
        assertRefused(parquet + "/part-0.parquet", parquet, "which is replaced. Name another folder");
        assertThat(file).hasContent("id,sentence\n1,the cat\n");
        assertThat(in).isDirectoryContaining("glob:**new.csv");
        assertThat(in.resolve("deeper")).doesNotExist();
    }

    private static void assertRefused(Object input, Object out, String message) {
        TinyCommands.Ended ended =
                TinyCommands.run(TinyCommands.words("predict --rank 3 --run-dir", run, "--input", input, "--out", out));
        assertThat(ended.error()).contains(message);
        assertThat(ended.code()).isEqualTo(2);
    }

    @Test
    void everySplitCanBeMeasuredAndPredicted() throws IOException {
        String[] evaluate = TinyCommands.words("evaluate --ranks 2,4 --run-dir", run, "--data", trained.data());
        List<String> ofValidation = TinyCommands.shown(evaluate);
        List<String> ofTest = TinyCommands.shown(TinyCommands.words(evaluate, "--split test"));
        List<String> ofAll = TinyCommands.shown(TinyCommands.words(evaluate, "--split all"));
        int all = TinyProject.TRAINING_EXAMPLES + TinyProject.VALIDATION_EXAMPLES + TEST_ROWS;
        assertThat(ofValidation).contains(trained.data() + ": 21 examples, the validation split");
        assertThat(ofTest).contains(trained.data() + ": 11 examples, the test split");
        assertThat(ofAll).contains(trained.data() + ": " + all + " examples, those of all splits");

        Path out = folder.resolve("p.jsonl");
        String[] predict =
                TinyCommands.words("predict --rank 4 --run-dir", run, "--data", trained.data(), "--out", out);
        List<String> labels = new ArrayList<>();
        for (String split : List.of("train", "validation", "test")) {
            TinyCommands.shown(TinyCommands.words(predict, "--split", split));
            lines(out).forEach(line -> labels.add(line.path("label").asText()));
        }
        TinyCommands.shown(TinyCommands.words(predict, "--split all"));
        assertThat(lines(out))
                .hasSize(all)
                .map(line -> line.path("label").asText())
                .isEqualTo(labels);
        assertThat(lines(out)).map(line -> line.path("id").asInt()).isSorted().doesNotHaveDuplicates();
    }

    @Test
    void severalDataSetsHaveATableEach() {
        Path other = folder.resolve("other");
        String[] prepare = TinyCommands.words(
                "prepare-data --format tsv --text sentence --label mood --type classification --like",
                trained.data(),
                "--input",
                trained.text().resolve("test.tsv"),
                "--model",
                trained.model(),
                "--out",
                other);
        assertThat(TinyCommands.shown(prepare))
                .anyMatch(line -> line.contains("0 training and 11 validation examples"));
        String[] evaluate = TinyCommands.words("evaluate --ranks 2,4 --run-dir", run, "--data");
        List<String> both = tables(TinyCommands.shown(TinyCommands.words(evaluate, trained.data(), "--data", other)));
        List<String> each = new ArrayList<>(tables(TinyCommands.shown(TinyCommands.words(evaluate, trained.data()))));
        each.addAll(tables(TinyCommands.shown(TinyCommands.words(evaluate, other))));
        assertThat(both)
                .isEqualTo(each)
                .filteredOn(line -> line.startsWith("AURAC"))
                .hasSize(2);

        TinyCommands.Ended none = TinyCommands.run(TinyCommands.words(evaluate, other, "--split test"));
        assertThat(none.code()).isEqualTo(3);
        assertThat(none.error()).contains("other has no test examples, but 11 of validation. Name one of these with");
    }

    /** Without what is said of the time that passes. */
    private static List<String> tables(List<String> shown) {
        return shown.stream()
                .filter(line -> !line.startsWith("quality by rank"))
                .toList();
    }
}
