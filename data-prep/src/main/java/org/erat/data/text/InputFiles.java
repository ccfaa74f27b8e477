package org.erat.data.text;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.erat.data.BadInputException;
import org.erat.data.Sha256;
import org.erat.data.UsageException;
import org.erat.data.maven.MavenArtifact;
import org.erat.data.maven.MavenRepository;
import org.erat.data.storage.Storage;
import org.erat.data.text.SplitRule.Entry;
import org.erat.data.text.SplitRule.Use;

/**
 * The files that hold the text, in the order in which their rows are read.
 *
 * @param train the training split, or the only table
 * @param validation the validation split; empty if a share of {@code train} is to be split off
 * @param test the test split, which is kept where it has labels
 */
record InputFiles(List<Path> train, List<Path> validation, List<Path> test) {
    /** Where the Hugging Face hub has the files of a data set. */
    private static final String HUB_FOLDER = "data";

    InputFiles {
        train = List.copyOf(train);
        validation = List.copyOf(validation);
        test = List.copyOf(test);
    }

    private static InputFiles table(List<Path> files) {
        return new InputFiles(files, List.of(), List.of());
    }

    /**
     * Finds the files of {@code input}: an artifact, a file, or a folder whose files {@link SplitRule} sorts.
     *
     * @param oneTable whether a folder of several splits is refused, since all rows are for one use
     * @throws BadInputException if they are not there, or could be understood in two ways
     */
    static InputFiles find(
            Configuration hadoop, TextTask task, String input, boolean oneTable, Consumer<String> progress) {
        if (MavenArtifact.isArtifact(input)) {
            MavenArtifact artifact = MavenArtifact.parse(input);
            return table(List.of(new Path(
                    MavenRepository.ofUser().resolve(artifact, progress).toUri())));
        }
        Path path = Storage.path(input);
        try {
            FileSystem fs = path.getFileSystem(hadoop);
            return fs.getFileStatus(path).isFile() ? table(List.of(path)) : ofFolder(fs, task, path, oneTable);
        } catch (FileNotFoundException e) {
            throw notThere(input, e);
        } catch (IOException e) {
            throw new BadInputException(String.format("%s cannot be read: %s", input, e.getMessage()), e);
        }
    }

    /**
     * The format that the names of the files of {@code input} say.
     *
     * @throws BadInputException if it is not there
     * @throws UsageException if they say none, or several
     */
    static TextFormat format(Configuration hadoop, String input) {
        Path path = Storage.path(input);
        Set<TextFormat> formats = EnumSet.noneOf(TextFormat.class);
        try {
            FileSystem fs = path.getFileSystem(hadoop);
            if (fs.getFileStatus(path).isFile()) {
                TextFormat.ofEnding(path.getName()).ifPresent(formats::add);
            } else {
                addFormats(fs, path, formats);
            }
        } catch (FileNotFoundException e) {
            throw notThere(input, e);
        } catch (IOException e) {
            throw new BadInputException(String.format("%s cannot be read: %s", input, e.getMessage()), e);
        }
        if (formats.size() != 1) {
            throw new UsageException(String.format(
                    "%s %s: name the format with --format, tsv, csv, jsonl or parquet",
                    input, formats.isEmpty() ? "does not say its format by its ending" : "holds files of " + formats));
        }
        return formats.iterator().next();
    }

    private static void addFormats(FileSystem fs, Path folder, Set<TextFormat> formats) throws IOException {
        for (Entry entry : SplitRule.visible(entries(fs, folder))) {
            if (entry.isFolder()) {
                addFormats(fs, new Path(folder, entry.name()), formats);
            } else {
                TextFormat.ofEnding(entry.name()).ifPresent(formats::add);
            }
        }
    }

    private static BadInputException notThere(String input, FileNotFoundException e) {
        return new BadInputException(
                String.format("%s does not exist: give the file or folder of the text as --input", input), e);
    }

    private static InputFiles ofFolder(FileSystem fs, TextTask task, Path folder, boolean oneTable) throws IOException {
        SplitRule rule = task.splitRule();
        List<Entry> entries = entries(fs, folder);
        Map<Use, List<Entry>> splits = rule.splits(entries, folder.toString());
        Entry hub = new Entry(HUB_FOLDER, true);
        if (splits.isEmpty() && entries.contains(hub)) {
            return ofFolder(fs, task, new Path(folder, HUB_FOLDER), oneTable);
        }
        if (splits.isEmpty()) {
            // Parquet tables have partitions in folders.
            return table(
                    task.format() == TextFormat.PARQUET
                            ? files(fs, folder, rule)
                            : paths(fs, folder, rule.table(entries, folder.toString()), rule));
        }
        if (oneTable && splits.size() == 1) {
            return table(paths(fs, folder, splits.values().iterator().next(), rule));
        }
        if (oneTable) {
            throw new BadInputException(String.format(
                    "%s holds the splits %s, and all rows are for one use here. Name the file or folder of one as"
                            + " --input",
                    folder, splits.keySet()));
        }
        if (!splits.containsKey(Use.TRAINING)) {
            throw new BadInputException(String.format(
                    "%s has no training split: its files are those of %s. Name one of them train, or give one file as"
                            + " --input, from which a share is split off for validation",
                    folder, splits.keySet()));
        }
        return new InputFiles(
                paths(fs, folder, splits.get(Use.TRAINING), rule),
                paths(fs, folder, splits.getOrDefault(Use.VALIDATION, List.of()), rule),
                paths(fs, folder, splits.getOrDefault(Use.TEST, List.of()), rule));
    }

    private static List<Entry> entries(FileSystem fs, Path folder) throws IOException {
        return Arrays.stream(fs.listStatus(folder))
                .map(status -> new Entry(status.getPath().getName(), status.isDirectory()))
                .toList();
    }

    private static List<Path> paths(FileSystem fs, Path folder, List<Entry> entries, SplitRule rule)
            throws IOException {
        List<Path> paths = new ArrayList<>();
        for (Entry entry : entries) {
            Path path = new Path(folder, entry.name());
            paths.addAll(entry.isFolder() ? files(fs, path, rule) : List.of(path));
        }
        return paths;
    }

    /** The files of a folder that is one split or table. */
    private static List<Path> files(FileSystem fs, Path folder, SplitRule rule) throws IOException {
        List<Path> files = new ArrayList<>();
        List<Entry> all = entries(fs, folder);
        List<Entry> entries = SplitRule.visible(all);
        for (Entry entry : entries) {
            if (entry.isFolder()) {
                files.addAll(files(fs, new Path(folder, entry.name()), rule));
            }
        }
        // Beside partitions in folders there need be no files.
        if (files.isEmpty() || entries.stream().anyMatch(entry -> !entry.isFolder())) {
            rule.table(all, folder.toString()).forEach(entry -> files.add(new Path(folder, entry.name())));
        }
        return files;
    }

    /** What is used for what, in a line for people. */
    String describe() {
        String text = "training: " + count(train);
        text += validation.isEmpty() ? "" : ", validation: " + count(validation);
        return text + (test.isEmpty() ? "" : ", test: " + count(test));
    }

    private static String count(List<Path> files) {
        return String.format("%,d file%s", files.size(), files.size() == 1 ? "" : "s");
    }

    /** The first of some files, and how many more there are, for messages. */
    static String names(List<Path> files) {
        return files.get(0) + (files.size() == 1 ? "" : " and " + (files.size() - 1) + " more");
    }

    /** SHA-256 over the bytes of a file, or over names and bytes of several. */
    static String sha256(Configuration hadoop, List<Path> files) throws IOException {
        MessageDigest digest = Sha256.start();
        for (Path each : files) {
            if (files.size() > 1) {
                digest.update(each.getName().getBytes(StandardCharsets.UTF_8));
            }
            try (InputStream in = each.getFileSystem(hadoop).open(each)) {
                Sha256.update(digest, in);
            }
        }
        return Sha256.hex(digest);
    }
}
