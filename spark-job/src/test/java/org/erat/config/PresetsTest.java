package org.erat.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.erat.config.TrainingSettings.Decay;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The configurations that users start from. */
class PresetsTest {
    /** Tests run in the folder of their module. */
    private static final Path FOLDER = Path.of("..", "conf");

    private static final List<String> PATHS = List.of("model.path=m", "data.train=d");

    @ParameterizedTest
    @MethodSource("presets")
    void everyPresetLoadsOnceItsPathsAreGiven(Path preset) {
        JobConfig config = JobConfig.load(preset, PATHS);
        assertThat(config.training().shards()).isEqualTo(2);
        assertThat(JobConfig.parse(config.render(), "rendered", List.of())).isEqualTo(config);
    }

    @Test
    void theMethodPresetsDifferFromGlueByTheMethodOnly() {
        assertThat(preset("glue.conf").method()).isEqualTo(Method.LORA);
        for (String method : List.of("erat", "dylora", "matryoshka")) {
            assertThat(preset(method + ".conf"))
                    .isEqualTo(JobConfig.load(FOLDER.resolve("glue.conf"), with("method=" + method)));
        }
    }

    @Test
    void glueHasTheSettingsOfTheReferenceRuns() {
        JobConfig config = preset("glue.conf");
        assertThat(config.seed()).isEqualTo(1);
        assertThat(config.adapter())
                .isEqualTo(new AdapterSettings(8, 16, List.of("query", "value"), 0, false, OrderChoice.BEST));
        assertThat(config.training().epochs()).isEqualTo(1);
        assertThat(config.training().batchSize()).isEqualTo(32);
        assertThat(config.training().learningRate()).isEqualTo(4e-4);
        assertThat(config.training().warmupShare()).isEqualTo(0.06);
        assertThat(config.training().decay()).isEqualTo(Decay.LINEAR);
    }

    static Stream<Path> presets() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            List<Path> presets = files.filter(file -> file.toString().endsWith(".conf"))
                    .filter(file -> !file.getFileName().toString().startsWith("spark"))
                    .sorted()
                    .toList();
            assertThat(presets)
                    .extracting(file -> file.getFileName().toString())
                    .contains(
                            "quickstart.conf",
                            "glue.conf",
                            "erat.conf",
                            "erat-paper.conf",
                            "dylora.conf",
                            "matryoshka.conf");
            return presets.stream();
        }
    }

    private static JobConfig preset(String name) {
        return JobConfig.load(FOLDER.resolve(name), PATHS);
    }

    private static List<String> with(String override) {
        return Stream.concat(PATHS.stream(), Stream.of(override)).toList();
    }
}
