package org.erat.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.erat.cluster.ChildProcess;
import org.erat.cluster.Project;
import org.erat.cluster.Run;
import org.erat.cluster.Scratch;
import org.erat.cluster.StandaloneCluster;
import org.erat.job.TinyProject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Disks that are full. */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class DiskFaultsIT {
    private final Project project = Project.shared();

    @Test
    void aFullDiskUnderTheRunDirectoryIsNamedAndTheRunGoesOnWhenThereIsRoom() throws IOException {
        // Beside provenance there is room for configuration, lease, metrics and two checkpoints of five files, in pages
        // of 4 KB, and not for a third.
        int provenance = (int) (Files.size(project.undisturbed().resolve("provenance.json")) / 1024);
        try (SmallDisk disk = SmallDisk.mount(Scratch.folder("full-run-directory"), provenance + 60)) {
            Path directory = disk.folder().resolve("run");
            Run run = project.runAt(directory.toString()).on("local[2]");
            run.command().runBy(disk::inside);
            try (ChildProcess driver = run.submit()) {
                driver.exits(5);
                assertThat(driver.lines()).as(driver.said()).anySatisfy(line -> assertThat(line)
                        .startsWith("error: ")
                        .contains(directory.toString(), "No space left on device", "submit the same command again"));
            }
            assertThat(TinyProject.filesOf(disk.outside().resolve("run/checkpoints")))
                    .isNotEmpty();
            disk.grow(4096);
            ChildProcess rerun = run.submitToTheEnd();
            assertThat(rerun.lines()).as(rerun.said()).anyMatch(line -> line.contains("going on after round "));
            assertThat(rerun.lines()).noneMatch(line -> line.contains("cannot be used"));
            project.assertSameAsUndisturbed(disk.outside().resolve("run"));
        }
        FaultTable.row(
                "disk full under the run directory",
                1,
                "exit code 5, path named; a rerun with room went on; same adapter");
    }

    @Test
    void aFullLocalFolderOfAnExecutorIsNamedAndTheRunGoesOnWhenThereIsRoom() {
        try (SmallDisk disk = SmallDisk.mount(Scratch.folder("full-local-folder"), 8);
                StandaloneCluster cluster = StandaloneCluster.start(Scratch.folder("full-executor"), 0)) {
            cluster.addWorker(Map.of("SPARK_LOCAL_DIRS", disk.folder().toString()), disk::inside);
            Run run = project.run("full-local-folder").on(cluster.url());
            try (ChildProcess driver = run.submit()) {
                driver.exits(5);
                assertThat(driver.lines()).as(driver.said()).anySatisfy(line -> assertThat(line)
                        .startsWith("error: ")
                        .contains(
                                disk.folder().toString(), "No space left on device", "submit the same command again"));
            }
            disk.grow(4096);
            run.submitToTheEnd();
            project.assertSameAsUndisturbed(run.path());
        }
        FaultTable.row(
                "disk full under an executor's local folder",
                1,
                "exit code 5, path named; a rerun with room finished; same adapter");
    }
}
