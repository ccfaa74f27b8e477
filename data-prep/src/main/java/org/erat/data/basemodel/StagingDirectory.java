package org.erat.data.basemodel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.erat.data.UsageException;
import org.erat.data.storage.TemporaryNames;

/**
 * A directory beside the one that is to be made: work is done in it, and what is finished is moved into place at once.
 * Whatever happens, including an interrupt of the process, nothing half-written stays; what a killed process has left is
 * removed when the same directory is made again.
 */
final class StagingDirectory implements AutoCloseable {
    private final Path root;
    private final Path target;
    private final List<Path> made;
    private final Thread cleanup;

    private StagingDirectory(Path root, Path target, List<Path> made) {
        this.root = root;
        this.target = target;
        this.made = made;
        this.cleanup = new Thread(this::delete);
        Runtime.getRuntime().addShutdownHook(cleanup);
    }

    /**
     * Makes a staging directory for {@code target}, on the same file system.
     *
     * @throws UsageException if there is no permission or space
     */
    static StagingDirectory beside(Path target) {
        Path absolute = target.toAbsolutePath().normalize();
        try {
            Path parent = absolute.getParent();
            if (parent == null) {
                throw new UsageException(target + ": is not a directory that can be made. Name another one.");
            }
            List<Path> made = Stream.iterate(parent, Path::getParent)
                    .takeWhile(folder -> folder != null && !Files.exists(folder))
                    .toList();
            Files.createDirectories(parent);
            String partial = "." + absolute.getFileName() + ".partial";
            removeLeft(parent, partial);
            Path root = Files.createTempDirectory(parent, TemporaryNames.of(partial));
            StagingDirectory staging = new StagingDirectory(root, absolute, made);
            Files.createDirectories(staging.output());
            Files.createDirectories(staging.work());
            return staging;
        } catch (IOException e) {
            throw cannotWrite(target, e);
        }
    }

    /** Where the finished files go. */
    Path output() {
        return root.resolve("output");
    }

    /** A place for files that are needed on the way. */
    Path work() {
        return root.resolve("work");
    }

    /**
     * Moves the output to the target, which may be an empty directory but nothing else.
     *
     * @throws UsageException if that is not possible
     */
    void publish() {
        try {
            // Fails on a directory with something in it, as it should.
            Files.deleteIfExists(target);
            Files.move(output(), target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw cannotWrite(target, e);
        }
    }

    @Override
    public void close() {
        delete();
        try {
            Runtime.getRuntime().removeShutdownHook(cleanup);
        } catch (IllegalStateException e) {
            // The process is ending, and the hook runs.
        }
    }

    static UsageException cannotWrite(Path target, IOException e) {
        return new UsageException(
                target + ": cannot be written: " + e + ". Check permissions and free space of its directory.", e);
    }

    /** Deletes what is not needed any more: after a failure also the folders that were made for the target. */
    private void delete() {
        deleteTree(root);
        try {
            for (Path folder : made) {
                Files.deleteIfExists(folder);
            }
        } catch (IOException e) {
            // The target is in it, or something of somebody else.
        }
    }

    private static void removeLeft(Path parent, String partial) {
        List<Path> left;
        try (Stream<Path> entries = Files.list(parent)) {
            left = entries.filter(entry ->
                            TemporaryNames.isLeft(entry.getFileName().toString(), partial, () -> lastChange(entry)))
                    .toList();
        } catch (IOException e) {
            // Where nothing can be listed, there is nothing to find.
            return;
        }
        left.forEach(StagingDirectory::deleteTree);
    }

    /** When a file in a directory last changed. */
    private static Instant lastChange(Path directory) {
        try (Stream<Path> walk = Files.walk(directory)) {
            return walk.map(path -> Instant.ofEpochMilli(path.toFile().lastModified()))
                    .max(Comparator.naturalOrder())
                    .orElse(Instant.now());
        } catch (IOException e) {
            // Of another user, who may be at work in it.
            return Instant.now();
        }
    }

    private static void deleteTree(Path root) {
        List<Path> paths;
        try (Stream<Path> walk = Files.walk(root)) {
            paths = walk.sorted(Comparator.reverseOrder()).toList();
        } catch (IOException e) {
            return;
        }
        paths.forEach(StagingDirectory::deleteQuietly);
    }

    /** Deletes a temporary file; one that cannot be deleted harms nothing. */
    static void deleteQuietly(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            file.toFile().deleteOnExit();
        }
    }
}
