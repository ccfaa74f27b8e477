package org.erat.data.text;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.erat.data.BadInputException;
import org.erat.data.Sha256;
import org.erat.data.UsageException;
import org.erat.data.maven.MavenArtifact;
import org.erat.data.maven.MavenRepository;
import org.erat.data.storage.Storage;

/**
 * The files that hold the text.
 *
 * @param train the training file, or the only file
 * @param validation the validation file; null if a share of {@code train} is to be split off
 */
record InputFiles(Path train, Path validation) {

    /**
     * Finds the files of {@code input}: an artifact, a file, or a folder with a training and a validation file.
     *
     * @throws BadInputException if they are not there
     */
    static InputFiles find(Configuration hadoop, TextTask task, String input, Consumer<String> progress) {
        if (MavenArtifact.isArtifact(input)) {
            MavenArtifact artifact = MavenArtifact.parse(input);
            return new InputFiles(
                    new Path(
                            MavenRepository.ofUser().resolve(artifact, progress).toUri()),
                    null);
        }
        Path path = Storage.path(input);
        try {
            FileSystem fs = path.getFileSystem(hadoop);
            if (fs.getFileStatus(path).isFile()) {
                return new InputFiles(path, null);
            }
            List<String> names = Arrays.stream(fs.listStatus(path))
                    .map(file -> file.getPath().getName())
                    .sorted()
                    .toList();
            String train = find(List.of(task.trainFile()), names, task, path);
            String validation = find(task.validationFiles(), names, task, path);
            if (train != null && validation != null) {
                return new InputFiles(new Path(path, train), new Path(path, validation));
            }
            // Spark writes one table as a folder of files.
            if (task.format() == TextFormat.PARQUET && train == null && validation == null) {
                return new InputFiles(path, null);
            }
            throw new BadInputException(String.format(
                    "%s has no %s; it holds %s. Name the files so, or give one file, from which a share is split off"
                            + " for validation",
                    path,
                    train == null ? task.trainFile() : String.join(" or ", task.validationFiles()),
                    names.isEmpty() ? "nothing" : String.join(", ", names)));
        } catch (FileNotFoundException e) {
            throw new BadInputException(
                    String.format("%s does not exist: give the file or folder of the text as --input", input), e);
        } catch (IOException e) {
            throw new BadInputException(String.format("%s cannot be read: %s", input, e.getMessage()), e);
        }
    }

    /** Starts to read {@code file} as {@code task} lays it out. */
    static TextRows open(SparkSession spark, TextTask task, Path file) throws IOException {
        if (task.format() == TextFormat.PARQUET) {
            return new ParquetRows(task, spark, file.toString());
        }
        FileSystem fs = file.getFileSystem(spark.sparkContext().hadoopConfiguration());
        if (fs.getFileStatus(file).isDirectory()) {
            throw new BadInputException(String.format("%s is a folder; a %s file is needed", file, task.format()));
        }
        InputStream bytes = fs.open(file);
        return switch (task.format()) {
            case TSV -> new TsvRows(task, new Utf8Lines(bytes, file.toString()));
            case CSV -> new CsvRows(task, new Utf8Lines(bytes, file.toString()));
            case JSONL -> new JsonRows(task, new Utf8Lines(bytes, file.toString()));
            case WORDNET -> new WordNetRows(bytes, file.toString());
            case PARQUET -> throw new IllegalStateException("opened above");
        };
    }

    /** SHA-256 over the bytes of a file, or over names and bytes of the files in a folder. */
    static String sha256(Configuration hadoop, Path file) throws IOException {
        MessageDigest digest = Sha256.start();
        FileSystem fs = file.getFileSystem(hadoop);
        List<Path> files = new ArrayList<>();
        collect(fs, fs.getFileStatus(file), files);
        for (Path each : files) {
            if (files.size() > 1) {
                digest.update(each.getName().getBytes(StandardCharsets.UTF_8));
            }
            try (InputStream in = fs.open(each)) {
                Sha256.update(digest, in);
            }
        }
        return Sha256.hex(digest);
    }

    private static void collect(FileSystem fs, FileStatus status, List<Path> files) throws IOException {
        if (status.isFile()) {
            files.add(status.getPath());
            return;
        }
        FileStatus[] children = fs.listStatus(status.getPath());
        Arrays.sort(children, Comparator.comparing(child -> child.getPath().getName()));
        for (FileStatus child : children) {
            String name = child.getPath().getName();
            if (!name.startsWith("_") && !name.startsWith(".")) {
                collect(fs, child, files);
            }
        }
    }

    /** The one of {@code names} that {@code patterns} mean, or null if there is none. */
    private static String find(List<String> patterns, List<String> names, TextTask task, Path folder) {
        List<String> found = names.stream()
                .filter(name -> patterns.stream().anyMatch(pattern -> matches(pattern, name)))
                .toList();
        if (found.size() > 1) {
            List<String> ofFormat = found.stream()
                    .filter(name -> name.endsWith("." + task.format()))
                    .toList();
            if (ofFormat.size() != 1) {
                throw new UsageException(String.format(
                        "%s holds %s: which is meant? Move the others away", folder, String.join(" and ", found)));
            }
            return ofFormat.get(0);
        }
        return found.isEmpty() ? null : found.get(0);
    }

    private static boolean matches(String pattern, String name) {
        if (!pattern.endsWith(".*")) {
            return name.equals(pattern);
        }
        String stem = pattern.substring(0, pattern.length() - 2);
        return name.equals(stem) || name.startsWith(stem + ".");
    }
}
