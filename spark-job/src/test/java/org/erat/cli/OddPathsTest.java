package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.erat.job.TinyProject;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Names that mean something to URIs, file name patterns or shells mean nothing to the job. */
class OddPathsTest {
    private static final String ODD = "a b/größe 日本 100%25 #1 [x]{y}&+,=";

    @TempDir
    private Path folder;

    @BeforeAll
    static void twoCores() {
        TinyCommands.onTwoCores();
    }

    @AfterAll
    static void clear() {
        TinyCommands.forgetSpark();
    }

    @Test
    void everyCommandTakesPathsWithAnyCharacters() throws IOException {
        TinyProject project = TinyCommands.write(Files.createDirectories(folder.resolve(ODD)));
        Path run = project.folder().resolve("run");

        succeeds(TinyCommands.prepareModel(project));
        succeeds(TinyCommands.prepareData(project, "data"));
        succeeds(TinyCommands.train(project, "run"));
        succeeds(TinyCommands.words("evaluate --suffixes --run-dir", run, "--data", project.data()));
        Path predictions = project.folder().resolve("predictions.jsonl");
        succeeds(TinyCommands.words("predict --rank 2 --run-dir", run, "--data", project.data(), "--out", predictions));
        Path adapter = project.folder().resolve("adapter");
        succeeds(TinyCommands.words("export --rank 2 --run-dir", run, "--out", adapter));

        assertThat(run.resolve("_SUCCESS")).exists();
        assertThat(Files.readAllLines(predictions)).hasSize(TinyProject.VALIDATION_EXAMPLES);
        assertThat(adapter.resolve("adapter_model.safetensors")).isNotEmptyFile();
    }

    private static void succeeds(String... command) {
        TinyCommands.Ended ended = TinyCommands.run(command);
        assertThat(ended.error()).as(command[0]).isEmpty();
        assertThat(ended.code()).as(command[0]).isZero();
    }
}
