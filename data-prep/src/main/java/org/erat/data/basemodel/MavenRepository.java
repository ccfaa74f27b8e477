package org.erat.data.basemodel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
record MavenRepository(Path local, List<String> client) {
    private static final String GET = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:get";
    private static final String LOCAL_PROPERTY = "maven.repo.local";
    private static final String ERROR = "[ERROR]";
    private static final String COLOURS = "\u001b\\[[0-9;]*m";
    private static final long PROGRESS_SECONDS = 3;
    private static final int SHOWN_LINES = 5;

    /** The repository of the user who runs this process. */
    static MavenRepository ofUser() {
        String property = System.getProperty(LOCAL_PROPERTY);
        Path home = Path.of(System.getProperty("user.home"), ".m2");
        Path local = property != null ? Path.of(property) : fromSettings(home.resolve("settings.xml"), home);
        return new MavenRepository(local, List.of("mvn"));
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
     * @throws UsageException if there is no Maven client to fetch it with
     * @throws BadInputException if the client cannot find it
     */
    Path resolve(MavenCoordinates coordinates, Consumer<String> progress) {
        Path jar = coordinates.jarIn(local);
        if (!Files.isRegularFile(jar)) {
            fetch(coordinates, jar, progress);
        }
        if (!Files.isRegularFile(jar)) {
            throw new UsageException(jar + ": is not there although Maven fetched " + coordinates
                    + ". Say where Maven's local repository is with -D" + LOCAL_PROPERTY + "=DIRECTORY.");
        }
        return jar;
    }

    private void fetch(MavenCoordinates coordinates, Path jar, Consumer<String> progress) {
        progress.accept("fetching " + coordinates + " with Maven");
        List<String> command = new ArrayList<>(client);
        // -U: without it, a failure of a moment ago would be remembered instead of tried again.
        command.addAll(List.of("-B", "-q", "-U", GET, "-Dartifact=" + coordinates, "-Dtransitive=false"));
        command.add("-D" + LOCAL_PROPERTY + "=" + local.toAbsolutePath());
        Path work = null;
        try {
            // Away from any project: in one, the client would run once for each of its modules.
            work = Files.createTempDirectory("erat-maven");
            // A file, since a pipe that nobody empties would stop the client.
            Path output = work.resolve("output");
            Process process = start(command, work, output);
            try {
                int exit = waitFor(process, coordinates, jar, progress);
                if (exit != 0) {
                    throw new BadInputException("Maven cannot find or fetch " + coordinates + ": " + reason(output)
                            + ". Check the coordinates and the network.");
                }
            } finally {
                process.destroy();
            }
        } catch (IOException e) {
            throw new UsageException("cannot write Maven's output to a temporary file: " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UsageException("interrupted while Maven was fetching " + coordinates + ".", e);
        } finally {
            if (work != null) {
                StagingDirectory.deleteTree(work);
            }
        }
    }

    private static Process start(List<String> command, Path work, Path output) {
        try {
            return new ProcessBuilder(command)
                    .directory(work.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
        } catch (IOException e) {
            throw new UsageException(
                    "the Maven client '" + command.get(0) + "' cannot be started: " + e.getMessage()
                            + ". Install Maven and put it on the PATH, or fetch the jar yourself and give its path.",
                    e);
        }
    }

    private static int waitFor(Process process, MavenCoordinates coordinates, Path jar, Consumer<String> progress)
            throws InterruptedException {
        while (!process.waitFor(PROGRESS_SECONDS, TimeUnit.SECONDS)) {
            progress.accept("fetching " + coordinates + " … " + (bytesIn(jar.getParent()) >> 20) + " MiB");
        }
        return process.exitValue();
    }

    private static long bytesIn(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.mapToLong(f -> f.toFile().length()).sum();
        } catch (IOException e) {
            // The client makes the directory when the first bytes arrive.
            return 0;
        }
    }

    /** What went wrong, in the client's words: its first error, without the advice that follows it. */
    private static String reason(Path output) throws IOException {
        List<String> lines =
                Files.readString(output).replaceAll(COLOURS, "").lines().toList();
        return lines.stream()
                .filter(line -> line.startsWith(ERROR))
                .map(line -> line.substring(ERROR.length())
                        .replace("-> [Help 1]", "")
                        .strip())
                .findFirst()
                .orElse(String.join(" ", lines.subList(Math.max(0, lines.size() - SHOWN_LINES), lines.size())));
    }
}
