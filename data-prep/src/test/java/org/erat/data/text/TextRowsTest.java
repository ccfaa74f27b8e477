package org.erat.data.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.erat.data.BadInputException;
import org.erat.data.tokenized.TaskType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TextRowsTest {
    private static final TextTask PAIR = custom(TextFormat.TSV, true, "a", "b", "y");

    @Test
    void tsvTakesQuotesAsPlainCharacters() throws IOException {
        assertThat(read(PAIR, "y\ta\tb\n1\t\" said \"he\"\tx\"\r\n\n0\tc\td\n"))
                .containsExactly(TextRow.of("\" said \"he\"", "x\"", "1"), TextRow.of("c", "d", "0"));
    }

    @Test
    void tsvWithoutAHeaderNamesColumnsByNumber() throws IOException {
        TextTask task = custom(TextFormat.TSV, false, "3", null, "1");

        assertThat(read(task, "gj04\t1\t*\tThe cat.\n")).containsExactly(TextRow.of("The cat.", null, "1"));
    }

    @Test
    void csvQuotesCommasQuotesAndLineEnds() throws IOException {
        TextTask task = custom(TextFormat.CSV, true, "text", null, "label");

        assertThat(read(task, "\uFEFFtext,label\r\n\"a, \"\"b\"\"\nc\",pos\r\nplain,neg\n"))
                .containsExactly(TextRow.of("a, \"b\"\nc", null, "pos"), TextRow.of("plain", null, "neg"));
    }

    @Test
    void jsonLabelsMayBeStringsNumbersOrBooleans() throws IOException {
        TextTask task = custom(TextFormat.JSONL, true, "t", null, "y");

        assertThat(read(
                        task,
                        "{\"t\":\"a\\tb\",\"y\":1,\"z\":null}\n\n{\"y\":\"x\",\"t\":\"\"}\n{\"t\":\"é\",\"y\":true}"))
                .containsExactly(
                        TextRow.of("a\tb", null, "1"), TextRow.of("", null, "x"), TextRow.of("é", null, "true"));
    }

    @Test
    void aRowWithTooFewColumnsIsNamedByItsLine() {
        assertRefused(PAIR, "y\ta\tb\n1\tc\td\n1\tc\n", "data, line 3: 2 columns, where the first line has 3");
        assertRefused(PAIR, "y\ta\tb\n1\tc\td\te\n", "data, line 2: 4 columns");
        assertRefused(
                custom(TextFormat.CSV, true, "t", null, "y"),
                "t,y\n\"two\nlines\",1\nalone\n",
                "data, line 4: 1 column, where the first line has 2");
    }

    /** First rows as the readers in Hugging Face's transformers and datasets expect them, by position and by name. */
    @Test
    void glueTasksAreReadAsTheyArePublished() throws IOException {
        assertThat(read(
                        TextTask.named("qnli"),
                        "index\tquestion\tsentence\tlabel\n0\tWho?\tShe.\tentailment\n1\tWhy?\tNo.\tnot_entailment\n"))
                .containsExactly(TextRow.of("Who?", "She.", "entailment"), TextRow.of("Why?", "No.", "not_entailment"));
        assertThat(read(TextTask.named("wnli"), "index\tsentence1\tsentence2\tlabel\n0\tIt is.\tIt is big.\t1\n"))
                .containsExactly(TextRow.of("It is.", "It is big.", "1"));
        assertThat(read(
                        TextTask.named("mnli"),
                        "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse"
                                + "\tsentence1_parse\tsentence2_parse\tsentence1\tsentence2\tlabel1\tgold_label\n"
                                + "0\t31193\t31193n\tgovernment\t( a )\t( b )\t(ROOT a)\t(ROOT b)\tA cat.\tA pet."
                                + "\tneutral\tentailment\n"))
                .containsExactly(TextRow.of("A cat.", "A pet.", "entailment"));
    }

    @Test
    void aTaskWhosePublishedFileHasBrokenRowsLeavesThemOut() throws IOException {
        TextTask qqp = TextTask.named("qqp");
        TextRows rows =
                rows(qqp, "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n1\t2\t3\twhy\n1\t2\t3\ta\tb\t1\n");

        assertThat(rows.read()).isEqualTo(TextRow.of("a", "b", "1"));
        assertThat(rows.read()).isNull();
        assertThat(rows.skipped()).isEqualTo(1);
    }

    @Test
    void ofManyColumnsSomeAreNamed() {
        String header = IntStream.range(0, 100).mapToObj(i -> "c" + i).collect(Collectors.joining("\t"));
        assertRefused(custom(TextFormat.TSV, true, "text", null, "c1"), header + "\n", "'c28', 'c29' and 70 more");
    }

    @Test
    void aColumnThatIsNotThereIsNamedWithThoseThatAreAndTheNearest() {
        assertRefused(
                custom(TextFormat.TSV, true, "sentence", null, "Label"),
                "sentence\tlabel\nx\t1\n",
                "data has no column 'Label' (did you mean 'label'?). Its columns are 'sentence', 'label'. Name another"
                        + " column, or add it");
        assertRefused(
                custom(TextFormat.CSV, false, "0", null, "2"),
                "x,1\n",
                "data has no column 2: its first line has columns 0 to 1");
        assertRefused(
                custom(TextFormat.JSONL, true, "t", null, "label"),
                "{\"t\":\"x\",\"lable\":1}",
                "data, line 1 has no column 'label' (did you mean 'lable'?)");
        assertRefused(custom(TextFormat.TSV, true, "t", null, "y"), "t\ty\ty\n", "more than one column 'y'");
    }

    @Test
    void brokenCsvAndJsonAreNamedByTheirLine() {
        TextTask csv = custom(TextFormat.CSV, true, "t", null, "y");
        assertRefused(csv, "t,y\n\"a\"b,1\n", "data, line 2 is not CSV");
        TextTask json = custom(TextFormat.JSONL, true, "t", null, "y");
        assertRefused(json, "{\"t\":\"a\",\"y\":1}\n{\"t\":\"a\"", "data, line 2 is not JSON");
        assertRefused(json, "[1]", "data, line 1 is not a JSON object");
    }

    @Test
    void aQuoteThatIsNotClosedIsNamedByTheLineThatOpensItAlone() {
        String message = "data, line 3 is not CSV (RFC 4180): in the row that begins there a quote is not closed, or is"
                + " followed by text. Close it, and write a quote inside quotes twice";
        for (String file : List.of("t,y\na,1\n\"open,1\nb,2\n", "t,y\na,1\n\"open,1\n\"b\",2\n")) {
            assertThatThrownBy(() -> read(custom(TextFormat.CSV, true, "t", null, "y"), file))
                    .isInstanceOf(BadInputException.class)
                    .hasMessage(message);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = "=>",
            quoteCharacter = '`',
            value = {
                "CSV => t;y => ';': save the file with commas for --format csv, or with tabs for --format tsv",
                "CSV => \"t\";\"y\" => ';': save the file with commas for --format csv, or with tabs for --format tsv",
                "CSV => t|x, z|y => '|': save the file with commas for --format csv, or with tabs for --format tsv",
                "TSV => t;y => ';': save the file with commas for --format csv, or with tabs for --format tsv",
                "CSV => `t\ty` => tabs: give --format tsv",
                "TSV => t,y => commas: give --format csv"
            })
    void columnsWithAnotherSeparatorAreRecognized(TextFormat format, String header, String hint) {
        String message = ". The columns seem to be separated by " + hint;
        assertRefused(custom(format, true, "t", null, "y"), header + "\n", message);
        assertRefused(custom(format, true, "t", null, "y"), "\n" + header + "\nmore\n", message);
    }

    @Test
    void columnsByNumberWithAnotherSeparatorAreRecognizedToo() {
        assertRefused(
                custom(TextFormat.CSV, false, "0", null, "1"),
                "good;1\n",
                "data has no column 1: its first line has columns 0 to 0. The columns seem to be separated by ';'");
        assertRefused(
                TextTask.named("sst2"),
                "sentence,label\n",
                "Its columns are 'sentence,label'. The columns seem to be separated by commas: save the file with tabs");
    }

    @Test
    void jsonThatIsNotOneObjectALineIsRefusedWithTheCommandThatMakesItSo() {
        TextTask json = custom(TextFormat.JSONL, true, "t", null, "y");
        String array = "data is one JSON array; jsonl has one object a line. Write it so, for example by jq -c '.[]' <"
                + " FILE > OTHER";
        assertRefused(json, "[{\"t\": \"a\", \"y\": 1}, {\"t\": \"b\", \"y\": 2}]", array);
        assertRefused(json, "\uFEFF[\n  {\n    \"t\": \"a\"", array);
        // Longer than a line may be.
        assertRefused(json, "[{\"t\": \"" + "a".repeat(Utf8Lines.LONGEST_LINE) + "\"", array);
        String lines = ". Write one whole object a line, for example by jq -c . < FILE > OTHER";
        assertRefused(
                json, "{\n  \"t\": \"a\"\n}", "data, line 1 is not JSON: the line ends before its object does" + lines);
        assertRefused(
                json,
                "{\"t\":\"a\",\"y\":1} {\"t\":\"b\",\"y\":1}",
                "data, line 1 is not JSON: something follows the object" + lines);
        assertRefused(
                json,
                "{'t':'a'}",
                "data, line 1 is not JSON: Unexpected character (''' (code 39)): was expecting double-quote to start"
                        + " field name (column 3). Mend the line, or check the format");
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = "=>",
            quoteCharacter = '`',
            value = {
                "{\"t\":5,\"y\":1} => 't' is 5 and not a string; put it in quotes: \"5\"",
                "{\"t\":null,\"y\":1} => 't' is null and not a string; leave out the row, or write \"\"",
                "{\"t\":[\"a\"],\"y\":1} => 't' is [\"a\"] and not a string; write one string",
                "{\"t\":\"a\",\"y\":[1]} => 'y' is [1]; a label is a string, a number, true or false. Write one of these;"
                        + " for a label per word give --words, --labels and --type token-classification",
                "{\"t\":\"a\",\"y\":{\"k\":1}} => 'y' is {\"k\":1}; a label is a string, a number, true or false. Write"
                        + " one of these"
            })
    void valuesOfAnotherTypeAreRefusedWithTheFix(String line, String message) {
        assertRefused(custom(TextFormat.JSONL, true, "t", null, "y"), line, "data, line 1: " + message);
    }

    @Test
    void bytesThatAreNotUtf8AreRefusedInsideQuotesToo() {
        byte[] latin1 = "t,y\n\"a\né\",1\n".getBytes(StandardCharsets.ISO_8859_1);

        assertThatThrownBy(() -> rows(custom(TextFormat.CSV, true, "t", null, "y"), latin1)
                        .read())
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("line 3: byte 0xE9 at offset 7");
    }

    private static void assertRefused(TextTask task, String file, String message) {
        assertThatThrownBy(() -> read(task, file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(message);
    }

    private static TextTask custom(TextFormat format, boolean header, String text, String pair, String label) {
        return TextTask.custom(format, header, text, pair, label, TaskType.CLASSIFICATION);
    }

    private static List<TextRow> read(TextTask task, String file) throws IOException {
        List<TextRow> all = new ArrayList<>();
        try (TextRows rows = rows(task, file)) {
            for (TextRow row = rows.read(); row != null; row = rows.read()) {
                all.add(row);
            }
        }
        return all;
    }

    private static TextRows rows(TextTask task, String file) throws IOException {
        return rows(task, file.getBytes(StandardCharsets.UTF_8));
    }

    private static TextRows rows(TextTask task, byte[] file) throws IOException {
        Utf8Lines lines = new Utf8Lines(PlainBytes.of(new ByteArrayInputStream(file), "data"));
        return switch (task.format()) {
            case TSV -> new TsvRows(task, KeptColumns.NONE, lines);
            case CSV -> new CsvRows(task, KeptColumns.NONE, lines);
            case JSONL -> new JsonRows(task, KeptColumns.NONE, lines);
            default -> throw new IllegalArgumentException(task.format().toString());
        };
    }
}
