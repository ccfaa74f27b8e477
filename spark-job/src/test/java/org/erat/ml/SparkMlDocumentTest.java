package org.erat.ml;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.erat.job.TinyProject;
import org.erat.training.TestSpark;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The lines of docs/spark-ml.md are the ones that run here. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class SparkMlDocumentTest {
    private static final Path SOURCE = Path.of("src/test/java/org/erat/ml/SparkMlDocumentTest.java");
    private static final Path DOCUMENT = Path.of("docs/spark-ml.md");

    @TempDir
    private Path folder;

    @Test
    void theLinesOfTheDocumentRun() {
        TinyProject project = new TinyProject(folder);
        project.writeSources();
        String baseModel = project.model().toString();
        String runs = folder.resolve("runs").toString();
        String saved = folder.resolve("saved").toString();
        try (SparkSession spark = TestSpark.open("local[2]")) {
            Dataset<Row> reviews = spark.read()
                    .option("sep", "\t")
                    .option("header", true)
                    .csv(project.text().resolve("train.tsv").toString());
            // The lines begin.
            AdapterClassifier classifier = new AdapterClassifier()
                    .setModel(baseModel)
                    .setCheckpointDir(runs)
                    .setTextCol("sentence")
                    .setLabelCol("mood")
                    .setRank(8)
                    .setLearningRate(5e-4)
                    .setEpochs(2)
                    .setShards(2)
                    .setValidationFraction(0.2);
            AdapterClassifierModel model = classifier.fit(reviews);
            model.qualityByRank().show();
            model.setRank(4)
                    .transform(reviews)
                    .select("sentence", "predictedLabel", "probability")
                    .show();
            model.write().overwrite().save(saved);
            AdapterClassifierModel again = AdapterClassifierModel.load(saved);
            // The lines end.
            assertThat(again.getRank()).isEqualTo(4);
            assertThat(again.transform(reviews).collectAsList())
                    .isEqualTo(model.transform(reviews).collectAsList());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void theDocumentHasTheseLines() throws IOException {
        String source = Files.readString(SOURCE);
        String lines = source.substring(
                source.indexOf("// The lines begin.\n") + "// The lines begin.\n".length(),
                source.indexOf("// The lines end.\n"));

        // Where a line ends is up to the formatter.
        assertThat(Files.readString(DOCUMENT).replaceAll("\\s+", "")).contains(lines.replaceAll("\\s+", ""));
    }
}
