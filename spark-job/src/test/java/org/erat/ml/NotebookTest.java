package org.erat.ml;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The notebook as a user runs it without a browser: mvn test -Pnotebook. */
@Tag("notebook")
class NotebookTest {
    private static final int MOST_MINUTES = 40;

    @TempDir
    private Path folder;

    @Test
    void everyCellRunsAndShowsProgressTableReportPredictionsAndFiles() throws Exception {
        Path log = folder.resolve("log");
        ProcessBuilder run = new ProcessBuilder(
                        Path.of("../submit/notebook/run").toRealPath().toString(), folder.toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        // The tests' own is empty.
        run.environment().remove("SPARK_HOME");
        Process process = run.start();
        boolean ended = process.waitFor(MOST_MINUTES, TimeUnit.MINUTES);
        process.destroy();

        assertThat(ended).isTrue();
        assertThat(process.exitValue()).as(Files.readString(log)).isZero();
        StringBuilder shown = new StringBuilder();
        for (JsonNode cell : new ObjectMapper()
                .readTree(folder.resolve("spark-ml.ipynb").toFile())
                .get("cells")) {
            if (cell.get("cell_type").asText().equals("code")) {
                assertThat(cell.get("execution_count").isNumber()).isTrue();
                for (JsonNode output : cell.get("outputs")) {
                    assertThat(output.get("output_type").asText()).isNotEqualTo("error");
                    text(output.path("text"), shown);
                    text(output.path("data").path("text/html"), shown);
                }
            }
        }
        assertThat(shown)
                .contains("<th>recommended</th>")
                .contains("<iframe ")
                .contains("<th>predictedLabel</th>")
                .contains("adapter_model.safetensors")
                .containsPattern("<progress max=(\\d+) value=\\1>");
        assertThat(folder.resolve("spark-ml.html")).content().contains("<iframe ");
    }

    /** A text, or a list of its lines. */
    private static void text(JsonNode value, StringBuilder all) {
        if (value.isArray()) {
            value.forEach(line -> all.append(line.asText()));
        } else {
            all.append(value.asText());
        }
        all.append('\n');
    }
}
