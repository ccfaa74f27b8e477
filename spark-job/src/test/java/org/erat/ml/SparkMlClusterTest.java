package org.erat.ml;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.erat.job.TinyProject;
import org.erat.training.TestSpark;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A fit on executors in processes of their own with Kryo is the one in a plain session, as people have it who have set
 * nothing: with Java's serializer and Spark's own defaults.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class SparkMlClusterTest {
    @TempDir
    private Path folder;

    private record Trained(float[] parameters, List<Row> predictions) {}

    @Test
    void aPlainSessionAndAClusterWithKryoGiveTheSameModel() throws IOException {
        Files.createDirectories(Path.of(System.getenv("SPARK_HOME"), "jars"));
        new TinyProject(folder).writeSources();
        Trained plain;
        try (SparkSession session = SparkSession.builder()
                .master("local[2]")
                .config("spark.ui.enabled", "false")
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .getOrCreate()) {
            plain = train(session, "plain");
        }
        Trained onCluster;
        try (SparkSession cluster = TestSpark.open("local-cluster[2,1,1024]", TestSpark.executors())) {
            onCluster = train(cluster, "cluster");
        }

        assertThat(onCluster.parameters()).containsExactly(plain.parameters());
        assertThat(onCluster.predictions()).isEqualTo(plain.predictions());
    }

    private Trained train(SparkSession session, String runs) {
        Dataset<Row> reviews = session.read()
                .option("sep", "\t")
                .option("header", true)
                .csv(folder.resolve("text/train.tsv").toString());
        AdapterClassifierModel model = new AdapterClassifier()
                .setModel(folder.resolve("model").toString())
                .setCheckpointDir(folder.resolve(runs).toString())
                .setTextCol("sentence")
                .setLabelCol("mood")
                .setRank(4)
                .setShards(2)
                .setBatchSize(4)
                .setLearningRate(0.02)
                .setValidationFraction(0.3)
                .fit(reviews);
        return new Trained(
                model.state().adapter().parameters(),
                model.transform(reviews.coalesce(1)).collectAsList());
    }
}
