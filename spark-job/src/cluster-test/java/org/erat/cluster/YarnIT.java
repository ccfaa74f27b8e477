package org.erat.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.erat.job.TinyProject;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The job on YARN, with everything that it reads and writes on HDFS. */
class YarnIT {
    @TempDir
    private static Path folder;

    private static Project project;
    private static MiniHadoop hadoop;

    @BeforeAll
    static void start() throws IOException {
        project = Project.shared();
        hadoop = MiniHadoop.withYarn(folder.resolve("hadoop"), 2);
        hadoop.put(project.tiny().model(), "/model");
        hadoop.put(project.tiny().data(), "/data");
    }

    @AfterAll
    static void stop() {
        hadoop.close();
    }

    @Test
    void inClientModeTheAdapterOnHdfsIsThatOfOneCore() throws IOException {
        onYarn(train("/runs/client")).run().exits(0);
        assertSameAdapter("/runs/client");
    }

    @Test
    void inClusterModeTheAdapterOnHdfsIsThatOfOneCore() throws IOException {
        String odd = "/runs/it's \"a run\" $(touch hacked)";
        onYarn(train(odd)).options("--deploy-mode", "cluster").run().exits(0);
        assertSameAdapter(odd);
    }

    @Test
    void inClusterModeABacktickIsRefused() {
        onYarn(train("/runs/`touch hacked`"))
                .options("--deploy-mode", "cluster")
                .run()
                .exits(2);
    }

    @Test
    void inClusterModeTheDriversExitCodeComesBack() {
        onYarn(train("/runs/never"))
                .set("data.train=" + hadoop.uri() + "/no-such-data")
                .options("--deploy-mode", "cluster")
                .run()
                .exits(3);
    }

    @Test
    void everyCommandReadsAndWritesHdfs() throws IOException {
        String root = hadoop.uri() + "/all";
        TinyProject tiny = project.tiny();
        hadoop.put(tiny.text(), "/all/text");
        Submission prepareModel = Submission.of("prepare-model", "--from", tiny.model(), "--out", root + "/model");
        client(prepareModel).run().exits(0);
        assertThat(prepareModel.run().exits(0).said()).contains("is prepared already");
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
                .exits(0);
        onYarn(project.runAt(root + "/run").command())
                .set("model.path=" + root + "/model")
                .set("data.train=/all/data")
                .run()
                .exits(0);
        onYarn(Submission.of("evaluate", "--run-dir", root + "/run", "--data", root + "/data"))
                .run()
                .exits(0);
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
                .exits(0);
        client(Submission.of("export", "--run-dir", root + "/run", "--rank", "2", "--out", root + "/exported"))
                .run()
                .exits(0);
        assertThat(hadoop.has("/all/predictions.jsonl")).isTrue();
        assertThat(hadoop.has("/all/exported/adapter_model.safetensors")).isTrue();
    }

    @Test
    void aDryRunChecksHdfsAndLeavesNothingThere() throws IOException {
        String output = client(train("/planned/run"))
                .master("yarn")
                .arguments("--dry-run")
                .run()
                .exits(0)
                .said();
        assertThat(output).contains(Project.ROUNDS + " rounds of 60 local steps", "memory: about", "adapter.rank");
        assertThat(hadoop.has("/planned")).isFalse();
    }

    /** Training with model, data and run directory on HDFS. */
    private static Submission train(String runDirectory) {
        return project.runAt(hadoop.uri() + runDirectory)
                .command()
                .set("model.path=" + hadoop.uri() + "/model")
                .set("data.train=" + hadoop.uri() + "/data");
    }

    private static Submission client(Submission submission) {
        return submission.environment("HADOOP_CONF_DIR", hadoop.configuration().toString());
    }

    private static Submission onYarn(Submission submission) {
        return client(submission)
                .script("submit/yarn")
                .spark("spark.executor.memoryOverhead", "512m")
                .spark("spark.executor.instances", "2")
                .spark("spark.yarn.jars", "local:" + Checkout.sparkHome().resolve("jars") + "/*");
    }

    private static void assertSameAdapter(String run) throws IOException {
        Path fetched = folder.resolve("fetched-" + Integer.toHexString(run.hashCode()));
        hadoop.fetch(run + "/adapter", fetched);
        // The other files name the base model by its address, which is another one here.
        for (String tensors : List.of("adapter_model.safetensors", "head.safetensors")) {
            assertThat(fetched.resolve(tensors))
                    .hasSameBinaryContentAs(
                            project.undisturbed().resolve("adapter").resolve(tensors));
        }
    }
}
