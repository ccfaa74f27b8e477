package org.erat.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.erat.training.TinyProject;

/** Command lines over a {@link TinyProject}, run in this process as a notebook would. */
final class TinyCommands {
    /** What spark-submit would say on the command line. */
    static final Map<String, String> SPARK = Map.of(
            "spark.master", "local[2]",
            "spark.ui.enabled", "false",
            "spark.driver.host", "127.0.0.1",
            "spark.driver.bindAddress", "127.0.0.1",
            "spark.sql.shuffle.partitions", "2");

    private TinyCommands() {}

    static void onTwoCores() {
        SPARK.forEach(System::setProperty);
    }

    static void forgetSpark() {
        SPARK.keySet().forEach(System::clearProperty);
    }

    /** A project with its configuration in {@code job.conf}, of which nothing is prepared. */
    static TinyProject write(Path folder) {
        TinyProject project = new TinyProject(folder);
        project.writeSources();
        try {
            Files.writeString(folder.resolve("job.conf"), project.configuration());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return project;
    }

    /**
     * How a command ended.
     *
     * @param error what it said about its failure
     */
    record Ended(int code, String error) {}

    static Ended run(String... args) {
        StringWriter err = new StringWriter();
        int code = Main.run(new Jobs(), new PrintWriter(new StringWriter()), new PrintWriter(err, true), args);
        return new Ended(code, err.toString());
    }

    static String[] prepareModel(TinyProject of) {
        return words("prepare-model --from", of.model(), "--out", of.folder().resolve("base"));
    }

    static String[] prepareData(TinyProject of, String out) {
        return words(
                "prepare-data --format tsv --text sentence --label mood --type classification --input",
                of.text(),
                "--model",
                of.model(),
                "--out",
                of.folder().resolve(out));
    }

    static String[] train(TinyProject of, String runDirectory, String... more) {
        List<Object> parts = new ArrayList<>(List.of(
                "train --conf",
                of.folder().resolve("job.conf"),
                "--run-dir",
                of.folder().resolve(runDirectory)));
        parts.addAll(List.of(more));
        return words(parts.toArray());
    }

    /** Texts are split at blanks, paths are not. */
    static String[] words(Object... parts) {
        return Stream.of(parts)
                .flatMap(part -> part instanceof String text ? Stream.of(text.split(" ", -1)) : Stream.of("" + part))
                .toArray(String[]::new);
    }
}
