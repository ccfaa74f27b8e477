package org.erat.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.erat.training.TinyProject;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The job on a standalone cluster: Master and two Workers in processes of their own, with authentication. */
class StandaloneIT {
    private static final String SECRET = "a secret of this test";

    /** A run's name of which a shell would make something else. */
    private static final String ODD = "it's \"a run\" $(touch hacked) `touch hacked`";

    @TempDir
    private static Path folder;

    private static TinyJob job;
    private static StandaloneCluster cluster;

    @BeforeAll
    static void start() {
        job = TinyJob.prepare(folder);
        job.train("one core").master("local[1]").run().succeeded();
        cluster = StandaloneCluster.start(folder.resolve("cluster"));
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @Test
    void inClientModeTheAdapterIsThatOfOneCore() {
        onCluster(job.train("client mode")).run().succeeded();
        job.assertSameAdapter(folder.resolve("one core/adapter"), folder.resolve("client mode/adapter"));
    }

    @Test
    void inClusterModeTheAdapterIsThatOfOneCore() {
        onCluster(job.train(ODD)).options("--deploy-mode", "cluster").run().succeeded();
        job.assertSameAdapter(folder.resolve("one core/adapter"), folder.resolve(ODD + "/adapter"));
    }

    @Test
    void inClusterModeTheDriversExitCodeComesBack() throws IOException {
        Path outcomes = Files.createDirectory(folder.resolve("outcomes"));
        onCluster(job.train("never written", "--set", "data.train=" + folder.resolve("no such data")))
                .options("--deploy-mode", "cluster")
                .spark("spark.erat.outcomes", outcomes.toUri().toString())
                .run()
                .with(3);
        try (var left = Files.list(outcomes)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void inClusterModeAFailureIsOneWhereNoFolderForOutcomesIsNamed() {
        onCluster(job.train("never written", "--set", "data.train=" + folder.resolve("no such data")))
                .options("--deploy-mode", "cluster")
                .run()
                .with(1);
    }

    @Test
    void withAuthenticationAndEncryptionTheAdapterIsTheSame() {
        List<String> security = List.of(
                "-Dspark.authenticate=true",
                "-Dspark.authenticate.secret='" + SECRET + "'",
                "-Dspark.network.crypto.enabled=true");
        String options = String.join(" ", security);
        Map<String, String> environment = Map.of("SPARK_MASTER_OPTS", options, "SPARK_WORKER_OPTS", options);
        try (StandaloneCluster guarded = StandaloneCluster.start(folder.resolve("guarded"), environment, 2, 1)) {
            job.train("guarded run")
                    .script("submit/standalone")
                    .master(guarded.uri())
                    .spark("spark.authenticate", "true")
                    .spark("spark.authenticate.secret", SECRET)
                    .spark("spark.network.crypto.enabled", "true")
                    .run()
                    .succeeded();
            assertThat(job.train("without the secret")
                            .script("submit/standalone")
                            .master(guarded.uri())
                            .run()
                            .code())
                    .isNotZero();
            assertThat(folder.resolve("without the secret")).doesNotExist();
        }
        job.assertSameAdapter(folder.resolve("one core/adapter"), folder.resolve("guarded run/adapter"));
        assertThat(TinyProject.bytesOf(folder.resolve("guarded run")).values())
                .noneMatch(bytes -> new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1).contains(SECRET));
    }

    private static Submission onCluster(Submission submission) {
        return submission.script("submit/standalone").master(cluster.uri());
    }
}
