package org.erat.data.basemodel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A shell stands in for the Maven client, so nothing is fetched. */
class MavenRepositoryTest {
    private static final MavenCoordinates COORDINATES = MavenCoordinates.parse("maven:org.example:tiny-bert:1.0");

    @TempDir
    private Path directory;

    private final List<String> progress = new ArrayList<>();

    private Path jar() {
        return directory.resolve("org/example/tiny-bert/1.0/tiny-bert-1.0.jar");
    }

    private Path resolve(String script) {
        MavenRepository maven = new MavenRepository(directory, List.of("sh", "-c", script, "mvn"));
        return maven.resolve(COORDINATES, progress::add);
    }

    @Test
    void aJarInTheLocalRepositoryNeedsNoClient() throws IOException {
        Files.createDirectories(jar().getParent());
        Files.writeString(jar(), "jar");
        assertThat(resolve("exit 1")).isEqualTo(jar());
        assertThat(progress).isEmpty();
    }

    @Test
    void aMissingJarIsFetchedByTheClient() {
        String script = "mkdir -p '" + jar().getParent() + "' && echo \"$@\" > '" + jar() + "'";
        assertThat(resolve(script)).isEqualTo(jar());
        assertThat(jar())
                .content()
                .contains("dependency-plugin", "-Dartifact=org.example:tiny-bert:1.0", "-Dtransitive=false");
        assertThat(progress).containsExactly("fetching org.example:tiny-bert:1.0 with Maven");
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
    void aMissingClientIsAUsageError() {
        MavenRepository maven = new MavenRepository(directory, List.of("no-such-maven-client"));
        assertThatThrownBy(() -> maven.resolve(COORDINATES, progress::add))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("'no-such-maven-client' cannot be started")
                .hasMessageContaining("Install Maven");
    }

    @Test
    void aClientThatPutsTheJarElsewhereIsAUsageError() {
        assertThatThrownBy(() -> resolve("exit 0"))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("-Dmaven.repo.local");
    }

    @Test
    void aPreparedArtifactIsReusedWithoutItsJar() throws IOException {
        Files.createDirectories(jar().getParent());
        Map<String, byte[]> model =
                TensorFlowModelBuilder.build(SyntheticModel.BERT, SyntheticModel.complete(SyntheticModel.BERT), false);
        TestArchive.write(jar(), model);
        BaseModelImporter importer =
                new BaseModelImporter(new MavenRepository(directory, List.of("false")), progress::add);
        Path out = directory.resolve("out");
        assertThat(importer.run("maven:org.example:tiny-bert:1.0", out).reused())
                .isFalse();
        Files.delete(jar());
        assertThat(importer.run("maven:org.example:tiny-bert:1.0", out).reused())
                .isTrue();
        assertThatThrownBy(() -> importer.run("maven:org.example:tiny-bert:1.1", out))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("cannot find or fetch org.example:tiny-bert:1.1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "maven:",
                "maven:a:b",
                "maven:a:b:1:2",
                "maven:a:b:",
                "maven:../x:b:1",
                "maven:a:..:1",
                "maven:a:b:1/2",
                "maven:a:-Dx=y:1",
                "maven:a:b:1 -Dx=y",
                "maven:a:b:$(x)"
            })
    void coordinatesThatAreNotPlainNamesAreRefused(String from) {
        assertThatThrownBy(() -> MavenCoordinates.parse(from))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("maven:GROUP:ARTIFACT:VERSION");
    }
}
