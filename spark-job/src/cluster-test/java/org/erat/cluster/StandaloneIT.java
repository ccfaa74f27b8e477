package org.erat.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.erat.job.TinyProject;
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

    private static Project project;
    private static StandaloneCluster cluster;

    @BeforeAll
    static void start() {
        project = Project.shared();
        cluster = StandaloneCluster.start(folder.resolve("cluster"), 2);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @Test
    void inClientModeTheAdapterIsThatOfOneCore() {
        Run run = run("client mode", cluster);
        run.submitToTheEnd();
        project.assertSameAsUndisturbed(run.path());
    }

    @Test
    void inClusterModeTheAdapterIsThatOfOneCore() {
        Run run = run(ODD, cluster);
        run.command().options("--deploy-mode", "cluster");
        run.submitToTheEnd();
        project.assertSameAsUndisturbed(run.path());
    }

    @Test
    void inClusterModeTheDriversExitCodeComesBack() throws IOException {
        Path outcomes = Files.createDirectory(folder.resolve("outcomes"));
        withoutData()
                .spark("spark.erat.outcomes", outcomes.toUri().toString())
                .run()
                .exits(3);
        try (var left = Files.list(outcomes)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void inClusterModeAFailureIsOneWhereNoFolderForOutcomesIsNamed() {
        withoutData().run().exits(1);
    }

    @Test
    void withAuthenticationAndEncryptionTheAdapterIsTheSame() {
        String options = "-Dspark.authenticate=true -Dspark.authenticate.secret='" + SECRET
                + "' -Dspark.network.crypto.enabled=true";
        Map<String, String> environment = Map.of("SPARK_MASTER_OPTS", options, "SPARK_WORKER_OPTS", options);
        Run run;
        try (StandaloneCluster guarded = StandaloneCluster.start(folder.resolve("guarded"), 2, environment)) {
            run = run("guarded run", guarded);
            run.command()
                    .spark("spark.authenticate", "true")
                    .spark("spark.authenticate.secret", SECRET)
                    .spark("spark.network.crypto.enabled", "true");
            run.submitToTheEnd();
            Run unknown = run("without the secret", guarded);
            assertThat(unknown.command().run().exitCode()).isNotZero();
            assertThat(unknown.path()).doesNotExist();
        }
        project.assertSameAsUndisturbed(run.path());
        assertThat(TinyProject.bytesOf(run.path()).values())
                .noneMatch(bytes -> new String(bytes, StandardCharsets.ISO_8859_1).contains(SECRET));
    }

    /** Training as a user submits it: Spark sends the job's jar. */
    private static Run run(String name, StandaloneCluster to) {
        Run run = project.run(name);
        run.command().script("submit/standalone").master(to.url());
        return run;
    }

    private static Submission withoutData() {
        return run("never written", cluster)
                .command()
                .options("--deploy-mode", "cluster")
                .set("data.train=" + folder.resolve("no such data"));
    }
}
