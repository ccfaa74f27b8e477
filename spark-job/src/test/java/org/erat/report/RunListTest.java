package org.erat.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.erat.checkpoint.RunDirectory;
import org.erat.data.UsageException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunListTest {
    @TempDir
    private Path folder;

    @Test
    void everyRunHasItsStatusAndTheMetricAtItsRecommendedRank() {
        RunFiles.finished(folder.resolve("b/finished"), "lora", 0.9);
        RunFiles.open(folder.resolve("b/interrupted"), RunFiles.settings("erat"))
                .close();
        try (RunDirectory failed = RunFiles.open(folder.resolve("c/failed"), RunFiles.settings("erat"))) {
            failed.fail("no memory");
        }
        try (RunDirectory running = RunFiles.open(folder.resolve("a"), RunFiles.settings("dylora"))) {
            RunFiles.train(running, 3, 2);

            List<String> lines = RunList.lines(folder.toString(), RunFiles.HADOOP);

            assertThat(lines)
                    .extracting(line -> line.replace(folder.toString(), "")
                            .replaceAll(" {2,}", "|")
                            .strip())
                    .containsExactly(
                            "run|status|rounds|task|method|metric|rank|value|order|started",
                            "/a|running|3/15|wordnet|dylora|–|–|–|–|–",
                            "/b/finished|finished|15/15|wordnet|lora|accuracy|2|0.7115|canonical|2026-01-02 03:04 UTC",
                            "/b/interrupted|interrupted|0|–|erat|–|–|–|–|–",
                            "/c/failed|failed|0|–|erat|–|–|–|–|–");
        }
    }

    @Test
    void whatIsNoRunIsLeftOut() throws IOException {
        Files.createDirectories(folder.resolve("work/model"));
        Files.writeString(folder.resolve("config.conf"), "not of a run");
        assertThat(RunList.lines(folder.toString(), RunFiles.HADOOP)).isEmpty();
        assertThatThrownBy(() -> RunList.lines(folder.resolve("none").toString(), RunFiles.HADOOP))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("is no folder");
    }
}
