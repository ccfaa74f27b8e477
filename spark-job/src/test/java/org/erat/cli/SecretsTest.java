package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.erat.job.TinyProject;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Secrets planted where users put them, and then looked for in every file and on the screen. */
class SecretsTest {
    private static final String SECRET = "wJalrXUtnFEMI-bPxRfiCY";

    private static final Map<String, String> PLANTED = Map.of(
            "spark.hadoop.fs.s3a.secret.key", SECRET,
            "spark.hadoop.fs.s3a.session.token", SECRET + "-token",
            "spark.ssl.ui.keyStorePassword", SECRET + "-password",
            "spark.driver.extraJavaOptions", "-Djavax.net.ssl.keyStorePassword=" + SECRET + "-option");

    @TempDir
    private Path folder;

    private final ByteArrayOutputStream screen = new ByteArrayOutputStream();
    private PrintStream err;

    @BeforeEach
    void plant() {
        TinyCommands.onTwoCores();
        PLANTED.forEach(System::setProperty);
        err = System.err;
        System.setErr(new PrintStream(screen, true, StandardCharsets.UTF_8));
    }

    @AfterEach
    void clear() {
        System.setErr(err);
        PLANTED.keySet().forEach(System::clearProperty);
        TinyCommands.forgetSpark();
    }

    @Test
    void noFileAndNoLineOfARunHoldsASecretOfSparkOrHadoop() throws IOException {
        TinyProject project = TinyCommands.write(folder);
        assertThat(TinyCommands.run(TinyCommands.prepareData(project, "data")).code())
                .isZero();

        TinyCommands.Ended ended = TinyCommands.run(TinyCommands.train(project, "run"));

        assertThat(ended.code()).as(ended.error()).isZero();
        assertThat(folder.resolve("run/provenance.json"))
                .content()
                .contains("\"spark.hadoop.fs.s3a.secret.key\" : \"*********(redacted)\"")
                // Before the user's options Spark puts some of its own.
                .containsPattern("\"spark.driver.extraJavaOptions\" : \"[^\"\n"
                        + "]* -Djavax.net.ssl.keyStorePassword=[*]{9}[(]redacted[)]\"");
        assertNoSecretIn(folder);
    }

    @Test
    void aSecretInAMistakenOptionIsNotRepeatedInTheMessage() throws IOException {
        TinyProject project = TinyCommands.write(folder);
        for (String mistake : new String[] {
            "--set fs.s3a.secret.key=" + SECRET,
            "--set seed=" + SECRET,
            "--secret-token=" + SECRET,
            "--set model.path=s3a://key:" + SECRET + "@bucket/model",
        }) {
            TinyCommands.Ended ended = TinyCommands.run(TinyCommands.train(project, "run", mistake));
            assertThat(ended.code()).as(mistake).isEqualTo(2);
            assertThat(ended.error()).startsWith("error: ").doesNotContain(SECRET);
        }
        assertThat(folder.resolve("run")).doesNotExist();
        assertNoSecretIn(folder);
    }

    @Test
    void anAddressWithAPasswordInTheConfigurationFileIsRefused() throws IOException {
        TinyProject project = TinyCommands.write(folder);
        Path other = folder.resolve("../other.conf");
        Files.writeString(
                other, project.configuration() + "\ndata.validation = \"hdfs://me:" + SECRET + "@cluster/d\"\n");
        TinyCommands.Ended ended =
                TinyCommands.run(TinyCommands.words("train --conf", other, "--run-dir", folder.resolve("run")));
        Files.delete(other);
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.error())
                .contains("data.validation holds a password", "credential provider")
                .doesNotContain(SECRET);
    }

    private void assertNoSecretIn(Path files) throws IOException {
        for (Path file : TinyProject.filesOf(files)) {
            assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
                    .as(file.toString())
                    .doesNotContain(SECRET);
        }
        assertThat(screen.toString(StandardCharsets.UTF_8)).doesNotContain(SECRET);
    }
}
