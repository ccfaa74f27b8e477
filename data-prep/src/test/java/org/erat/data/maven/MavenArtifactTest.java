package org.erat.data.maven;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MavenArtifactTest {
    @TempDir
    private Path folder;

    private final List<String> progress = new ArrayList<>();

    @Test
    void takesWhatIsInTheLocalRepositoryWithoutRunningMaven() throws IOException {
        Path jar = folder.resolve("org/some/thing/1.0/thing-1.0.jar");
        Files.createDirectories(jar.getParent());
        Files.writeString(jar, "jar");

        assertThat(MavenArtifact.resolve("maven:org.some:thing:1.0", folder, "no-such-command", progress::add))
                .isEqualTo(jar);
        assertThat(MavenArtifact.resolve("org.some:thing:1.0", folder, "no-such-command", progress::add))
                .isEqualTo(jar);
        assertThat(progress).isEmpty();
    }

    @Test
    void fetchesWhatIsNotThereAndPassesOnWhatMavenSays() throws IOException {
        Path jar = folder.resolve("org/some/thing/1.0/thing-1.0.jar");
        String maven = script(
                "echo '[INFO] Downloading from central: plugin-3.jar'",
                "echo \"[INFO] Downloading from central: thing-1.0.jar $*\"",
                "mkdir -p '" + jar.getParent() + "'",
                "echo jar > '" + jar + "'");

        assertThat(MavenArtifact.resolve("maven:org.some:thing:1.0", folder, maven, progress::add))
                .isEqualTo(jar);
        assertThat(progress).hasSize(2);
        assertThat(progress.get(0)).isEqualTo("Fetching org.some:thing:1.0 by Maven");
        assertThat(progress.get(1))
                .startsWith("Downloading from central: thing-1.0.jar")
                .contains("-Dartifact=org.some:thing:1.0", "-Dtransitive=false", "-Dmaven.repo.local=" + folder);
    }

    @Test
    void aFailureOfMavenIsPassedOn() throws IOException {
        String maven = script("echo '[ERROR] Could not find artifact'", "exit 1");

        assertThatThrownBy(() -> MavenArtifact.resolve("a:b:1", folder, maven, progress::add))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("Maven cannot fetch a:b:1 (mvn ended with status 1): Could not find artifact");
    }

    @Test
    void withoutMavenTheMessageSaysWhatElseToDo() {
        assertThatThrownBy(() -> MavenArtifact.resolve("a:b:1", folder, "no-such-command", progress::add))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("install Maven")
                .hasMessageContaining("path of the jar");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "maven:a:b",
                "a:b:1:jar",
                "a:b:../../etc",
                "a:b:1..2",
                "a/c:b:1",
                "a:-Dx:1",
                "a:b: 1",
                "a:b:1;rm",
                "a:b:.1",
                "maven:",
                ""
            })
    void nothingButCoordinatesIsAccepted(String coordinates) {
        assertThatThrownBy(() -> MavenArtifact.resolve(coordinates, folder, "no-such-command", progress::add))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("maven:GROUP:ARTIFACT:VERSION");
    }

    private String script(String... lines) throws IOException {
        Path script = Files.createFile(
                folder.resolve("mvn"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Files.writeString(script, "#!/bin/sh\n" + String.join("\n", lines) + "\n");
        return script.toString();
    }
}
