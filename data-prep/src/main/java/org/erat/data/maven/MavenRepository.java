package org.erat.data.maven;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/**
 * The user's Maven: its local repository, and the {@code mvn} client for what is not there yet. The client is used
 * rather than a download of our own since it knows the user's mirrors, proxies and credentials.
 *
 * @param local root of the local repository
 * @param client the command that starts Maven
 */
public record MavenRepository(Path local, List<String> client) {
    private static final String GET = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:get";
    private static final String LOCAL_PROPERTY = "maven.repo.local";
    private static final long SECONDS_BETWEEN_REPORTS = 3;

    public MavenRepository {
        client = List.copyOf(client);
    }

    /**
     * The repository of the user who runs this process, where Maven itself looks for it ({@code -Dmaven.repo.local}, the
     * user's {@code settings.xml}, {@code ~/.m2/repository}), and the client of {@code MAVEN_HOME}, {@code M2_HOME} or
     * the {@code PATH}.
     */
    public static MavenRepository ofUser() {
        String property = System.getProperty(LOCAL_PROPERTY);
        Path home = Path.of(System.getProperty("user.home"), ".m2");
        Path local = property != null && !property.isBlank()
                ? Path.of(property)
                : fromSettings(home.resolve("settings.xml"), home);
        return new MavenRepository(local, List.of(mvn()));
    }

    private static String mvn() {
        for (String variable : List.of("MAVEN_HOME", "M2_HOME")) {
            String home = System.getenv(variable);
            if (home != null && Files.isExecutable(Path.of(home, "bin", "mvn"))) {
                return Path.of(home, "bin", "mvn").toString();
            }
        }
        return "mvn";
    }

    private static Path fromSettings(Path settings, Path home) {
        Path usual = home.resolve("repository");
        if (!Files.isRegularFile(settings)) {
            return usual;
        }
        try {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            NodeList found = factory.newDocumentBuilder()
                    .parse(settings.toFile())
                    .getDocumentElement()
                    .getElementsByTagName("localRepository");
            String path =
                    found.getLength() == 0 ? "" : found.item(0).getTextContent().strip();
            return path.isEmpty() ? usual : Path.of(path.replace("${user.home}", System.getProperty("user.home")));
        } catch (ParserConfigurationException | SAXException | IOException e) {
            throw new UsageException(
                    settings + ": cannot be read: " + e.getMessage() + ". Correct Maven's settings.", e);
        }
    }

    /**
     * The jar of an artifact, fetched first if the local repository lacks it.
     *
     * @param progress is told where Maven downloads it from, and every few seconds how much has arrived
     * @throws UsageException if there is no Maven client to fetch it with, or it puts the jar elsewhere
     * @throws BadInputException if the client cannot find it
     */
    public Path resolve(MavenArtifact artifact, Consumer<String> progress) {
        Path jar = artifact.jarIn(local);
        if (!Files.isRegularFile(jar)) {
            progress.accept("Fetching " + artifact + " with Maven");
            fetch(artifact, jar, progress);
        }
        if (!Files.isRegularFile(jar)) {
            throw new UsageException(jar + ": is not there although Maven fetched " + artifact
                    + ". Say where Maven's local repository is with -D" + LOCAL_PROPERTY + "=DIRECTORY.");
        }
        return jar;
    }

    private void fetch(MavenArtifact artifact, Path jar, Consumer<String> progress) {
        Process process = start(artifact);
        ScheduledExecutorService timer = timer();
        var reports = timer.scheduleAtFixedRate(
                () -> reportSize(artifact, jar.getParent(), progress),
                SECONDS_BETWEEN_REPORTS,
                SECONDS_BETWEEN_REPORTS,
                TimeUnit.SECONDS);
        ClientOutput said = new ClientOutput(jar.getFileName().toString(), progress);
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                said.add(line);
            }
            if (process.waitFor() != 0) {
                throw new BadInputException("Maven cannot find or fetch " + artifact + ": " + said.reason()
                        + ". Check the coordinates and the network.");
            }
        } catch (IOException e) {
            throw new UsageException("what Maven says about " + artifact + " cannot be read: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UsageException("interrupted while Maven was fetching " + artifact + ".", e);
        } finally {
            reports.cancel(false);
            timer.shutdown();
            process.destroy();
        }
    }

    private Process start(MavenArtifact artifact) {
        List<String> command = new ArrayList<>(client);
        // -U: without it, a failure of a moment ago would be remembered instead of tried again.
        command.addAll(List.of("-B", "-U", GET, "-Dartifact=" + artifact, "-Dtransitive=false"));
        // Said even where it is the default, so that the jar arrives where it is looked for.
        command.add("-D" + LOCAL_PROPERTY + "=" + local.toAbsolutePath());
        try {
            // Away from any project: in one, the client would run once for each of its modules.
            Files.createDirectories(local);
        } catch (IOException e) {
            throw new UsageException(
                    local + ": Maven's local repository cannot be made: " + e + ". Say where it is with -D"
                            + LOCAL_PROPERTY + "=DIRECTORY.",
                    e);
        }
        try {
            Process process = new ProcessBuilder(command)
                    .directory(local.toFile())
                    .redirectErrorStream(true)
                    .start();
            process.getOutputStream().close();
            return process;
        } catch (IOException e) {
            throw new UsageException(
                    artifact + " is not in " + local + ", and the Maven client '" + client.get(0)
                            + "' cannot be started to fetch it: " + e.getMessage()
                            + ". Install Maven and put it on the PATH, or fetch the jar yourself and give the path of the"
                            + " jar.",
                    e);
        }
    }

    private static ScheduledExecutorService timer() {
        return Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "maven-progress");
            thread.setDaemon(true);
            return thread;
        });
    }

    /** Without a terminal Maven itself is silent while it downloads. */
    private static void reportSize(MavenArtifact artifact, Path folder, Consumer<String> progress) {
        // Maven writes a download beside its destination.
        try (Stream<Path> files = Files.list(folder)) {
            long bytes = files.mapToLong(file -> file.toFile().length()).sum();
            progress.accept(String.format("Fetching %s: %,d MB so far", artifact, bytes / 1_000_000));
        } catch (IOException e) {
            // The client makes the folder when the first bytes arrive.
        }
    }
}
