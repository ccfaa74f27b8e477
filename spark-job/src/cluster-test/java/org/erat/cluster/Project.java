package org.erat.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.spark.sql.SparkSession;
import org.erat.data.text.Tokenization;
import org.erat.job.TinyProject;

/**
 * A tiny model with enough to train that faults hit a run in the middle: 30 rounds of 60 local steps on two shards.
 *
 * @param tiny the model, the text and the tokenized data
 */
public record Project(TinyProject tiny) {
    public static final int ROUNDS = 30;

    private static final int EXAMPLES = 1440;

    private static Project prepared;

    /** The project that all tests share. The first call prepares it and makes the run that nothing disturbs. */
    public static synchronized Project shared() {
        if (prepared == null) {
            prepared = prepare(Scratch.folder("project"));
        }
        return prepared;
    }

    private static Project prepare(Path folder) {
        Project project = new Project(new TinyProject(folder));
        project.tiny.writeSources();
        try {
            enlarge(folder.resolve("text/train.tsv"));
            Files.writeString(
                    project.configuration(),
                    project.tiny
                            .configuration()
                            .replaceFirst(
                                    "training \\{ epochs.*}",
                                    "training { epochs = 10, shards = 2, batch-size = 4,"
                                            + " local-steps = 60, learning-rate = 0.002 }"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        try (SparkSession session = SparkSession.builder()
                .master("local[1]")
                .config("spark.ui.enabled", "false")
                .getOrCreate()) {
            Tokenization.prepare(session, project.tiny.request("data"), line -> {});
        }
        project.run("undisturbed").on("local[1]").submitToTheEnd();
        return project;
    }

    private static void enlarge(Path table) throws IOException {
        List<String> rows = Files.readAllLines(table);
        List<String> more = new ArrayList<>(List.of(rows.get(0)));
        Random random = new Random(5);
        while (more.size() <= EXAMPLES) {
            more.add(rows.get(1 + random.nextInt(rows.size() - 1)));
        }
        Files.write(table, more);
    }

    public Path folder() {
        return tiny.folder();
    }

    private Path configuration() {
        return folder().resolve("job.conf");
    }

    /** Run directory of the run that nothing disturbed, on one core. */
    public Path undisturbed() {
        return folder().resolve("undisturbed");
    }

    /** Training into a folder of this name in the project. */
    public Run run(String name) {
        return runAt(folder().resolve(name).toString());
    }

    /** Training into a run directory anywhere. */
    public Run runAt(String directory) {
        return new Run(directory, Submission.of("train", "--conf", configuration(), "--run-dir", directory));
    }

    /** Checks that a run has finished with the adapter of the undisturbed run, byte for byte. */
    public void assertSameAsUndisturbed(Path run) {
        assertSame(run, undisturbed());
    }

    /** Checks that a run has finished with the adapter of another run, byte for byte. */
    public static void assertSame(Path run, Path expected) {
        assertThat(run.resolve("_SUCCESS")).exists();
        assertThat(TinyProject.bytesOf(run.resolve("adapter")))
                .containsKey("adapter_model.safetensors")
                .containsExactlyInAnyOrderEntriesOf(TinyProject.bytesOf(expected.resolve("adapter")));
        assertThat(run.resolve("evaluation.json")).hasSameBinaryContentAs(expected.resolve("evaluation.json"));
    }
}
