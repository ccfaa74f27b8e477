package org.erat.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.erat.checkpoint.ResumableException;
import org.erat.data.UsageException;

/**
 * Folders into which libraries unpack their native code, to load it from there: Spark's compression, the mathematics, the
 * tokenizer. They must be writable, and their file system must allow execution.
 */
final class NativeFolders {
    private static final Path MOUNTS = Path.of("/proc/self/mounts");
    private static final int PROBE_BYTES = 1 << 16;

    private NativeFolders() {}

    /**
     * A folder of native code.
     *
     * @param path where it is, or will be
     * @param of whose code it is for
     * @param setting how to name another one, to which the path is appended
     */
    record Folder(Path path, String of, String setting) {}

    /**
     * Checks them before anything is loaded.
     *
     * @throws UsageException naming the folder and its setting if code cannot be loaded from it
     * @throws ResumableException if its disk is full
     */
    static void check() {
        String mounts;
        try {
            mounts = Files.readString(MOUNTS);
        } catch (IOException e) {
            // Of Linux only.
            mounts = "";
        }
        check(folders(System::getProperty, System::getenv), mounts);
    }

    /** @param mounts mounted file systems, as /proc/self/mounts lists them */
    static void check(List<Folder> folders, String mounts) {
        for (int i = 0; i < folders.size(); i++) {
            Folder folder = folders.get(i);
            Path there = existing(folder.path());
            forbiddingMount(there, mounts).ifPresent(mount -> {
                throw new UsageException(folder.path() + ", where " + folder.of()
                        + " unpacks its native code, is on a file system that forbids execution (" + mount
                        + " is mounted noexec). " + elsewhere(folder));
            });
            // What is unpacked already is only read.
            boolean unpacked = i > 0 && Files.isDirectory(folder.path()) && !isEmpty(folder.path());
            if (!unpacked) {
                requireWritable(folder, there);
            }
        }
    }

    /** The folders as the libraries choose them; the first one, for temporary files, is written to in every run. */
    static List<Folder> folders(UnaryOperator<String> property, UnaryOperator<String> environment) {
        Path temporary = Path.of(property.apply("java.io.tmpdir"));
        Path home = Path.of(property.apply("user.home"));
        return List.of(
                new Folder(
                        temporary,
                        "Spark's compression",
                        "--spark-conf spark.driver.extraJavaOptions=-Djava.io.tmpdir="),
                new Folder(
                        mathematics(property, home, temporary),
                        "the mathematics",
                        "--spark-conf spark.driver.extraJavaOptions=-Dorg.bytedeco.javacpp.cachedir="),
                new Folder(tokenizer(property, environment, home, temporary), "the tokenizer", "DJL_CACHE_DIR="));
    }

    /** As JavaCPP chooses it. */
    private static Path mathematics(UnaryOperator<String> property, Path home, Path temporary) {
        String named = property.apply("org.bytedeco.javacpp.cachedir");
        Path inHome = home.resolve(".javacpp/cache");
        if (named != null) {
            return Path.of(named);
        }
        return Files.isWritable(existing(inHome))
                ? inHome
                : temporary.resolve(".javacpp-" + property.apply("user.name") + "/cache");
    }

    /** As Deep Java Library chooses it. */
    private static Path tokenizer(
            UnaryOperator<String> property, UnaryOperator<String> environment, Path home, Path temporary) {
        for (String name : List.of("ENGINE_CACHE_DIR", "DJL_CACHE_DIR")) {
            for (UnaryOperator<String> source : List.of(environment, property)) {
                String named = source.apply(name);
                if (named != null && !named.isEmpty()) {
                    return Path.of(named);
                }
            }
        }
        return (Files.isWritable(home) ? home : temporary).resolve(".djl.ai");
    }

    /** A folder, or the innermost one above it that is there. */
    private static Path existing(Path folder) {
        Path at = folder.toAbsolutePath();
        while (!Files.exists(at) && at.getParent() != null) {
            at = at.getParent();
        }
        return at;
    }

    /** Where the file system of {@code folder} is mounted, if it forbids execution. */
    private static Optional<Path> forbiddingMount(Path folder, String mounts) {
        Path real;
        try {
            real = folder.toRealPath();
        } catch (IOException e) {
            return Optional.empty();
        }
        // Of several on one another the last one counts.
        return mounts.lines()
                .map(line -> line.split(" ", -1))
                .filter(fields -> fields.length > 3 && real.startsWith(unescaped(fields[1])))
                .reduce((a, b) ->
                        unescaped(b[1]).getNameCount() >= unescaped(a[1]).getNameCount() ? b : a)
                .filter(fields -> Arrays.asList(fields[3].split(",", -1)).contains("noexec"))
                .map(fields -> unescaped(fields[1]));
    }

    /** Blanks and the like are written as octal numbers there. */
    private static Path unescaped(String mount) {
        Matcher octal = Pattern.compile("\\\\([0-7]{3})").matcher(mount);
        return Path.of(
                octal.replaceAll(match -> Matcher.quoteReplacement("" + (char) Integer.parseInt(match.group(1), 8))));
    }

    private static boolean isEmpty(Path folder) {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.findAny().isEmpty();
        } catch (IOException e) {
            return true;
        }
    }

    private static void requireWritable(Folder folder, Path there) {
        try {
            Path probe = Files.createTempFile(there, "erat", ".probe");
            try {
                Files.write(probe, new byte[PROBE_BYTES]);
            } finally {
                Files.deleteIfExists(probe);
            }
        } catch (IOException e) {
            String problem = folder.path() + ", where " + folder.of() + " unpacks its native code, cannot be written ("
                    + e + "). ";
            if (String.valueOf(e.getMessage()).contains("No space left")) {
                throw new ResumableException(
                        problem + "Make room there, or name another folder. " + elsewhere(folder), e);
            }
            throw new UsageException(problem + elsewhere(folder), e);
        }
    }

    private static String elsewhere(Folder folder) {
        String set = folder.setting() + "/path/to/folder";
        return folder.setting().startsWith("--")
                ? "Name another one: " + set + ", and for executors spark.executor.extraJavaOptions."
                : "Name another one in the environment: " + set + ", and for executors spark.executorEnv."
                        + folder.setting() + "/path/to/folder.";
    }
}
