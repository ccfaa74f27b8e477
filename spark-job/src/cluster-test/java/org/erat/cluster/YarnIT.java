package org.erat.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.fs.FileSystem;
import org.erat.training.TinyProject;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The job on YARN, with everything that it reads and writes on HDFS. */
class YarnIT {
    @TempDir
    private static Path folder;

    private static TinyJob job;
    private static MiniHadoop hadoop;
    private static FileSystem hdfs;

    @BeforeAll
    static void start() {
        job = TinyJob.prepare(folder);
        job.train("one core").master("local[1]").run().succeeded();
        hadoop = MiniHadoop.withYarn(folder.resolve("hadoop"), 2);
        hdfs = hadoop.fileSystem();
        job.copyTo(hdfs);
    }

    @AfterAll
    static void stop() throws IOException {
        hdfs.close();
        hadoop.close();
    }

    @Test
    void inClientModeTheAdapterOnHdfsIsThatOfOneCore() {
        onYarn(job.trainOn(hadoop, "/runs/client")).run().succeeded();
        assertSameAdapter("/runs/client/adapter");
    }

    @Test
    void inClusterModeTheAdapterOnHdfsIsThatOfOneCore() {
        String odd = "/runs/it's \"a run\" $(touch hacked)";
        onYarn(job.trainOn(hadoop, odd))
                .options("--deploy-mode", "cluster")
                .run()
                .succeeded();
        assertSameAdapter(odd + "/adapter");
    }

    @Test
    void inClusterModeABacktickIsRefused() {
        onYarn(job.trainOn(hadoop, "/runs/`touch hacked`"))
                .options("--deploy-mode", "cluster")
                .run()
                .with(2);
    }

    @Test
    void inClusterModeTheDriversExitCodeComesBack() {
        onYarn(job.trainOn(hadoop, "/runs/never", "--set", "data.train=" + hadoop.uri() + "/no-such-data"))
                .options("--deploy-mode", "cluster")
                .run()
                .with(3);
    }

    @Test
    void everyCommandReadsAndWritesHdfs() throws IOException {
        String root = hadoop.uri() + "/all";
        TinyProject tiny = job.project();
        hdfs.copyFromLocalFile(
                new org.apache.hadoop.fs.Path(tiny.text().toUri()), new org.apache.hadoop.fs.Path("/all/text"));
        Submission prepareModel = Submission.of("prepare-model", "--from", tiny.model(), "--out", root + "/model");
        client(prepareModel).run().succeeded();
        assertThat(client(prepareModel).run().succeeded().output()).contains("is prepared already");
        onYarn(Submission.of(
                        "prepare-data",
                        "--format",
                        "tsv",
                        "--text",
                        "sentence",
                        "--label",
                        "mood",
                        "--type",
                        "classification",
                        "--input",
                        root + "/text",
                        "--model",
                        root + "/model",
                        "--out",
                        root + "/data"))
                .run()
                .succeeded();
        onYarn(job.trainTo(root + "/run", "--set", "model.path=" + root + "/model", "--set", "data.train=/all/data"))
                .run()
                .succeeded();
        onYarn(Submission.of("evaluate", "--run-dir", root + "/run", "--data", root + "/data"))
                .run()
                .succeeded();
        onYarn(Submission.of(
                        "predict",
                        "--run-dir",
                        root + "/run",
                        "--data",
                        root + "/data",
                        "--rank",
                        "2",
                        "--out",
                        root + "/predictions.jsonl"))
                .run()
                .succeeded();
        client(Submission.of("export", "--run-dir", root + "/run", "--rank", "2", "--out", root + "/exported"))
                .run()
                .succeeded();
        assertThat(hdfs.exists(new org.apache.hadoop.fs.Path("/all/predictions.jsonl")))
                .isTrue();
        assertThat(hdfs.exists(new org.apache.hadoop.fs.Path("/all/exported/adapter_model.safetensors")))
                .isTrue();
    }

    @Test
    void aDryRunChecksHdfsAndLeavesNothingThere() throws IOException {
        String output = client(job.trainOn(hadoop, "/planned/run", "--dry-run"))
                .master("yarn")
                .run()
                .succeeded()
                .output();
        assertThat(output).contains("6 rounds of 3 local steps", "memory: about", "adapter.rank");
        assertThat(hdfs.exists(new org.apache.hadoop.fs.Path("/planned"))).isFalse();
    }

    private static Submission client(Submission submission) {
        return submission.environment("HADOOP_CONF_DIR", hadoop.configuration().toString());
    }

    private static Submission onYarn(Submission submission) {
        return client(submission)
                .script("submit/yarn")
                .spark("spark.executor.memoryOverhead", "512m")
                .spark("spark.executor.instances", "2")
                .spark("spark.yarn.jars", "local:" + Project.sparkHome().resolve("jars") + "/*");
    }

    private static void assertSameAdapter(String onHdfs) {
        try {
            Path fetched = folder.resolve("fetched-" + Integer.toHexString(onHdfs.hashCode()));
            hdfs.copyToLocalFile(
                    false, new org.apache.hadoop.fs.Path(onHdfs), new org.apache.hadoop.fs.Path(fetched.toUri()), true);
            // The other files name the base model by its address, which is another one here.
            for (String tensors : List.of("adapter_model.safetensors", "head.safetensors")) {
                assertThat(fetched.resolve(tensors))
                        .hasSameBinaryContentAs(
                                folder.resolve("one core/adapter").resolve(tensors));
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
