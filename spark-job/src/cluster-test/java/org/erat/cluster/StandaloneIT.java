package org.erat.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.erat.training.TinyProject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The job on a standalone cluster: Master and two Workers in processes of their own. */
class StandaloneIT {
    @TempDir
    private Path folder;

    @Test
    void clientMode() {
        TinyJob job = TinyJob.prepare(folder);
        try (StandaloneCluster cluster = StandaloneCluster.start(folder.resolve("cluster"))) {
            job.train("here").master(cluster.uri()).run().succeeded();
        }
        job.train("one core").master("local[1]").run().succeeded();
        assertThat(TinyProject.bytesOf(folder.resolve("here/adapter")))
                .containsKey("adapter_model.safetensors")
                .containsExactlyInAnyOrderEntriesOf(TinyProject.bytesOf(folder.resolve("one core/adapter")));
    }
}
