package org.erat.data.tokenized;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;
import org.apache.spark.SparkException;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenizedDatasetTest {
    private static final int EXAMPLES = 11;
    private final SparkSession spark = LocalSpark.session();

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"1,1", "2,1", "2,3", "3,2", "11,4"})
    void shardsAreTheSameWhateverTheFiles(int shards, int files) throws IOException {
        write(EXAMPLES, files, EXAMPLES);

        var rdd = TokenizedDataset.open(spark, folder.toString()).shards(Split.TRAIN, shards);
        List<List<PackedExamples>> partitions = rdd.glom().collect();

        assertThat(partitions).hasSize(shards);
        for (int shard = 0; shard < shards; shard++) {
            assertThat(partitions.get(shard)).hasSize(1);
            PackedExamples examples = partitions.get(shard).get(0);
            assertThat(examples.size()).isBetween(EXAMPLES / shards, EXAMPLES / shards + 1);
            for (int i = 0; i < examples.size(); i++) {
                long id = shard + (long) i * shards;
                assertThat(examples.id(i)).isEqualTo(id);
                assertThat(examples.length(i)).isEqualTo(1 + (int) id % 3);
                assertThat(examples.token(i, 0)).isEqualTo(100 + (int) id);
                assertThat(((Targets.Classes) examples.target(i)).classes()).containsExactly((int) id % 2);
            }
        }
    }

    @Test
    void moreShardsThanExamplesAreRefused() throws IOException {
        write(EXAMPLES, 1, EXAMPLES);
        TokenizedDataset data = TokenizedDataset.open(spark, folder.toString());

        assertThatThrownBy(() -> data.shards(Split.TRAIN, 12))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("12 shards of 11 examples")
                .hasMessageContaining("lower training.shards to 11");
        assertThatThrownBy(() -> data.shards(Split.TRAIN, 0)).isInstanceOf(UsageException.class);
    }

    @Test
    void lostExamplesAreNoticed() throws IOException {
        write(EXAMPLES - 1, 1, EXAMPLES);
        var shards = TokenizedDataset.open(spark, folder.toString()).shards(Split.TRAIN, 2);

        assertThatThrownBy(shards::collect)
                .isInstanceOf(SparkException.class)
                .hasRootCauseInstanceOf(BadInputException.class)
                .rootCause()
                .hasMessageContaining("does not hold the ids 0..10 once each");
    }

    @Test
    void aSplitThatIsNotThereIsNamed() throws IOException {
        write(EXAMPLES, 1, EXAMPLES);
        TokenizedDataset data = TokenizedDataset.open(spark, folder.toString());

        assertThatThrownBy(() -> data.shards(Split.VALIDATION, 1))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("validation does not exist");
    }

    private void write(int rows, int files, int declared) throws IOException {
        // From the last to the first: the order of the files must not matter.
        List<Row> examples = LongStream.range(0, rows)
                .map(i -> rows - 1 - i)
                .mapToObj(id -> {
                    int length = 1 + (int) id % 3;
                    int[] tokens = new int[length];
                    java.util.Arrays.fill(tokens, 100 + (int) id);
                    return RowFactory.create(id, tokens, new int[length], (int) id % 2);
                })
                .toList();
        spark.createDataFrame(examples, TokenizedDataset.schema(TaskType.CLASSIFICATION))
                .repartition(files)
                .write()
                .parquet(folder.resolve("train").toString());
        ManifestTest.of(declared, 2)
                .write(spark.sparkContext().hadoopConfiguration(), new org.apache.hadoop.fs.Path(folder.toUri()));
    }
}
