package org.erat.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.FileSystem;
import org.erat.cluster.MiniHadoop;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An HDFS, with data and run directory on it, that loses a part or stands still. */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class HdfsFaultsIT {
    private static final Duration UNREACHABLE = Duration.ofSeconds(10);
    private static final Duration TOLD = Duration.ofSeconds(3);

    private static Project project;
    private static MiniHadoop hadoop;
    private static FileSystem hdfs;

    @BeforeAll
    static void start() throws IOException {
        project = Project.shared();
        // As many as HDFS keeps of each block by default: for a lost one there is no other to take its place.
        hadoop = MiniHadoop.hdfs(Scratch.folder("hdfs"), 3);
        hdfs = hadoop.fileSystem();
        hdfs.copyFromLocalFile(path(project.tiny().data()), new org.apache.hadoop.fs.Path("/data"));
    }

    @AfterAll
    static void stop() throws IOException {
        hdfs.close();
        hadoop.close();
    }

    @Test
    void whileHdfsDoesNotAnswerTheRunWaits() throws IOException {
        Run run = onHdfs("unreachable");
        try (Started driver = run.submit()) {
            Run.awaitProgress(5, driver);
            hadoop.pauseNameNode();
            try {
                // What was all but recorded is told of yet.
                Moments.pass(TOLD);
                int before = Run.progress(driver);
                Moments.pass(UNREACHABLE.minus(TOLD));
                assertThat(Run.progress(driver))
                        .as("rounds while HDFS stands still; %s", driver.said())
                        .isEqualTo(before);
            } finally {
                hadoop.resumeNameNode();
            }
            assertThat(driver.exitCode()).as(driver.said()).isZero();
            assertThat(driver.lines()).as(driver.said()).anySatisfy(line -> assertThat(line)
                    .contains("could be recorded only after ", run.directory(), "slow or did not answer"));
        }
        assertSameAsUndisturbed(run);
        FaultTable.row(
                "HDFS unreachable for " + UNREACHABLE.toSeconds() + " s (NameNode stopped)",
                1,
                "the run waited for it; same adapter");
    }

    @Test
    void aDataNodeLostDuringTrainingIsWrittenAround() throws IOException {
        Run run = onHdfs("lost-data-node");
        try (Started driver = run.submit()) {
            Run.awaitProgress(5, driver);
            hadoop.killDataNode(0);
            assertThat(driver.exitCode()).as(driver.said()).isZero();
            assertThat(driver.lines())
                    .as(driver.said())
                    .anyMatch(line -> line.endsWith(" is bad."))
                    .noneMatch(line -> line.startsWith("\tat "));
        }
        assertSameAsUndisturbed(run);
        FaultTable.row(
                "DataNode killed (SIGKILL) during training, one of three", 1, "the others were used; same adapter");
    }

    private static Run onHdfs(String name) {
        return new Run(
                project,
                hadoop.uri() + "/runs/" + name,
                Map.of("spark.master", "local[2]"),
                List.of("data.train=" + hadoop.uri() + "/data"));
    }

    private static void assertSameAsUndisturbed(Run run) throws IOException {
        Path copy = Scratch.folder("from-hdfs").resolve("run");
        // By the raw local file system, which leaves no files of checksums.
        hdfs.copyToLocalFile(false, new org.apache.hadoop.fs.Path(run.directory()), path(copy), true);
        run.in(copy.toString()).assertSameAsUndisturbed();
    }

    private static org.apache.hadoop.fs.Path path(Path local) {
        return new org.apache.hadoop.fs.Path(local.toUri());
    }
}
