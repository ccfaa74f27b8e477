package org.erat.data.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.erat.data.tokenized.Targets.NONE;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
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

/** Words with a label each, from their files to the shards. */
class TokenClassificationTest {
    private static final TextTask JSONL = TextTask.tokenClassification(TextFormat.JSONL, "tokens", "tags");
    private static final TextTask PARQUET = TextTask.tokenClassification(TextFormat.PARQUET, "tokens", "tags");
    private static final DataType STRINGS = DataTypes.createArrayType(DataTypes.StringType);

    private final SparkSession spark = LocalSpark.session();
    private final List<String> progress = new ArrayList<>();

    @TempDir
    private Path folder;

    private Path model;

    @BeforeEach
    void writeTokenizer() throws IOException {
        model = TinyTokenizer.writeModel(folder.resolve("model"));
    }

    @Test
    void wordsAreAlignedWithTheirTokens() throws IOException {
        write(
                "data/train.jsonl",
                """
                {"tokens": ["The", "cats", "\\u0007", "sat"], "tags": ["O", "B-ANIMAL", "X", "O"]}
                {"tokens": ["dog", "sat", "on", "the", "good", "mat", "."], "tags": ["B-ANIMAL","O","O","O","O","O","O"]}
                """);
        write(
                "data/dev.jsonl",
                """
                {"tokens": ["a", "dog"], "tags": ["O", "B-ANIMAL"]}
                """);

        Manifest manifest = prepare(JSONL, "data", "out", 6);

        assertThat(manifest.version()).isEqualTo(2);
        assertThat(manifest.type()).isEqualTo(TaskType.TOKEN_CLASSIFICATION);
        assertThat(manifest.labelNames()).containsExactly("B-ANIMAL", "O", "X");
        assertThat(manifest.metrics()).containsExactly("entity-f1", "token-accuracy");
        assertThat(manifest.train().tokens()).isEqualTo(6 + 6);
        // Six tokens less two special ones: of seven words three are cut away.
        assertThat(manifest.train().truncated()).isEqualTo(3);
        assertThat(progress).anyMatch(line -> line.endsWith("the longest 6, 3 words cut away at 6"));
        PackedExamples train = shard("out", Split.TRAIN);
        // [CLS] the cat ##s sat [SEP]
        assertThat(classes(train, 0)).containsExactly(NONE, 1, 0, NONE, 1, NONE);
        assertThat(train.wordStarts(0)).containsExactly(1, 2, -1, 4);
        assertThat(train.token(0, 4)).isEqualTo(TinyTokenizer.id("sat"));
        assertThat(classes(train, 1)).containsExactly(NONE, 0, 1, 1, 1, NONE);
        assertThat(train.wordStarts(1)).containsExactly(1, 2, 3, 4, -1, -1, -1);
        assertThat(shard("out", Split.VALIDATION).wordStarts(0)).containsExactly(1, 2);
        PackedExamples withWords = TokenizedDataset.open(
                        spark, folder.resolve("out").toString())
                .shardsWithWords(Split.TRAIN, 1)
                .first();
        assertThat(withWords.words(0)).contains(List.of("The", "cats", "\u0007", "sat"));
        assertThat(withWords.words(1).orElseThrow()).hasSize(7);
        assertThat(train.words(0)).isEmpty();
    }

    /** A batch of such rows alone would have no loss. */
    @Test
    void aRowWithoutATokenToLabelIsRefused() throws IOException {
        write(
                "data/train.jsonl",
                """
                {"tokens": ["the", "cat"], "tags": ["O", "X"]}
                {"tokens": ["\\u0007", "\\u0007"], "tags": ["O", "X"]}
                """);
        write("data/dev.jsonl", "{\"tokens\": [\"a\"], \"tags\": [\"O\"]}\n");
        assertThatThrownBy(() -> prepare(JSONL, "data", "out", 6))
                .hasStackTraceContaining("Row 2 of the train examples: none of its 2 words")
                .hasStackTraceContaining("Leave the row out, or raise --max-length");
    }

    @Test
    void bothFormatsGiveTheSameContent() throws IOException {
        write(
                "json/train.jsonl",
                """
                {"tokens": ["a", "cat"], "tags": ["DET", "NOUN"]}
                {"tokens": ["dog"], "tags": ["NOUN"]}
                """);
        write("json/validation.jsonl", "{\"tags\": [\"DET\"], \"tokens\": [\"the\"]}\n");
        table(
                "parquet/train.parquet",
                STRINGS,
                STRINGS,
                List.of(
                        RowFactory.create(new String[] {"a", "cat"}, new String[] {"DET", "NOUN"}),
                        RowFactory.create(new String[] {"dog"}, new String[] {"NOUN"})));
        table(
                "parquet/validation.parquet",
                STRINGS,
                STRINGS,
                List.of(RowFactory.create(new String[] {"the"}, new String[] {"DET"})));

        Manifest json = prepare(JSONL, "json", "out1", 64);
        Manifest parquet = prepare(PARQUET, "parquet", "out2", 64);

        // By hand from its definition: the number of words, the words and their labels, each after its length.
        assertThat(json.contentSha256())
                .isEqualTo(sha(sha("1:21:a3:cat3:DET4:NOUN1:13:dog4:NOUN") + sha("1:13:the3:DET")));
        assertThat(parquet.contentSha256()).isEqualTo(json.contentSha256());
        assertThat(parquet.labelNames()).containsExactly("DET", "NOUN");
        // Parts of speech are no entities.
        assertThat(parquet.metrics()).containsExactly("token-accuracy");
        assertThat(classes(shard("out2", Split.TRAIN), 0)).containsExactly(classes(shard("out1", Split.TRAIN), 0));
    }

    @Test
    void labelsMayBeNumbersAndAShareIsSplitOff() throws IOException {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            rows.add(RowFactory.create(new String[] {"cat", "word" + i}, new int[] {i % 11, 0}));
        }
        table("table.parquet", STRINGS, DataTypes.createArrayType(DataTypes.IntegerType), rows);

        Manifest manifest = prepare(PARQUET, "table.parquet", "out", 64);

        assertThat(manifest.labelNames()).containsExactly("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10");
        assertThat(manifest.validation().examples()).isBetween(1L, 30L);
        assertThat(manifest.train().examples() + manifest.validation().examples())
                .isEqualTo(300);
    }

    @Test
    void aByteLevelTokenizerGetsTheSpaceBeforeEachWord() throws IOException {
        model = TinyByteLevelTokenizer.writeModel(folder.resolve("byte-level"));
        write("data/train.jsonl", "{\"tokens\": [\"ab\", \"c\", \"ab\"], \"tags\": [\"x\", \"y\", \"x\"]}\n");
        write("data/dev.jsonl", "{\"tokens\": [\"ab\"], \"tags\": [\"x\"]}\n");

        prepare(JSONL, "data", "out", 64);

        PackedExamples train = shard("out", Split.TRAIN);
        // <s> Ġab Ġ c Ġab </s>
        assertThat(List.of(train.token(0, 1), train.token(0, 4))).containsExactly(11, 11);
        assertThat(classes(train, 0)).containsExactly(NONE, 0, 1, NONE, 0, NONE);
    }

    @Test
    void rowsThatCannotBeUsedAreNamedByTheirPlace() throws IOException {
        write("data/dev.jsonl", "{\"tokens\": [\"a\"], \"tags\": [\"O\"]}\n");
        String good = "{\"tokens\": [\"a\", \"b\"], \"tags\": [\"O\", \"X\"]}\n";
        assertLineRefused(good, "{\"tokens\": [], \"tags\": []}", "'tokens' has no words");
        assertLineRefused(
                good,
                "{\"tokens\": [\"a\", \"b\"], \"tags\": [\"O\"]}",
                "2 words in 'tokens' but 1 labels in 'tags'; every word needs one label");
        assertLineRefused(
                good,
                "{\"tokens\": [\"a\", \"Paris\"], \"tags\": [\"O\", null]}",
                "word 2 ('Paris') has no label in 'tags'");
        assertLineRefused(
                good, "{\"tokens\": [\"Paris\"], \"tags\": [\" \"]}", "word 1 ('Paris') has no label in 'tags'");
        assertLineRefused(
                good, "{\"tokens\": \"a b\", \"tags\": [\"O\"]}", "'tokens' is \"a b\" and not a list of strings");
        assertLineRefused(good, "{\"tokens\": [\"a\", 3], \"tags\": [\"O\", \"O\"]}", "word 2 of 'tokens' is 3");
        assertLineRefused(good, "{\"tokens\": [\"a\"], \"tags\": [{}]}", "label 1 of 'tags' is {}");
        assertLineRefused(good, "{\"tokens\": [\"a\"]}", "has no column 'tags'");
        write("data/train.jsonl", good);
        write("data/dev.jsonl", "{\"tokens\": [\"a\"], \"tags\": [\"Y\"]}\n");
        assertRefused(JSONL, "data", "dev.jsonl, line 1: label 'Y' is not among those of the training file");
        write("data/train.jsonl", "{\"tokens\": [\"a\", \"b\"], \"tags\": [\"O\", \"O\"]}\n");
        assertRefused(JSONL, "data", "classification needs two classes or more");
    }

    @Test
    void columnsOfParquetThatAreNoListsAreNamed() {
        table("text.parquet", DataTypes.StringType, STRINGS, List.of(RowFactory.create("a b", new String[] {"O", "X"
        })));
        assertRefused(PARQUET, "text.parquet", "column 'tokens' is of type string");
        table("null.parquet", STRINGS, STRINGS, List.of(RowFactory.create(new String[] {"a", null}, new String[] {
            "O", "X"
        })));
        assertRefused(PARQUET, "null.parquet", "row 1: word 2 of column 'tokens' is null");
        table("label.parquet", STRINGS, STRINGS, List.of(RowFactory.create(new String[] {"a", "b"}, new String[] {
            "O", null
        })));
        assertRefused(PARQUET, "label.parquet", "row 1: word 2 ('b') has no label in 'tags'");
        table("empty.parquet", STRINGS, STRINGS, List.of(RowFactory.create(null, new String[] {"O"})));
        assertRefused(PARQUET, "empty.parquet", "row 1: column 'tokens' is null");
    }

    @Test
    void formatsWithoutListsAreRefused() {
        assertThatThrownBy(() -> TextTask.tokenClassification(TextFormat.CSV, "tokens", "tags"))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("jsonl or parquet");
        assertThatThrownBy(() ->
                        TextTask.custom(TextFormat.JSONL, true, "text", null, "label", TaskType.TOKEN_CLASSIFICATION))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("--words and --labels");
    }

    private void assertLineRefused(String good, String line, String message) throws IOException {
        write("data/train.jsonl", good + line + "\n");
        assertRefused(JSONL, "data", "train.jsonl, line 2");
        assertRefused(JSONL, "data", message);
    }

    private void assertRefused(TextTask task, String input, String message) {
        assertThatThrownBy(() -> prepare(task, input, "refused", 64))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(message);
        assertThat(folder.resolve("refused")).doesNotExist();
    }

    private Manifest prepare(TextTask task, String input, String out, int maxLength) {
        TokenizationRequest request = new TokenizationRequest(
                task,
                folder.resolve(input).toString(),
                model.toString(),
                TinyTokenizer.VOCAB_SIZE,
                maxLength,
                folder.resolve(out).toString(),
                TokenizationRequest.DEFAULT_VALIDATION_SHARE,
                TokenizationRequest.DEFAULT_SEED,
                Optional.empty());
        return Tokenization.prepare(spark, request, progress::add).manifest();
    }

    private PackedExamples shard(String out, Split split) {
        return TokenizedDataset.open(spark, folder.resolve(out).toString())
                .shards(split, 1)
                .collect()
                .get(0);
    }

    private static int[] classes(PackedExamples examples, int i) {
        return ((Targets.TokenClasses) examples.target(i)).classes();
    }

    private void write(String name, String text) throws IOException {
        Files.createDirectories(folder.resolve(name).getParent());
        Files.writeString(folder.resolve(name), text);
    }

    private void table(String name, DataType words, DataType labels, List<Row> rows) {
        spark.createDataFrame(rows, new StructType().add("tokens", words).add("tags", labels))
                .coalesce(1)
                .write()
                .parquet(folder.resolve(name).toString());
    }

    private static String sha(String text) {
        return Sha256.of(text.getBytes(StandardCharsets.UTF_8));
    }
}
