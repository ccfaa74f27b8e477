package org.erat.data.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.erat.data.BadInputException;

/**
 * Which entries of a folder are which split, by their names alone. An entry is a file, or a folder with the files of a
 * split. Its split is the first or last word of its name: {@code train.csv}, {@code train-00000-of-00002.parquet},
 * {@code train/}, {@code reviews_dev_1.jsonl.gz}. Entries that begin with {@code _} or {@code .} do not count. Files of one
 * split differ in numbers only. Where no name says a split, all files are one table.
 * A split that is there in another format only is refused.
 *
 * @param format how the files are written
 * @param validation what the name of the validation file begins with, where a task has several of them; null for any
 * @param strict whether a file of the format without a split beside others with one is refused, and not ignored
 */
record SplitRule(TextFormat format, String validation, boolean strict) {
    /** What a file is used for. */
    enum Use {
        TRAINING,
        VALIDATION,
        TEST;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * One entry of a folder.
     *
     * @param name without its path
     */
    record Entry(String name, boolean isFolder) {}

    private static final Map<String, Use> WORDS = Map.of(
            "train", Use.TRAINING,
            "training", Use.TRAINING,
            "dev", Use.VALIDATION,
            "validation", Use.VALIDATION,
            "valid", Use.VALIDATION,
            "val", Use.VALIDATION,
            "test", Use.TEST);

    private static final Pattern COMPRESSION = Pattern.compile("\\.(gz|bz2|zst)$");
    private static final Pattern ENDING = Pattern.compile("("
            + Stream.concat(
                            Stream.of(".txt"),
                            Stream.of(
                                            TextFormat.TSV,
                                            TextFormat.CSV,
                                            TextFormat.JSONL,
                                            TextFormat.PARQUET,
                                            TextFormat.WEBNLG)
                                    .flatMap(format -> format.endings().stream()))
                    .map(Pattern::quote)
                    .collect(Collectors.joining("|"))
            + ")$");

    /** How files end that are packed in a way that is not read. */
    private static final Pattern PACKED = Pattern.compile("\\.(xz|zip|7z|lz4)$");

    /** How a name says a split, for messages. */
    private static final String SPLIT_WORDS = ". A name says its split by its first or last word: "
            + WORDS.entrySet().stream()
                    .sorted(Map.Entry.<String, Use>comparingByValue().thenComparing(Map.Entry.comparingByKey()))
                    .map(Map.Entry::getKey)
                    .collect(Collectors.joining(", "));

    /** {@code -00000-of-00002}, after which the Hugging Face hub once put a hash. */
    private static final Pattern SHARD = Pattern.compile("-(?<number>\\d{1,6})-of-(?<all>\\d{1,6})(-[0-9a-f]{16})?");

    /** Spark's, of which those of several jobs differ in more than numbers. */
    private static final Pattern SPARK_PART = Pattern.compile("^part-\\d+.*");

    private static final Set<String> TABLE_LOGS = Set.of("_delta_log", ".hoodie");

    private static final Pattern SEPARATOR = Pattern.compile("[-_. ]+");

    /**
     * Sorts the entries of a folder.
     *
     * @param folder for messages
     * @return the entries of each split that is there, sorted by name; empty where no name says a split
     * @throws BadInputException if a name could mean two splits, a split could be two tables, or there is nothing to train
     *     on
     */
    Map<Use, List<Entry>> splits(List<Entry> entries, String folder) {
        List<Entry> visible = visible(entries);
        List<Entry> named =
                visible.stream().filter(entry -> use(entry, folder).isPresent()).toList();
        boolean ofFormat = named.stream().anyMatch(this::isOfFormat);
        Map<Use, List<Entry>> splits = new EnumMap<>(Use.class);
        for (Entry entry : named) {
            // Beside train.tsv a train.txt is something else.
            if (entry.isFolder() || isOfFormat(entry) || !ofFormat) {
                Use use = use(entry, folder).orElseThrow();
                if (counts(entry, use)) {
                    splits.computeIfAbsent(use, key -> new ArrayList<>()).add(entry);
                }
            }
        }
        if (ofFormat) {
            refuseOtherFormats(splits, named, folder);
        }
        splits.forEach((use, files) -> {
            requireOneTable(files, "the " + use + " split", folder, "");
            requireAllShards(files, folder);
        });
        if (!splits.isEmpty() && strict) {
            refuseOthers(visible, named, folder);
        }
        return splits;
    }

    /**
     * The entries of a folder that is one table.
     *
     * @throws BadInputException if there are none, or they could be several tables
     */
    List<Entry> table(List<Entry> entries, String folder) {
        if (entries.stream().anyMatch(entry -> TABLE_LOGS.contains(entry.name()))) {
            throw new BadInputException(
                    folder + " is a Delta or Hudi table, whose log says which of its files count. Write"
                            + " its rows as Parquet to another folder");
        }
        List<Entry> files =
                visible(entries).stream().filter(entry -> !entry.isFolder()).toList();
        List<Entry> ofFormat = files.stream().filter(this::isOfFormat).toList();
        List<Entry> table = ofFormat.isEmpty() ? files : ofFormat;
        if (table.isEmpty()) {
            throw new BadInputException(String.format(
                    "%s has no %s file; it holds %s. Name a file, or a folder with train and validation files",
                    folder, format, names(entries)));
        }
        requireOneTable(table, "the table", folder, SPLIT_WORDS);
        requireAllShards(table, folder);
        return table;
    }

    /** Whether an entry is of the files of its split that the task is measured on: of MNLI's those of the same kind. */
    private boolean counts(Entry entry, Use use) {
        return use == Use.TRAINING
                || validation == null
                || entry.name().startsWith(use == Use.TEST ? validation.replaceFirst("dev", "test") : validation);
    }

    /** Refuses a training or validation file in another format where that split has none in this one. */
    private void refuseOtherFormats(Map<Use, List<Entry>> splits, List<Entry> named, String folder) {
        for (Entry entry : named) {
            Use use = use(entry, folder).orElseThrow();
            if (use != Use.TEST
                    && !splits.containsKey(use)
                    && counts(entry, use)
                    && ENDING.matcher(unpacked(entry)).find()) {
                throw new BadInputException(String.format(
                        "%s holds %s: by its name %s is the %s split, and by its ending it is no %s file. Write it as %s,"
                                + " or move it away",
                        folder, names(named), entry.name(), use, format, format));
            }
        }
    }

    /** The name in lower case, without the ending of a compression or an archive. */
    private static String unpacked(Entry entry) {
        return PACKED.matcher(withoutCompression(entry.name())).replaceFirst("");
    }

    /** The name in lower case, without the ending of a compression that is read. */
    static String withoutCompression(String name) {
        return COMPRESSION.matcher(name.toLowerCase(Locale.ROOT)).replaceFirst("");
    }

    /** The split that a name says. */
    private Optional<Use> use(Entry entry, String folder) {
        String stem = ENDING.matcher(unpacked(entry)).replaceFirst("");
        List<String> words = new ArrayList<>(
                Arrays.asList(SEPARATOR.split(SHARD.matcher(stem).replaceFirst(""))));
        while (words.size() > 1 && words.get(words.size() - 1).matches("\\d+")) {
            words.remove(words.size() - 1);
        }
        Use first = use(words.get(0));
        Use last = use(words.get(words.size() - 1));
        if (first != null && last != null && first != last) {
            throw new BadInputException(
                    String.format("%s/%s: is it the %s or the %s split? Rename it", folder, entry.name(), first, last));
        }
        return Optional.ofNullable(first != null ? first : last);
    }

    private Use use(String word) {
        // The E2E challenge's files are trainset.csv, devset.csv and testset_w_refs.csv.
        return WORDS.get(format == TextFormat.E2E ? word.replaceFirst("set$", "") : word);
    }

    private boolean isOfFormat(Entry entry) {
        String name = withoutCompression(entry.name());
        return !entry.isFolder() && format.endings().stream().anyMatch(name::endsWith);
    }

    /** What files of one table have in common: their names without numbers. */
    private static String table(Entry entry) {
        String name = SHARD.matcher(entry.name()).replaceFirst("-#");
        return entry.isFolder()
                ? entry.name() + "/"
                : SPARK_PART.matcher(name).replaceFirst("part").replaceAll("\\d+", "#");
    }

    private void requireOneTable(List<Entry> files, String what, String folder, String advice) {
        if (!format.hasManyFiles()
                && files.stream().map(SplitRule::table).distinct().count() > 1) {
            throw new BadInputException(String.format(
                    "%s holds %s: which of them is %s? Files of one split differ in numbers only, such as"
                            + " train-00000-of-00002. Move the others away, or name one file%s",
                    folder, names(files), what, advice));
        }
    }

    /** A download that broke off leaves some of {@code -00000-of-00002}. */
    private static void requireAllShards(List<Entry> files, String folder) {
        List<Matcher> numbered = files.stream()
                .map(entry -> SHARD.matcher(entry.name()))
                .filter(Matcher::find)
                .toList();
        if (numbered.isEmpty()) {
            return;
        }
        int shards = Integer.parseInt(numbered.get(0).group("all"));
        Set<Integer> there = numbered.stream()
                .map(shard -> Integer.valueOf(shard.group("number")))
                .collect(Collectors.toSet());
        List<Integer> missing = IntStream.range(0, shards)
                .filter(shard -> !there.contains(shard))
                .boxed()
                .limit(10)
                .toList();
        if (!missing.isEmpty()) {
            throw new BadInputException(String.format(
                    "%s: of the %d files that %s is one of, the numbers %s are missing. Download or copy them",
                    folder, shards, files.get(0).name(), missing));
        }
    }

    private void refuseOthers(List<Entry> visible, List<Entry> named, String folder) {
        List<Entry> others = visible.stream()
                .filter(entry -> isOfFormat(entry) && !named.contains(entry))
                .toList();
        if (!others.isEmpty()) {
            throw new BadInputException(String.format(
                    "%s holds %s, whose names say a split, and %s, whose names say none. Name them after their split,"
                            + " or move them away%s",
                    folder, names(named), names(others), SPLIT_WORDS));
        }
    }

    /** The entries that count, in the order of their names. */
    static List<Entry> visible(List<Entry> entries) {
        return entries.stream()
                .filter(entry -> !entry.name().startsWith("_") && !entry.name().startsWith("."))
                .sorted(Comparator.comparing(Entry::name))
                .toList();
    }

    private static String names(List<Entry> entries) {
        return entries.isEmpty()
                ? "nothing"
                : entries.stream()
                        .map(entry -> entry.name() + (entry.isFolder() ? "/" : ""))
                        .sorted()
                        .limit(20)
                        .collect(Collectors.joining(", "));
    }
}
