package org.erat.data.maven;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;

/** The jar of a Maven artifact, named by {@code maven:GROUP:ARTIFACT:VERSION}. */
public final class MavenArtifact {
    /** What names of artifacts start with. */
    public static final String SCHEME = "maven:";

    private static final String GET = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:get";
    /** No part may begin with a dash or a dot, nor hold a separator: each becomes part of a path and of a command. */
    private static final Pattern COORDINATES = Pattern.compile(
            "(?:maven:)?+([A-Za-z0-9_][A-Za-z0-9_.-]*):([A-Za-z0-9_][A-Za-z0-9_.-]*):([A-Za-z0-9_][A-Za-z0-9_.-]*)");

    private static final int LINES_OF_FAILURE = 5;
    private static final int MILLISECONDS_BETWEEN_REPORTS = 5000;

    private MavenArtifact() {}

    /** Whether {@code name} names an artifact rather than a path. */
    public static boolean isArtifact(String name) {
        return name.startsWith(SCHEME);
    }

    /**
     * The jar of an artifact in the local repository ({@code -Dmaven.repo.local}, else {@code ~/.m2/repository}). If it
     * is not there, {@code mvn dependency:get} fetches it, from wherever the user's Maven is set up to fetch from.
     *
     * @param coordinates {@code GROUP:ARTIFACT:VERSION}, with or without {@code maven:} before it
     * @param progress is told what Maven downloads
     * @throws UsageException if these are not coordinates, or there is no {@code mvn} to run
     * @throws BadInputException if Maven cannot fetch the artifact
     */
    public static Path resolve(String coordinates, Consumer<String> progress) {
        return resolve(coordinates, localRepository(), mavenCommand(), progress);
    }

    static Path resolve(String coordinates, Path repository, String maven, Consumer<String> progress) {
        Matcher parts = COORDINATES.matcher(coordinates);
        if (!parts.matches() || coordinates.contains("..")) {
            throw new UsageException(String.format(
                    "'%s' does not name a Maven artifact: write maven:GROUP:ARTIFACT:VERSION", coordinates));
        }
        String group = parts.group(1);
        String artifact = parts.group(2);
        String version = parts.group(3);
        Path jar = repository
                .resolve(group.replace('.', '/'))
                .resolve(artifact)
                .resolve(version)
                .resolve(artifact + "-" + version + ".jar");
        if (!Files.isRegularFile(jar)) {
            String name = String.join(":", group, artifact, version);
            progress.accept("Fetching " + name + " by Maven");
            fetch(name, jar, repository, maven, progress);
            if (!Files.isRegularFile(jar)) {
                throw new BadInputException(String.format(
                        "Maven fetched %s but %s is not there: is it an artifact with a jar?", name, jar));
            }
        }
        return jar;
    }

    private static void fetch(String name, Path jar, Path repository, String maven, Consumer<String> progress) {
        ProcessBuilder command = new ProcessBuilder(
                maven,
                "--batch-mode",
                GET,
                "-Dartifact=" + name,
                "-Dtransitive=false",
                // Said even where it is the default, so that the jar arrives where it is looked for.
                "-Dmaven.repo.local=" + repository.toAbsolutePath());
        command.redirectErrorStream(true);
        Process process;
        try {
            process = command.start();
            process.getOutputStream().close();
        } catch (IOException e) {
            throw new UsageException(
                    String.format(
                            "%s is not in %s, and Maven cannot be run to fetch it (%s): install Maven, set MAVEN_HOME, or"
                                    + " give the path of the jar",
                            name, repository, e.getMessage()),
                    e);
        }
        Deque<String> failure = new ArrayDeque<>();
        Thread watch = watch(name, jar.getParent(), progress);
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                report(line, jar, progress, failure);
            }
            int status = process.waitFor();
            if (status != 0) {
                throw new BadInputException(String.format(
                        "Maven cannot fetch %s (mvn ended with status %d): %s",
                        name, status, String.join(" ", failure)));
            }
        } catch (IOException e) {
            throw new BadInputException(String.format("Fetching %s by Maven failed: %s", name, e.getMessage()), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BadInputException(String.format("Fetching %s by Maven was interrupted: run it again", name), e);
        } finally {
            watch.interrupt();
            process.destroy();
        }
    }

    /** Passes on what is downloaded of the artifact, and keeps the first errors for the message of a failure. */
    private static void report(String line, Path jar, Consumer<String> progress, Deque<String> failure) {
        boolean download = line.contains("Downloading from") || line.contains("Downloaded from");
        // A fresh Maven downloads a hundred parts of itself first, which are nobody's concern.
        if (download && line.contains(jar.getFileName().toString())) {
            progress.accept(line.replaceFirst("^\\[INFO] ", ""));
        } else if (line.startsWith("[ERROR]") && failure.size() < LINES_OF_FAILURE) {
            failure.add(line.substring("[ERROR]".length()).strip());
        }
    }

    /** Says every few seconds how much has arrived in {@code folder}: without a terminal Maven itself is silent. */
    private static Thread watch(String name, Path folder, Consumer<String> progress) {
        Thread watch = new Thread(
                () -> {
                    try {
                        while (true) {
                            Thread.sleep(MILLISECONDS_BETWEEN_REPORTS);
                            progress.accept(
                                    String.format("Fetching %s: %,d MB so far", name, size(folder) / 1_000_000));
                        }
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                "maven-progress");
        watch.setDaemon(true);
        watch.start();
        return watch;
    }

    /** Bytes of the files in {@code folder}, 0 if it does not exist; Maven writes a download beside its destination. */
    private static long size(Path folder) {
        File[] files = folder.toFile().listFiles();
        return files == null ? 0 : Arrays.stream(files).mapToLong(File::length).sum();
    }

    private static Path localRepository() {
        String configured = System.getProperty("maven.repo.local");
        return configured != null && !configured.isBlank()
                ? Path.of(configured)
                : Path.of(System.getProperty("user.home"), ".m2", "repository");
    }

    private static String mavenCommand() {
        for (String variable : List.of("MAVEN_HOME", "M2_HOME")) {
            String home = System.getenv(variable);
            if (home != null && Files.isExecutable(Path.of(home, "bin", "mvn"))) {
                return Path.of(home, "bin", "mvn").toString();
            }
        }
        return "mvn";
    }
}
