package org.erat.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.erat.cluster.ChildProcess;
import org.erat.cluster.MiniHadoop;
import org.erat.cluster.Project;
import org.erat.cluster.Run;
import org.erat.cluster.Scratch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An HDFS, with data and run directory on it, that loses a part or is paused. */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class HdfsFaultsIT {
    private static final Duration UNREACHABLE = Duration.ofSeconds(10);
    private static final Duration TOLD = Duration.ofSeconds(3);

    private static Project project;
    private static MiniHadoop hadoop;

    @BeforeAll
    static void start() throws IOException {
        project = Project.shared();
        // As many as HDFS keeps of each block by default: for a lost one there is no other to take its place.
        hadoop = MiniHadoop.hdfs(Scratch.folder("hdfs"), 3);
        hadoop.put(project.tiny().data(), "/data");
    }

    @AfterAll
    static void stop() {
        hadoop.close();
    }

    @Test
    void whileHdfsDoesNotAnswerTheRunWaits() throws IOException {
        Run run = onHdfs("unreachable");
        try (ChildProcess driver = run.submit()) {
            Run.awaitReport(5, driver);
            hadoop.pauseNameNode();
            try {
                // What was all but recorded is told of yet.
                Moments.pass(TOLD);
                int before = Run.reported(driver);
                Moments.pass(UNREACHABLE.minus(TOLD));
                assertThat(Run.reported(driver))
                        .as("rounds while HDFS is paused; %s", driver.said())
                        .isEqualTo(before);
            } finally {
                hadoop.resumeNameNode();
            }
            driver.exits(0);
            assertThat(driver.lines()).as(driver.said()).anySatisfy(line -> assertThat(line)
                    .contains("could be recorded only after ", run.directory(), "slow or did not answer"));
        }
        assertSameAsUndisturbed("unreachable");
        FaultTable.row(
                "HDFS unreachable for " + UNREACHABLE.toSeconds() + " s (NameNode stopped)",
                1,
                "the run waited for it; same adapter");
    }

    @Test
    void aDataNodeLostDuringTrainingIsWrittenAround() throws IOException {
        Run run = onHdfs("lost-data-node");
        try (ChildProcess driver = run.submit()) {
            Run.awaitReport(5, driver);
            hadoop.killDataNode(0);
            driver.exits(0);
            assertThat(driver.lines())
                    .as(driver.said())
                    .anyMatch(line -> line.endsWith(" is bad."))
                    .noneMatch(line -> line.startsWith("\tat "));
        }
        assertSameAsUndisturbed("lost-data-node");
        FaultTable.row(
                "DataNode killed (SIGKILL) during training, one of three", 1, "the others were used; same adapter");
    }

    private static Run onHdfs(String name) {
        Run run = project.runAt(hadoop.uri() + "/runs/" + name).on("local[2]");
        run.command().set("data.train=" + hadoop.uri() + "/data");
        return run;
    }

    private static void assertSameAsUndisturbed(String name) throws IOException {
        Path copy = Scratch.folder("from-hdfs").resolve(name);
        hadoop.fetch("/runs/" + name, copy);
        project.assertSameAsUndisturbed(copy);
    }
}
