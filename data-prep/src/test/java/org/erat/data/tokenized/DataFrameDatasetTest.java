package org.erat.data.tokenized;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.SparkException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Data sets of DataFrames, and what a DataFrame must be for one. */
class DataFrameDatasetTest {
    private static final DatasetDescription CLASSES = new DatasetDescription(
            "topics", TaskType.CLASSIFICATION, List.of("even", "odd"), List.of("accuracy"), "aa");
    private static final DatasetDescription NUMBERS =
            new DatasetDescription("scores", TaskType.REGRESSION, List.of(), List.of("pearson"), "aa");
    private static final DatasetDescription ENTITIES = new DatasetDescription(
            "entities", TaskType.TOKEN_CLASSIFICATION, List.of("O", "B-PER"), List.of("entity-f1"), "aa");

    private static final DatasetDescription NEXT_TOKENS = new DatasetDescription(
            "stories", TaskType.LANGUAGE_MODELING, List.of(), List.of("perplexity", "loss"), "aa");

    private final SparkSession spark = LocalSpark.session();

    /** Row i of n has 1 + i mod 3 tokens 100 + i and the label i mod 2. */
    private Dataset<Row> classes(int rows) {
        return classes(IntStream.range(0, rows).boxed().toList());
    }

    private Dataset<Row> classes(List<Integer> order) {
        List<Row> rows = order.stream()
                .map(i -> RowFactory.create((long) i, repeated(100 + i, 1 + i % 3), new int[1 + i % 3], i % 2))
                .toList();
        return spark.createDataFrame(rows, TokenizedDataset.schema(TaskType.CLASSIFICATION));
    }

    @Test
    void givesTheShardsAndTheManifestOfOneInADirectory(@TempDir Path folder) throws Exception {
        TokenizedDataset given = TokenizedDataset.of(CLASSES, classes(11).repartition(3), classes(2));

        Manifest manifest = given.manifest();
        assertThat(manifest.task()).isEqualTo("topics");
        assertThat(manifest.outputs()).isEqualTo(2);
        // 11 rows of 1, 2, 3, 1, 2, 3, … tokens.
        assertThat(manifest.train()).isEqualTo(new SplitSummary(11, 21, 3, 0));
        assertThat(manifest.validation()).isEqualTo(new SplitSummary(2, 3, 2, 0));
        assertThat(manifest.highestTokenId()).isEqualTo(110);
        assertThat(manifest.maxLength()).isEqualTo(3);
        assertThat(given.directory()).isEqualTo("DataFrame");

        classes(11).write().parquet(folder.resolve("train").toString());
        manifest.write(spark.sparkContext().hadoopConfiguration(), new org.apache.hadoop.fs.Path(folder.toUri()));
        TokenizedDataset stored = TokenizedDataset.open(spark, folder.toString());
        for (int limit : new int[] {0, 7}) {
            assertThat(contents(given.shards(Split.TRAIN, 3, limit).collect()))
                    .isEqualTo(contents(stored.shards(Split.TRAIN, 3, limit).collect()));
        }
    }

    @Test
    void aLanguageModelsTargetsAreTheNextTokens() {
        Dataset<Row> rows = nextTokens(new int[] {5, 6, 7}, new int[] {Targets.NONE, 7, Targets.NONE});

        TokenizedDataset data = TokenizedDataset.of(NEXT_TOKENS, rows, rows.limit(0));

        PackedExamples shard = data.shards(Split.TRAIN, 1).first();
        assertThat(data.manifest().version()).isEqualTo(4);
        assertThat(shard.type()).isEqualTo(TaskType.LANGUAGE_MODELING);
        assertThat(shard.target(0).tokens()).containsExactly(1);
        Batch batch = Batch.of(shard, new int[] {0}, 0);
        assertThat(((Targets.TokenClasses) batch.targets()).known()).containsExactly(7);
    }

    @Test
    void refusesATargetThatIsNotTheNextToken() {
        for (int[] labels : List.of(new int[] {7, 7, Targets.NONE}, new int[] {6, 7, 5})) {
            Dataset<Row> rows = nextTokens(new int[] {5, 6, 7}, labels);
            assertThatThrownBy(() -> TokenizedDataset.of(NEXT_TOKENS, rows, rows.limit(0)))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("is not the next token");
        }
    }

    private Dataset<Row> nextTokens(int[] tokens, int... labels) {
        return spark.createDataFrame(
                List.of(RowFactory.create(0L, tokens, new int[tokens.length], labels)),
                TokenizedDataset.schema(TaskType.LANGUAGE_MODELING));
    }

    @Test
    void withoutIdsRowsAreNumberedInTheirOrder() {
        Dataset<Row> ordered = classes(List.of(4, 3, 2, 1, 0));
        Dataset<Row> unnumbered = ordered.drop("id", "token_type_ids").withColumn("other", lit("ignored"));

        TokenizedDataset data = TokenizedDataset.of(CLASSES, unnumbered, unnumbered);

        PackedExamples shard = data.shards(Split.TRAIN, 1).collect().get(0);
        for (int i = 0; i < 5; i++) {
            assertThat(shard.id(i)).isEqualTo(i);
            assertThat(shard.token(i, 0)).isEqualTo(104 - i);
        }
        assertThat(shard.hasTypes()).isFalse();
    }

    @Test
    void theContentHashIsOfTheRowsAndNotOfTheirPlace() {
        String content = hash(classes(11));

        assertThat(hash(classes(11).repartition(4))).isEqualTo(content);
        assertThat(hash(classes(List.of(10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)))).isEqualTo(content);
        assertThat(hash(classes(10))).isNotEqualTo(content);
        assertThat(hash(classes(11).withColumn("label", lit(0)))).isNotEqualTo(content);
        Dataset<Row> exchanged = classes(11).withColumn("id", lit(10L).minus(col("id")));
        assertThat(hash(exchanged)).isNotEqualTo(content);
    }

    @Test
    void theValidationSplitMayBeEmpty() {
        TokenizedDataset data =
                TokenizedDataset.of(CLASSES, classes(3), classes(3).limit(0));

        assertThat(data.manifest().validation()).isEqualTo(new SplitSummary(0, 0, 0, 0));
        assertThatThrownBy(() -> TokenizedDataset.of(CLASSES, classes(3).limit(0), classes(3)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("training DataFrame has no rows");
    }

    @Test
    void numbersMayBeDoublesAndMustBeFinite() {
        Dataset<Row> numbers = classes(4).withColumn("label", col("id").divide(2));
        TokenizedDataset data = TokenizedDataset.of(NUMBERS, numbers, numbers);

        Targets targets = data.shards(Split.TRAIN, 1).collect().get(0).targets();
        assertThat(((Targets.Numbers) targets).numbers()).containsExactly(0, 0.5f, 1, 1.5f);
        Dataset<Row> infinite = classes(1).withColumn("label", lit(Double.POSITIVE_INFINITY));
        assertRefused(NUMBERS, infinite, "DataFrame/train, row with id 0: label Infinity is not finite");
    }

    @Test
    void wordsComeFromTheirColumnOrFromTheTargets() {
        StructType schema = TokenizedDataset.schema(TaskType.TOKEN_CLASSIFICATION);
        Dataset<Row> frame = spark.createDataFrame(
                List.of(
                        RowFactory.create(
                                0L, new int[] {1, 5, 6, 7, 2}, new int[5], new int[] {-1, 1, -1, 0, -1}, new int[] {
                                    1, 3, -1
                                }),
                        // Without labels.
                        RowFactory.create(1L, new int[] {1, 5, 2}, new int[3], new int[] {-1, -1, -1}, new int[] {1})),
                schema);

        Dataset<Row> labelled = frame.limit(1);
        PackedExamples stated = TokenizedDataset.of(ENTITIES, labelled, frame)
                .shards(Split.VALIDATION, 1)
                .collect()
                .get(0);
        assertThat(stated.wordStarts(0)).containsExactly(1, 3, -1);
        assertThat(stated.wordStarts(1)).containsExactly(1);
        assertThat(stated.targets().count()).isEqualTo(2);
        Dataset<Row> without = frame.drop("word_starts");
        PackedExamples derived = TokenizedDataset.of(ENTITIES, without.limit(1), without)
                .shards(Split.VALIDATION, 1)
                .collect()
                .get(0);
        assertThat(derived.wordStarts(0)).containsExactly(1, 3);
        assertThat(derived.wordStarts(1)).isEmpty();
        assertRefused(ENTITIES, frame, "row with id 1: no token has a label to train on: leave the row out");
    }

    @Test
    void theWordsThemselvesAreReadWhereTheyAreAskedFor() {
        Dataset<Row> frame = spark.createDataFrame(
                List.of(RowFactory.create(
                        0L, new int[] {1, 5, 2}, new int[3], new int[] {-1, 0, -1}, new int[] {1, -1}, new String[] {
                            "a", "b"
                        })),
                TokenizedDataset.schemaWithWords(TaskType.TOKEN_CLASSIFICATION, true));
        TokenizedDataset data = TokenizedDataset.of(ENTITIES, frame, frame);
        assertThat(data.shardsWithWords(Split.TRAIN, 1).first().words(0)).contains(List.of("a", "b"));
        assertThat(data.shards(Split.TRAIN, 1).first().words(0)).isEmpty();
        assertRefused(
                ENTITIES,
                frame.drop("word_starts"),
                "row with id 0: words has 2 words where word_starts and labels tell of 1");
    }

    @Test
    void columnsThatCannotBeUsedAreNamed() {
        assertRefused(
                CLASSES,
                classes(2).withColumnRenamed("label", "labels"),
                "DataFrame/train has no column 'label' (did you mean 'labels'?). Its columns are id, input_ids");
        assertRefused(
                CLASSES,
                classes(2).withColumn("label", lit(1.0)),
                "column 'label' is of type double, but int is expected for classification: cast it");
        assertRefused(ENTITIES, classes(2), "column 'label' is of type int, but array<int> is expected");
    }

    @Test
    void rowsThatCannotBeUsedAreNamedByTheirId() {
        assertRefused(CLASSES, classes(1).withColumn("label", lit(2)), "row with id 0: label 2 is not a class");
        assertRefused(CLASSES, classes(1).withColumn("label", lit(-1)), "row with id 0: label -1 is not a class");
        assertRefused(CLASSES, nullable(null, new int[0], 0), "row with id 0: input_ids is null");
        assertRefused(CLASSES, nullable(new Integer[] {1, null}, new int[2], 0), "row with id 0: a list holds a null");
        assertRefused(CLASSES, nullable(new Integer[0], new int[0], 0), "row with id 0: input_ids is empty");
        assertRefused(CLASSES, nullable(new Integer[] {-4}, new int[1], 0), "input_ids holds a number below 0");
        assertRefused(CLASSES, nullable(new Integer[] {4}, new int[2], 0), "token_type_ids is not 1 numbers");
        assertRefused(CLASSES, nullable(new Integer[] {4}, new int[1], null), "row with id 0: label is null");
        StructType schema = TokenizedDataset.schema(TaskType.TOKEN_CLASSIFICATION);
        assertRefused(
                ENTITIES,
                spark.createDataFrame(
                        List.of(RowFactory.create(0L, new int[3], new int[3], new int[2], new int[0])), schema),
                "row with id 0: 2 labels for 3 tokens");
        assertRefused(
                ENTITIES,
                spark.createDataFrame(
                        List.of(RowFactory.create(0L, new int[3], new int[3], new int[3], new int[] {3})), schema),
                "row with id 0: word_starts holds a number that is not -1..2");
    }

    @Test
    void idsMustBeThoseOfTheRows() {
        assertRefused(
                CLASSES,
                classes(List.of(1, 2, 3)),
                "DataFrame/train has 3 rows with ids from 1 to 3: ids are 0..2, once each");
        // Lowest, highest and number are right: the shards find the doubled one.
        Dataset<Row> doubled = classes(List.of(0, 1, 1, 3));
        TokenizedDataset data = TokenizedDataset.of(CLASSES, doubled, classes(1));
        assertThatThrownBy(() -> data.shards(Split.TRAIN, 2).collect())
                .isInstanceOf(SparkException.class)
                .rootCause()
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("DataFrame/train does not hold the ids 0..3 once each")
                .hasMessageContaining("an id is there twice");
    }

    @Test
    void aDescriptionNeedsTheNamesOfItsClassesAndAMetric() {
        assertThatThrownBy(() ->
                        new DatasetDescription("t", TaskType.CLASSIFICATION, List.of("one"), List.of("accuracy"), "aa"))
                .isInstanceOf(UsageException.class)
                .hasMessage("Task t has 1 label names: classification needs two or more");
        assertThatThrownBy(() ->
                        new DatasetDescription("t", TaskType.REGRESSION, List.of("one"), List.of("pearson"), "aa"))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("regression needs none");
        assertThatThrownBy(() -> new DatasetDescription("t", TaskType.REGRESSION, List.of(), List.of(), "aa"))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("no metrics");
    }

    private void assertRefused(DatasetDescription description, Dataset<Row> train, String message) {
        assertThatThrownBy(() -> TokenizedDataset.of(description, train, train))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(message);
    }

    /** One row without an id, in columns that may hold nulls. */
    private Dataset<Row> nullable(Integer[] tokens, int[] types, Integer label) {
        StructType schema = new StructType()
                .add("input_ids", DataTypes.createArrayType(DataTypes.IntegerType, true), true)
                .add("token_type_ids", DataTypes.createArrayType(DataTypes.IntegerType, true), true)
                .add("label", DataTypes.IntegerType, true);
        return spark.createDataFrame(List.of(RowFactory.create(tokens, types, label)), schema);
    }

    private String hash(Dataset<Row> train) {
        return TokenizedDataset.of(CLASSES, train, classes(1)).manifest().contentSha256();
    }

    private static int[] repeated(int value, int times) {
        return IntStream.range(0, times).map(i -> value).toArray();
    }

    /** Id, tokens and label of every example, shard by shard. */
    private static List<String> contents(List<PackedExamples> shards) {
        List<String> contents = new ArrayList<>();
        for (PackedExamples shard : shards) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < shard.size(); i++) {
                text.append(shard.id(i)).append(':');
                for (int t = 0; t < shard.length(i); t++) {
                    text.append(' ').append(shard.token(i, t));
                }
                text.append(" = ")
                        .append(((Targets.Classes) shard.target(i)).classes()[0])
                        .append('\n');
            }
            contents.add(text.toString());
        }
        return contents;
    }
}
