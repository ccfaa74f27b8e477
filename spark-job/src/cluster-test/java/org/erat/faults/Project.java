package org.erat.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.erat.data.text.Tokenization;
import org.erat.training.TinyProject;

/**
 * A tiny model with enough to train that faults hit a run in the middle: 30 rounds of 60 local steps on two shards.
 *
 * @param tiny the model, the text and the tokenized data
 */
record Project(TinyProject tiny) {
    static final int ROUNDS = 30;

    private static final int EXAMPLES = 1440;
    private static final Pattern ROUND = Pattern.compile("^\\{\"round\":(\\d+),.*}$", Pattern.MULTILINE);

    private static Project prepared;

    /** The one that all tests share, made once: with it the run that nothing disturbs. */
    static synchronized Project shared() {
        if (prepared == null) {
            prepared = prepare(Scratch.folder("project"));
        }
        return prepared;
    }

    private static Project prepare(Path folder) {
        Project project = new Project(new TinyProject(folder));
        project.tiny.writeSources();
        project.writeLines(folder.resolve("text/train.tsv"), project.enlarged());
        project.writeLines(
                project.configuration(),
                List.of(project.tiny
                        .configuration()
                        .replaceFirst(
                                "training \\{ epochs.*}",
                                "training { epochs = 10, shards = 2, batch-size = 4,"
                                        + " local-steps = 60, learning-rate = 0.002 }")));
        try (SparkSession session = SparkSession.builder()
                .master("local[1]")
                .config("spark.ui.enabled", "false")
                .getOrCreate()) {
            Tokenization.prepare(session, project.tiny.request("data"), line -> {});
        }
        new Run(project, project.undisturbed().toString(), Map.of("spark.master", "local[2]"), List.of())
                .submitToTheEnd();
        return project;
    }

    Path folder() {
        return tiny.folder();
    }

    Path configuration() {
        return folder().resolve("job.conf");
    }

    /** Run directory of the run that nothing disturbed. */
    Path undisturbed() {
        return folder().resolve("undisturbed");
    }

    /** The last round whose metrics are written in a run directory; 0 where there is none. */
    int roundsDone(Path runDirectory) {
        try {
            Matcher lines = ROUND.matcher(Files.readString(runDirectory.resolve("metrics.jsonl")));
            int last = 0;
            while (lines.find()) {
                last = Integer.parseInt(lines.group(1));
            }
            return last;
        } catch (NoSuchFileException e) {
            return 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What is in a folder, in the order of names. */
    static List<Path> list(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<String> enlarged() {
        try {
            List<String> rows = Files.readAllLines(folder().resolve("text/train.tsv"));
            List<String> more = new ArrayList<>(List.of(rows.get(0)));
            Random random = new Random(5);
            while (more.size() <= EXAMPLES) {
                more.add(rows.get(1 + random.nextInt(rows.size() - 1)));
            }
            return more;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void writeLines(Path file, List<String> lines) {
        try {
            Files.write(file, lines);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
