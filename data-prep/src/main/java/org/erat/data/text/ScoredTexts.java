package org.erat.data.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.data.BadInputException;
import org.erat.data.tokenized.TaskType;

/**
 * Generated texts and the references that they are scored against, from two files. A file's ending names its format, before
 * one of a compression:
 *
 * <ul>
 *   <li>{@code .csv}, {@code .tsv}: two columns, the meaning representation (MR) and a text, as the E2E data set and its
 *       systems' outputs have them. A first row that begins with {@code mr} is a header. References with the same MR are a
 *       group; groups are in the order in which their MRs appear first.
 *   <li>{@code .jsonl}, {@code .json}, {@code .ndjson}: an object a line, with a list of {@code references}, or with a
 *       {@code hypothesis}, {@code completion} or {@code text}; both may have an {@code mr}.
 *   <li>Any other: plain text. A hypothesis a line; a reference a line, with blank lines between groups. References without
 *       a blank line are one for each hypothesis.
 * </ul>
 *
 * <p>Where both files have MRs, these say what belongs together; else the order does.
 *
 * @param hypothesis the generated text
 * @param references what it is compared with; at least one
 */
public record ScoredTexts(String hypothesis, List<String> references) {
    private static final List<String> COMPRESSIONS = List.of(".gz", ".bz2", ".zst");
    private static final List<String> HYPOTHESIS_KEYS = List.of("hypothesis", "completion", "text");
    private static final String REFERENCES = "references";
    private static final String MR = "mr";

    public ScoredTexts {
        references = List.copyOf(references);
    }

    /** A hypothesis, or a group of references: the MR, if the file has it, and where it is for messages. */
    private record Entry(Optional<String> mr, List<String> texts, String place) {}

    /** Takes the rows of a file. */
    @FunctionalInterface
    private interface RowReader {
        List<Entry> read(Utf8Lines lines) throws IOException;
    }

    /**
     * Reads two files.
     *
     * @return as many as there are groups of references, in their order
     * @throws BadInputException naming file, line and fix where one is missing, cannot be read, or does not belong to the
     *     other
     */
    public static List<ScoredTexts> read(Configuration hadoop, Path references, Path hypotheses) {
        List<Entry> groups = groups(hadoop, references);
        List<Entry> generated = read(
                hadoop,
                hypotheses,
                lines -> objects(lines, "hypothesis", HYPOTHESIS_KEYS),
                lines -> plain(lines).stream().map(line -> entry(List.of(line))).toList());
        requireSome(groups, references);
        requireSome(generated, hypotheses);
        boolean byMr = Stream.of(groups, generated).flatMap(List::stream).allMatch(entry -> entry.mr()
                .isPresent());
        List<Entry> ordered = byMr ? inOrder(groups, generated, references) : generated;
        if (ordered.size() != groups.size()) {
            throw new BadInputException(String.format(
                    "%s has %,d hypotheses, and %s has %,d groups of references. Write one hypothesis for each group, in"
                            + " the same order, and in plain text a blank line between groups",
                    hypotheses, ordered.size(), references, groups.size()));
        }
        return IntStream.range(0, groups.size())
                .mapToObj(i -> new ScoredTexts(
                        ordered.get(i).texts().get(0), groups.get(i).texts()))
                .toList();
    }

    private static List<Entry> groups(Configuration hadoop, Path file) {
        List<Entry> entries =
                read(hadoop, file, lines -> objects(lines, REFERENCES, List.of()), ScoredTexts::plainGroups);
        for (Entry entry : entries) {
            if (entry.texts().isEmpty() || entry.texts().stream().anyMatch(String::isBlank)) {
                throw new BadInputException(
                        entry.place() + ": a reference is empty, or there is none. Write one, or leave out the"
                                + " group here and its hypothesis");
            }
        }
        Map<String, Entry> byMr = new LinkedHashMap<>();
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            // Without an MR each is a group of its own.
            byMr.merge(entry.mr().orElse("#" + i), entry, ScoredTexts::joined);
        }
        return List.copyOf(byMr.values());
    }

    private static Entry joined(Entry first, Entry second) {
        return new Entry(
                first.mr(),
                Stream.concat(first.texts().stream(), second.texts().stream()).toList(),
                first.place());
    }

    private static List<Entry> inOrder(List<Entry> groups, List<Entry> generated, Path references) {
        Map<String, Entry> byMr = new LinkedHashMap<>();
        for (Entry entry : generated) {
            Entry other = byMr.put(entry.mr().orElseThrow(), entry);
            if (other != null) {
                throw new BadInputException(String.format(
                        "%s: the MR '%s' has a hypothesis already, in %s. Keep one of them",
                        entry.place(), entry.mr().orElseThrow(), other.place()));
            }
        }
        List<Entry> ordered = new ArrayList<>();
        for (Entry group : groups) {
            Entry entry = byMr.remove(group.mr().orElseThrow());
            if (entry == null) {
                throw new BadInputException(String.format(
                        "%s: the MR '%s' has no hypothesis. Generate one, or leave out its references",
                        group.place(), group.mr().orElseThrow()));
            }
            ordered.add(entry);
        }
        for (Entry entry : byMr.values()) {
            throw new BadInputException(String.format(
                    "%s: %s has no references for the MR '%s'. Check that both are of the same data, or leave out the line",
                    entry.place(), references, entry.mr().orElseThrow()));
        }
        return ordered;
    }

    private static void requireSome(List<Entry> entries, Path file) {
        if (entries.isEmpty()) {
            throw new BadInputException(file + " has no texts. Check that it is the right file");
        }
    }

    private static List<Entry> read(Configuration hadoop, Path file, RowReader objects, RowReader plain) {
        String name = file.getName().toLowerCase(Locale.ROOT);
        for (String compression : COMPRESSIONS) {
            name = name.endsWith(compression) ? name.substring(0, name.length() - compression.length()) : name;
        }
        RowReader reader = plain;
        for (TextFormat format : List.of(TextFormat.CSV, TextFormat.TSV, TextFormat.JSONL)) {
            if (format.endings().stream().anyMatch(name::endsWith)) {
                reader = switch (format) {
                    case CSV -> ScoredTexts::csv;
                    case TSV -> ScoredTexts::tsv;
                    default -> objects;
                };
            }
        }
        return TextLines.read(hadoop, file, reader::read);
    }

    private static List<Entry> csv(Utf8Lines lines) throws IOException {
        CsvRows rows = new CsvRows(task(TextFormat.CSV, "1"), KeptColumns.NONE, lines);
        List<Entry> entries = new ArrayList<>();
        for (List<String> cells = rows.cells(); cells != null; cells = rows.cells()) {
            add(cells, rows.place(), entries);
        }
        return withoutHeader(entries);
    }

    /** Some systems' outputs have their MRs in quotes, and some do not. */
    private static List<Entry> tsv(Utf8Lines lines) throws IOException {
        List<Entry> entries = new ArrayList<>();
        for (String line = lines.next(); line != null; line = lines.next()) {
            if (!line.isBlank()) {
                add(
                        Arrays.stream(line.split("\t", -1))
                                .map(ScoredTexts::unquoted)
                                .toList(),
                        place(lines),
                        entries);
            }
        }
        return withoutHeader(entries);
    }

    private static void add(List<String> cells, String place, List<Entry> entries) {
        if (cells.size() != 2) {
            throw new BadInputException(String.format(
                    "%s: %d column%s, where an MR and a text are expected. Mend the line, or give the file the ending of"
                            + " its format: .csv, .tsv, .jsonl or .txt",
                    place, cells.size(), cells.size() == 1 ? "" : "s"));
        }
        entries.add(new Entry(Optional.of(repaired(cells.get(0))), List.of(repaired(cells.get(1))), place));
    }

    private static List<Entry> withoutHeader(List<Entry> entries) {
        boolean header = !entries.isEmpty()
                && entries.get(0).mr().filter(MR::equalsIgnoreCase).isPresent();
        return header ? entries.subList(1, entries.size()) : entries;
    }

    private static String unquoted(String cell) {
        boolean quoted = cell.length() > 1 && cell.startsWith("\"") && cell.endsWith("\"");
        return quoted ? cell.substring(1, cell.length() - 1).replace("\"\"", "\"") : cell;
    }

    /** Letters that copies of the E2E data set have in the wrong encoding, as E2E's own scripts repair them. */
    private static String repaired(String text) {
        return text.strip().replace("Â£", "£").replace("Ł", "£").replace("Ã©", "é");
    }

    /** @param texts keys of one text, of which a row has one; without, the key {@code what} has a list */
    private static List<Entry> objects(Utf8Lines lines, String what, List<String> texts) throws IOException {
        JsonRows rows = new JsonRows(task(TextFormat.JSONL, what), KeptColumns.NONE, lines);
        List<Entry> entries = new ArrayList<>();
        for (JsonNode row = rows.object(); row != null; row = rows.object()) {
            Optional<String> mr = row.has(MR) ? Optional.of(rows.text(row, MR)) : Optional.empty();
            JsonNode each = row;
            String key = texts.stream().filter(each::has).findFirst().orElse(what);
            entries.add(new Entry(mr, texts.isEmpty() ? rows.words(row) : List.of(rows.text(row, key)), rows.place()));
        }
        return entries;
    }

    /** A layout by itself, which no message names as the user's own. */
    private static TextTask task(TextFormat format, String text) {
        return new TextTask(
                "score",
                TaskType.CLASSIFICATION,
                format,
                false,
                new TextColumns.OfText(text, null, null),
                List.of(),
                List.of(),
                List.of(),
                null,
                false,
                LanguageModeling.DEFAULT);
    }

    private record Line(String text, String place) {}

    private static List<Line> plain(Utf8Lines lines) throws IOException {
        List<Line> all = new ArrayList<>();
        for (String line = lines.next(); line != null; line = lines.next()) {
            all.add(new Line(line, place(lines)));
        }
        return all;
    }

    private static List<Entry> plainGroups(Utf8Lines lines) throws IOException {
        List<Line> all = plain(lines);
        while (!all.isEmpty() && all.get(all.size() - 1).text().isBlank()) {
            all.remove(all.size() - 1);
        }
        List<List<Line>> groups = new ArrayList<>();
        boolean open = false;
        for (Line line : all) {
            if (!open) {
                groups.add(new ArrayList<>());
            }
            open = !line.text().isBlank();
            groups.get(groups.size() - 1).add(line);
        }
        if (groups.size() == 1) {
            return all.stream().map(line -> entry(List.of(line))).toList();
        }
        return groups.stream().map(ScoredTexts::entry).toList();
    }

    private static Entry entry(List<Line> lines) {
        List<String> texts = lines.stream().map(Line::text).toList();
        boolean ended = texts.size() > 1 && texts.get(texts.size() - 1).isBlank();
        return new Entry(
                Optional.empty(),
                ended ? texts.subList(0, texts.size() - 1) : texts,
                lines.get(0).place());
    }

    private static String place(Utf8Lines lines) {
        return lines.file() + ", line " + lines.lineNumber();
    }
}
