package org.erat.data.maven;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.erat.data.UsageException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MavenArtifactTest {
    @Test
    void namesItsJarInARepository() {
        MavenArtifact artifact = MavenArtifact.parse("maven:org.some:thing:1.0-M2.1");

        assertThat(artifact).hasToString("org.some:thing:1.0-M2.1");
        assertThat(artifact.jarIn(Path.of("repository")))
                .isEqualTo(Path.of("repository/org/some/thing/1.0-M2.1/thing-1.0-M2.1.jar"));
    }

    @Test
    void theSchemeTellsAnArtifactFromAPath() {
        assertThat(MavenArtifact.isArtifact("maven:a:b:1")).isTrue();
        assertThat(MavenArtifact.isArtifact("hdfs://maven:9000/a")).isFalse();
        assertThat(MavenArtifact.isArtifact("/data/a.jar")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "maven:",
                "a:b:1",
                "maven:a:b",
                "maven:a:b:",
                "maven:a:b:1:2",
                "maven:a:b:1:jar",
                "maven:../x:b:1",
                "maven:a/c:b:1",
                "maven:a:..:1",
                "maven:a:b:1/2",
                "maven:a:b:../../etc",
                "maven:a:b:1..2",
                "maven:a:b:.1",
                "maven:a:-Dx:1",
                "maven:a:-Dx=y:1",
                "maven:a:b: 1",
                "maven:a:b:1 -Dx=y",
                "maven:a:b:1;rm",
                "maven:a:b:$(x)"
            })
    void coordinatesThatAreNotPlainNamesAreRefused(String name) {
        assertThatThrownBy(() -> MavenArtifact.parse(name))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("maven:GROUP:ARTIFACT:VERSION");
    }
}
