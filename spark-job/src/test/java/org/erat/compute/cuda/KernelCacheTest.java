package org.erat.compute.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelCacheTest {
    @TempDir
    private Path folder;

    private final List<String> compiled = new ArrayList<>();

    private KernelCode compile(String target) {
        compiled.add(target);
        return new KernelCode(target, target.getBytes(UTF_8));
    }

    @Test
    void whatOneProcessHasCompiledTheNextOneFinds() {
        for (int process = 0; process < 3; process++) {
            KernelCode code = cache().get("sm_90", "13.1", this::compile);
            assertThat(code.target()).isEqualTo("sm_90");
            assertThat(code.image()).asString(UTF_8).isEqualTo("sm_90");
        }
        assertThat(compiled).containsExactly("sm_90");
    }

    @Test
    void anotherTargetOrCompilerIsAnotherFile() {
        cache().get("sm_90", "13.1", this::compile);
        cache().get("sm_80", "13.1", this::compile);
        cache().get("sm_90", "13.2", this::compile);
        assertThat(compiled).containsExactly("sm_90", "sm_80", "sm_90");
    }

    @Test
    void onlyWholeFilesAreLeftAndOnlyTheirOwnerMayWriteThem() throws IOException {
        cache().get("sm_90", "13.1", this::compile);
        assertThat(Files.getPosixFilePermissions(folder.resolve("cache")))
                .isEqualTo(PosixFilePermissions.fromString("rwx------"));
        try (Stream<Path> files = Files.list(folder.resolve("cache"))) {
            assertThat(files).singleElement().asString().endsWith(".sm_90");
        }
    }

    @Test
    void aFolderThatOthersMayWriteToIsNotUsed() throws IOException {
        Path cache = Files.createDirectory(folder.resolve("cache"));
        Files.setPosixFilePermissions(cache, PosixFilePermissions.fromString("rwxrwxrwx"));
        cache().get("sm_90", "13.1", this::compile);
        cache().get("sm_90", "13.1", this::compile);
        assertThat(compiled).hasSize(2);
        assertThat(cache).isEmptyDirectory();
    }

    @Test
    void withoutAFolderEveryProcessCompiles() throws IOException {
        Files.createFile(folder.resolve("cache"));
        assertThat(cache().get("sm_90", "13.1", this::compile).image()).isNotEmpty();
    }

    private KernelCache cache() {
        return new KernelCache(folder.resolve("cache"));
    }
}
