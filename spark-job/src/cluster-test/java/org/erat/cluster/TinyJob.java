package org.erat.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.sql.SparkSession;
import org.erat.training.TinyProject;

/**
 * A {@link TinyProject} as the command lines of submissions: base model and data are prepared, the configuration is in
 * {@code job.conf}.
 */
public record TinyJob(TinyProject project) {
    /** Prepares model and data in this process. */
    public static TinyJob prepare(Path folder) {
        try (SparkSession session = SparkSession.builder()
                .master("local[1]")
                .appName("tiny project")
                .config("spark.ui.enabled", "false")
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .config("spark.sql.shuffle.partitions", "2")
                .getOrCreate()) {
            TinyProject project = TinyProject.prepare(session, folder);
            Files.writeString(folder.resolve("job.conf"), project.configuration());
            return new TinyJob(project);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public Path configuration() {
        return project.folder().resolve("job.conf");
    }

    /**
     * Training into a run directory.
     *
     * @param run a folder of the project
     */
    public Submission train(String run, String... more) {
        return trainTo(project.folder().resolve(run).toString(), more);
    }

    /** Training into a run directory anywhere. */
    public Submission trainTo(String runDirectory, String... more) {
        List<Object> words = new ArrayList<>(List.of("train", "--conf", configuration(), "--run-dir", runDirectory));
        words.addAll(List.of(more));
        return Submission.of(words.toArray());
    }

    /** Copies model and data to the same paths below the root of another file system. */
    public void copyTo(FileSystem files) {
        try {
            for (Path part : List.of(project.model(), project.data())) {
                files.copyFromLocalFile(
                        new org.apache.hadoop.fs.Path(part.toUri()),
                        new org.apache.hadoop.fs.Path("/" + part.getFileName()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Training with model, data and run directory on HDFS, where {@link #copyTo} has put them. */
    public Submission trainOn(MiniHadoop hadoop, String runDirectory, String... more) {
        List<String> words = new ArrayList<>(List.of(
                "--set", "model.path=" + hadoop.uri() + "/model", "--set", "data.train=" + hadoop.uri() + "/data"));
        words.addAll(List.of(more));
        return trainTo(hadoop.uri() + runDirectory, words.toArray(String[]::new))
                .environment("HADOOP_CONF_DIR", hadoop.configuration().toString());
    }

    /** Checks that two adapters are the same, byte for byte. */
    public void assertSameAdapter(Path expected, Path actual) {
        assertThat(TinyProject.bytesOf(actual))
                .as(actual.toString())
                .containsKey("adapter_model.safetensors")
                .containsExactlyInAnyOrderEntriesOf(TinyProject.bytesOf(expected));
    }
}
