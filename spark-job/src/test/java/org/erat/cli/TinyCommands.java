package org.erat.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.erat.job.TinyProject;

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

    /** Lines that a command puts on the screen, which must succeed; without the time since it began. */
    static List<String> shown(String... args) {
        PrintStream screen = System.err;
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        System.setErr(new PrintStream(lines, true, StandardCharsets.UTF_8));
        Ended ended;
        try {
            ended = run(args);
        } finally {
            System.setErr(screen);
        }
        if (ended.code() != 0) {
            throw new AssertionError(ended.error());
        }
        return lines.toString(StandardCharsets.UTF_8)
                .lines()
                .filter(line -> line.startsWith("["))
                .map(line -> line.substring(line.indexOf(']') + 2))
                .toList();
    }

    static Ended run(String... args) {
        StringWriter err = new StringWriter();
        int code = Main.run(JobCommand::work, new PrintWriter(new StringWriter()), new PrintWriter(err, true), args);
        return new Ended(code, err.toString());
    }

    static String[] prepareModel(TinyProject of) {
        return words("prepare-model --from", of.model(), "--out", of.folder().resolve("base"));
    }

    static String[] prepareData(TinyProject of, String out, Object... more) {
        return words(
                "prepare-data --format tsv --text sentence --label mood --type classification --input",
                of.text(),
                "--model",
                of.model(),
                "--out",
                of.folder().resolve(out),
                more);
    }

    static String[] train(TinyProject of, String runDirectory, Object... more) {
        return words(
                "train --conf",
                of.folder().resolve("job.conf"),
                "--run-dir",
                of.folder().resolve(runDirectory),
                more);
    }

    /** Texts are split at blanks, paths are not; arrays are taken apart. */
    static String[] words(Object... parts) {
        return Stream.of(parts).flatMap(TinyCommands::wordsOf).toArray(String[]::new);
    }

    private static Stream<String> wordsOf(Object part) {
        if (part instanceof Object[] parts) {
            return Stream.of(parts).flatMap(TinyCommands::wordsOf);
        }
        return part instanceof String text ? Stream.of(text.split(" ", -1)) : Stream.of(part.toString());
    }
}
