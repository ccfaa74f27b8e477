package org.erat.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.erat.data.UsageException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GridTest {
    private static final String SETTINGS = "settings { model.path = m, data.train = d }\n";

    @TempDir
    private Path folder;

    @Test
    void everyMethodMeetsEveryTaskValueAndSeed() throws IOException {
        Grid grid = load(
                SETTINGS
                        + """
                tasks { one { data.train = a }, two { data.train = b } }
                methods {
                  z { method = lora, training.epochs = 2 }
                  a { method = erat }
                }
                sweep { training.learning-rate = [1e-4, 4e-4] }
                seeds = [3, 1]
                baseline { method = z-learning-rate-4e-4, order = canonical }
                """);

        assertThat(grid.trials())
                .extracting(Grid.Trial::folder)
                .startsWith(
                        "one/z-learning-rate-1e-4/seed-3",
                        "one/z-learning-rate-1e-4/seed-1",
                        "one/z-learning-rate-4e-4/seed-3",
                        "one/z-learning-rate-4e-4/seed-1",
                        "one/a-learning-rate-1e-4/seed-3")
                .hasSize(16);
        JobConfig job = grid.trials().get(3).job();
        assertThat(job.method()).isEqualTo(Method.LORA);
        assertThat(job.seed()).isEqualTo(1);
        assertThat(job.data().train()).isEqualTo("a");
        assertThat(job.training().epochs()).isEqualTo(2);
        assertThat(job.training().learningRate()).isEqualTo(4e-4);
        assertThat(grid.baseline()).contains(new Grid.Baseline("z-learning-rate-4e-4", RowOrder.CANONICAL));
    }

    @Test
    void searchRunsTryEveryValueOnTheirOwnTasks() throws IOException {
        Grid grid = load(
                SETTINGS
                        + """
                tasks { one { data.train = a }, two { data.train = b } }
                methods {
                  lora { method = lora }
                  erat { method = erat }
                }
                choose {
                  tasks { one { data.train = c }, two { data.train = d } }
                  sweep { training { learning-rate = [1e-4, 4e-4], epochs = [2] } }
                  seeds = [11, 12]
                }
                seeds = [1, 2, 3]
                baseline { method = lora }
                """);

        assertThat(grid.search())
                .extracting(Grid.Trial::folder)
                .startsWith(
                        "one/lora-epochs-2-learning-rate-1e-4/seed-11",
                        "one/lora-epochs-2-learning-rate-1e-4/seed-12",
                        "one/lora-epochs-2-learning-rate-4e-4/seed-11")
                .hasSize(2 * 2 * 2 * 2);
        Grid.Trial trial = grid.search().get(2);
        assertThat(trial.method()).isEqualTo("lora");
        assertThat(trial.choice()).isEqualTo(Map.of("training.epochs", "2", "training.learning-rate", "4e-4"));
        assertThat(trial.job().data().train()).isEqualTo("c");
        assertThat(trial.job().training().learningRate()).isEqualTo(4e-4);
        assertThat(trial.job().training().epochs()).isEqualTo(2);
        assertThat(grid.trials()).hasSize(2 * 2 * 2 * 3);
        assertThat(grid.names())
                .startsWith("one/lora/seed-1", "one/lora/seed-2")
                .hasSize(2 * 2 * 3);
        assertThat(grid.searchTask("two")).isEqualTo("two");
    }

    @Test
    void oneTaskOfTheSearchChoosesForAllAndAfterASweepForEachOfItsPoints() throws IOException {
        Grid grid = load(
                SETTINGS
                        + """
                methods { lora { method = lora } }
                sweep { adapter.rank = [2, 4] }
                choose { tasks { part { data.train = c } }, sweep { training.learning-rate = [1e-4, 4e-4] } }
                """);

        assertThat(grid.search())
                .extracting(Grid.Trial::folder)
                .containsExactly(
                        "part/lora-rank-2-learning-rate-1e-4/seed-1",
                        "part/lora-rank-2-learning-rate-4e-4/seed-1",
                        "part/lora-rank-4-learning-rate-1e-4/seed-1",
                        "part/lora-rank-4-learning-rate-4e-4/seed-1");
        assertThat(grid.names()).containsExactly("lora-rank-2/seed-1", "lora-rank-4/seed-1");
        assertThat(grid.searchTask("")).isEqualTo("part");
    }

    @Test
    void whatAGridIncludesLiesBesideItAndOverridesGoBeforeAll() throws IOException {
        Files.writeString(folder.resolve("base.conf"), "model.path = m, data.train = d, training.epochs = 9");
        Path file = folder.resolve("grid.conf");
        Files.writeString(
                file,
                "settings { include required(\"base.conf\") }, methods { lora { method = lora, training.shards = 3 } }");

        JobConfig job =
                Grid.load(file, List.of("training.shards=5")).trials().get(0).job();

        assertThat(job.training().epochs()).isEqualTo(9);
        assertThat(job.training().shards()).isEqualTo(5);
    }

    @Test
    void theGridsOfTheProjectCanBeRead() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("../conf/experiments"))) {
            assertThat(files).isNotEmpty().allSatisfy(file -> assertThat(
                            Grid.load(file, List.of()).trials())
                    .isNotEmpty());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            textBlock =
                    """
            methods { a { method = lora } }, seed = [1]; unknown key seed: did you mean seeds?
            methods { a { method = lora, adapter.rang = 3 } }; a:
            methods { a { method = lora }, b { method = lora } }; a/seed-1 and b/seed-1 are the same run
            methods { a { method = lora } }, seeds = [1, 1]; a/seed-1 and a/seed-1 are the same run
            methods { a { method = lora } }, seeds = []; seeds is empty
            methods { a { method = lora } }, seeds = [one]; seeds is not a list of whole numbers
            methods { a { method = lora, evaluation.prefixes = false } }; a is not measured, and cannot be compared
            methods { }; methods is empty
            seeds = [1]; there are no methods
            methods { a = lora }; methods.a is not a block of settings
            methods { "../a" { method = lora } }; cannot be the name of a folder
            methods { a { method = lora } }, sweep { adapter.rank = 3 }; sweep.adapter.rank is not a list
            methods { a { method = lora } }, sweep { adapter.rank = [] }; sweep.adapter.rank is empty
            methods { a { method = lora } }, sweep { adapter.rank = [3, 4, 3] }; sweep.adapter.rank has the value 3 twice
            methods { a { method = lora } }, sweep { training.learning-rate = [4e-4, 0.0004] }; has the value 0.0004 twice
            methods { a { method = lora } }, sweep { model.path = [a/b] }; 'a/b' in sweep.model.path cannot be part of a folder's name
            methods { a { method = lora, adapter { rank = 3 } } }, sweep { adapter.rank = [3, 4] }; a sets adapter.rank, and sweep.adapter.rank would overwrite it
            methods { a { method = lora, training.epochs = 3 } }, choose { tasks { p { data.train = e } }, sweep { training.epochs = [1, 2] } }; a sets training.epochs, and choose.sweep.training.epochs would overwrite it
            methods { a { method = lora } }, sweep { training.epochs = [3] }, choose { tasks { p { data.train = e } }, sweep { training.epochs = [1, 2] } }; a-epochs-3 sets training.epochs, and choose.sweep.training.epochs would
            methods { a { method = lora } }, choose { task { } }; unknown key choose.task: did you mean choose.tasks?
            methods { a { method = lora } }, choose { tasks { p { data.train = e } } }; choose.sweep is empty
            methods { a { method = lora } }, choose { sweep { training.epochs = [1] } }; there are no choose.tasks
            methods { a { method = lora } }, choose { tasks { p { data.train = e } }, sweep { training.epochs = [] } }; choose.sweep.training.epochs is empty
            methods { a { method = lora } }, choose { tasks { p { data.train = e } }, sweep { training.epochs = [2, 2] } }; choose.sweep.training.epochs has the value 2 twice
            methods { a { method = lora } }, choose { tasks { p { data.train = e } }, sweep { training.epochs = 2 } }; choose.sweep.training.epochs is not a list
            methods { a { method = lora } }, choose { tasks { p { data.train = e } }, sweep { training.epochs = [2] }, seeds = [] }; choose.seeds is empty
            tasks { x { data.train = g }, y { data.train = h } }, methods { a { method = lora } }, choose { tasks { x { data.train = e }, z { data.train = f } }, sweep { training.epochs = [2] } }; choose.tasks are x, z, and tasks are x, y
            methods { a { method = lora } }, baseline { method = a, ordre = trained }; unknown key baseline.ordre: did you mean baseline.order?
            methods { a { method = lora } }, baseline { method = b }; baseline.method b is none of a
            methods { a { method = lora } }, baseline { method = a, order = data-aware }; not measured in the order data-aware
            methods { a { method = lora } }, baseline { method = a, order = best }; best is none of trained
            """)
    void whatCannotBeAGridIsRefused(String text, String message) {
        assertThatThrownBy(() -> load(SETTINGS + text))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("grid.conf")
                .hasMessageContaining(message);
    }

    private Grid load(String text) throws IOException {
        Path file = folder.resolve("grid.conf");
        Files.writeString(file, text);
        return Grid.load(file, List.of());
    }
}
