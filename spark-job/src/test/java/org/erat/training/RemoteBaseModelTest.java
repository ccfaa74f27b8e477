package org.erat.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import org.erat.data.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Base weights on a file system that only {@code spark.hadoop.*} settings open, fetched by executors of their own. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class RemoteBaseModelTest {
    @TempDir
    private Path folder;

    @Test
    void executorsFetchBaseWeightsWithTheHadoopSettingsOfTheJob() throws IOException {
        Files.createDirectories(Path.of(System.getenv("SPARK_HOME"), "jars"));
        SparkConf conf = TestSpark.executors()
                .set("spark.hadoop." + GuardedFileSystem.CLASS_SETTING, GuardedFileSystem.class.getName())
                .set("spark.hadoop." + GuardedFileSystem.KEY_SETTING, GuardedFileSystem.KEY);
        try (SparkSession cluster = TestSpark.open("local-cluster[1,1,1024]", conf)) {
            TinyProject project = TinyProject.prepare(cluster, folder);

            new TrainingJob(cluster, project.job(remote(project)), Watching.toTheEnd())
                    .run(folder.resolve("run").toString(), false);
        }
        assertThat(folder.resolve("run/_SUCCESS")).exists();
    }

    @Test
    void saysWhichBaseModelCannotBeRead() {
        SparkConf conf = new SparkConf(false)
                .set("spark.hadoop." + GuardedFileSystem.CLASS_SETTING, GuardedFileSystem.class.getName())
                // Else one that was opened with the key would do.
                .set("spark.hadoop.fs.guarded.impl.disable.cache", "true");
        try (SparkSession session = TestSpark.open("local[1]", conf)) {
            TinyProject project = TinyProject.prepare(session, folder);
            assertThatThrownBy(() -> new TrainingJob(session, project.job(remote(project)), Watching.toTheEnd()))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("guarded:" + project.model())
                    .hasMessageContaining("wrong key");
        }
    }

    private static String remote(TinyProject project) {
        return "model.path=" + GuardedFileSystem.SCHEME + "://" + project.model();
    }
}
