package org.erat.data.maven;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A shell stands in for the Maven client, so nothing is fetched. */
class MavenRepositoryTest {
    private static final MavenArtifact ARTIFACT = MavenArtifact.parse("maven:org.example:tiny-bert:1.0");

    @TempDir
    private Path directory;

    private final List<String> progress = new ArrayList<>();

    private Path repository() {
        return directory.resolve("repository");
    }

    private Path jar() {
        return repository().resolve("org/example/tiny-bert/1.0/tiny-bert-1.0.jar");
    }

    private Path resolve(String script) {
        MavenRepository maven = new MavenRepository(repository(), List.of("sh", "-c", script, "mvn"));
        return maven.resolve(ARTIFACT, progress::add);
    }

    /** Puts the client's arguments and working directory where the jar should be. */
    private String delivering() {
        return "mkdir -p '" + jar().getParent() + "' && { echo \"$@\"; pwd -P; } > '" + jar() + "'";
    }

    @Test
    void aJarInTheLocalRepositoryNeedsNoClient() throws IOException {
        Files.createDirectories(jar().getParent());
        Files.writeString(jar(), "jar");
        assertThat(resolve("exit 1")).isEqualTo(jar());
        assertThat(progress).isEmpty();
    }

    @Test
    void aMissingJarIsFetchedByTheClient() throws IOException {
        assertThat(resolve(delivering())).isEqualTo(jar());
        assertThat(jar())
                .content()
                .contains(
                        "dependency-plugin",
                        "-Dartifact=org.example:tiny-bert:1.0",
                        "-Dtransitive=false",
                        "-Dmaven.repo.local=" + repository());
        assertThat(progress).containsExactly("Fetching org.example:tiny-bert:1.0 with Maven");
    }

    @Test
    void theClientRunsAwayFromAnyProject() throws IOException {
        resolve(delivering());
        assertThat(Files.readAllLines(jar()).get(1))
                .isEqualTo(repository().toRealPath().toString());
    }

    @Test
    void whereTheJarComesFromIsPassedOn() {
        resolve("echo '[INFO] Downloading from central: plugin-3.jar'; "
                + "echo '[INFO] Downloading from central: tiny-bert-1.0.jar'; " + delivering());
        assertThat(progress)
                .containsExactly(
                        "Fetching org.example:tiny-bert:1.0 with Maven", "Downloading from central: tiny-bert-1.0.jar");
    }

    @Test
    void anArtifactThatTheClientCannotFindIsBadInput() {
        assertThatThrownBy(() -> resolve(
                        "printf '\\033[0m[ERROR] Could not find artifact -> [Help 1]\\n[ERROR] Advice\\n'; exit 1"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(
                        "Maven cannot find or fetch org.example:tiny-bert:1.0: Could not find artifact. Check");
    }

    @Test
    void aClientThatFailsWithoutAnErrorIsQuotedByItsLastLines() {
        assertThatThrownBy(() -> resolve("for i in 1 2 3 4 5 6 7; do echo line $i; done; exit 1"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("tiny-bert:1.0: line 3 line 4 line 5 line 6 line 7. Check");
    }

    @Test
    void aMissingClientIsAUsageError() {
        MavenRepository maven = new MavenRepository(repository(), List.of("no-such-maven-client"));
        assertThatThrownBy(() -> maven.resolve(ARTIFACT, progress::add))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("'no-such-maven-client' cannot be started")
                .hasMessageContaining("Install Maven")
                .hasMessageContaining("path of the jar");
    }

    @Test
    void aClientThatPutsTheJarElsewhereIsAUsageError() {
        assertThatThrownBy(() -> resolve("exit 0"))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("-Dmaven.repo.local");
    }
}
