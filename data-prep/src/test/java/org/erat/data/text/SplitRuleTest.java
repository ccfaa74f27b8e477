package org.erat.data.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.erat.data.BadInputException;
import org.erat.data.text.SplitRule.Entry;
import org.erat.data.text.SplitRule.Use;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SplitRuleTest {
    private static final SplitRule CSV = new SplitRule(TextFormat.CSV, null, true);
    private static final SplitRule PARQUET = new SplitRule(TextFormat.PARQUET, null, true);

    /** Names, those of folders with a slash. */
    private static List<Entry> entries(String names) {
        return Arrays.stream(names.split(" "))
                .map(name -> new Entry(name.replace("/", ""), name.endsWith("/")))
                .toList();
    }

    private static List<String> names(List<Entry> entries) {
        return entries.stream().map(Entry::name).toList();
    }

    @ParameterizedTest
    @CsvSource({
        "train.csv, training",
        "TRAIN.CSV, training",
        "train.csv.gz, training",
        "train_1.csv, training",
        "training.csv, training",
        "reviews_train.csv, training",
        "reviews-train-2.csv.zst, training",
        "reviews.train.csv, training",
        "train-00000-of-00001.csv, training",
        "reviews-train-00000-of-00001.csv, training",
        "train-00000-of-00001-a09b74b3ef9c3b56.csv, training",
        "train/, training",
        "dev.csv, validation",
        "validation.csv, validation",
        "valid.csv, validation",
        "val.csv, validation",
        "my val.csv, validation",
        "validation-00000-of-00001.csv, validation",
        "valid/, validation",
        "test.csv.bz2, test",
        "test-00000-of-00001.csv, test"
    })
    void aNameSaysItsSplit(String name, String use) {
        Map<Use, List<Entry>> splits = CSV.splits(entries(name), "data");
        assertThat(splits).containsOnlyKeys(Use.valueOf(use.toUpperCase(java.util.Locale.ROOT)));
    }

    @ParameterizedTest
    @CsvSource({"trained.csv", "latest.csv", "constrain.csv", "part-00000.csv", "a_test_b.csv", "trains.csv", "data.csv"
    })
    void otherNamesSayNone(String name) {
        assertThat(CSV.splits(entries(name), "data")).isEmpty();
    }

    @Test
    void theHubsLayoutIsThreeSplitsOfSeveralFiles() {
        Map<Use, List<Entry>> splits = PARQUET.splits(
                entries("train-00001-of-00002.parquet train-00000-of-00002.parquet validation-00000-of-00001.parquet"
                        + " test-00000-of-00001.parquet README.md .gitattributes"),
                "data");
        assertThat(names(splits.get(Use.TRAINING)))
                .containsExactly("train-00000-of-00002.parquet", "train-00001-of-00002.parquet");
        assertThat(names(splits.get(Use.VALIDATION))).containsExactly("validation-00000-of-00001.parquet");
        assertThat(names(splits.get(Use.TEST))).containsExactly("test-00000-of-00001.parquet");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "train.csv reviews_train.csv dev.csv|holds reviews_train.csv, train.csv: which of them is the training split?",
                "train.csv dev.csv validation.csv|holds dev.csv, validation.csv: which of them is the validation split?",
                "train.csv train.csv.gz|holds train.csv, train.csv.gz: which of them is the training split?",
                "train.csv train/|holds train.csv, train/: which of them is the training split?",
                "train.csv dev.csv more.csv|holds dev.csv, train.csv, whose names say a split, and more.csv, whose names say"
                        + " none. Name them after their split, or move them away. A name says its split by its first or last word: train, training, dev, val, valid, validation, test",
                "train_test.csv|data/train_test.csv: is it the training or the test split? Rename it"
            })
    void whatCouldBeTwoThingsIsRefusedWithWhatIsThere(String names, String message) {
        assertThatThrownBy(() -> CSV.splits(entries(names), "data"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(message);
    }

    @Test
    void aShardThatIsMissingIsNamed() {
        assertThatThrownBy(() ->
                        PARQUET.splits(entries("train-00000-of-00004.parquet train-00002-of-00004.parquet"), "data"))
                .isInstanceOf(BadInputException.class)
                .hasMessage("data: of the 4 files that train-00000-of-00004.parquet is one of, the numbers [1, 3] are"
                        + " missing. Download or copy them");
    }

    @Test
    void aTableWithALogOfItsOwnIsRefused() {
        assertThatThrownBy(() -> PARQUET.table(entries("_delta_log/ part-00000-a.parquet"), "data"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("is a Delta or Hudi table");
    }

    @Test
    void besideFilesOfTheFormatOthersDoNotCount() {
        assertThat(names(CSV.splits(entries("train.csv train.txt train.jsonl notes.txt _SUCCESS"), "data")
                        .get(Use.TRAINING)))
                .containsExactly("train.csv");
        assertThat(names(CSV.splits(entries("train.txt"), "data").get(Use.TRAINING)))
                .containsExactly("train.txt");
    }

    @ParameterizedTest
    @CsvSource({
        "train.csv dev.jsonl, dev.jsonl, validation",
        "train.csv dev.jsonl.gz, dev.jsonl.gz, validation",
        "train.csv.gz val.JSON, val.JSON, validation",
        "train.csv valid.ndjson, valid.ndjson, validation",
        "train.csv validation-00000-of-00001.parquet, validation-00000-of-00001.parquet, validation",
        "train.csv dev.pq, dev.pq, validation",
        "train.csv dev.tsv, dev.tsv, validation",
        "train.csv dev.txt, dev.txt, validation",
        "train.csv dev.csv.zip, dev.csv.zip, validation",
        "train.csv reviews_dev.csv.xz, reviews_dev.csv.xz, validation",
        "train.csv train.jsonl dev.jsonl, dev.jsonl, validation",
        "dev.csv train.jsonl, train.jsonl, training"
    })
    void aSplitInAnotherFormatIsRefused(String names, String file, String use) {
        assertThatThrownBy(() -> CSV.splits(entries(names), "data"))
                .isInstanceOf(BadInputException.class)
                .hasMessage(
                        "data holds %s: by its name %s is the %s split, and by its ending it is no csv file. Write it as"
                                + " csv, or move it away",
                        String.join(", ", names(SplitRule.visible(entries(names)))), file, use);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"train.csv dev.py", "train.csv dev.csv dev.jsonl", "train.csv test.jsonl", "train.csv dev.log"})
    void whatHoldsNoRowsOrIsThereInTheFormatTooIsNoSuchSplit(String names) {
        assertThat(names(CSV.splits(entries(names), "data").get(Use.TRAINING))).containsExactly("train.csv");
    }

    @Test
    void aKnownTaskHasOtherFilesBesideItsOwn() {
        SplitRule mnli = TextTask.named("mnli").splitRule();
        Map<Use, List<Entry>> splits = mnli.splits(
                entries(
                        "train.tsv dev_matched.tsv dev_mismatched.tsv test_matched.tsv test_mismatched.tsv diagnostic.tsv"
                                + " original/"),
                "MNLI");
        assertThat(names(splits.get(Use.TRAINING))).containsExactly("train.tsv");
        assertThat(names(splits.get(Use.VALIDATION))).containsExactly("dev_matched.tsv");
        assertThat(names(splits.get(Use.TEST))).containsExactly("test_matched.tsv");
    }

    @Test
    void whatSparkWroteIsOneTable() {
        assertThat(names(CSV.table(
                        entries("_SUCCESS part-00001-7f3a-c000.csv part-00000-7f3a-c000.csv .part-00000.crc"), "data")))
                .containsExactly("part-00000-7f3a-c000.csv", "part-00001-7f3a-c000.csv");
        // Of two jobs.
        assertThat(CSV.table(entries("part-00000-aaa-c000.csv part-00000-bbb-c000.csv"), "data"))
                .hasSize(2);
        assertThat(names(CSV.table(entries("part-00000 part-00001"), "data")))
                .containsExactly("part-00000", "part-00001");
    }

    @Test
    void filesThatCouldBeSeveralTablesAreRefused() {
        assertThatThrownBy(() -> CSV.table(entries("cats.csv dogs.csv"), "data"))
                .isInstanceOf(BadInputException.class)
                .hasMessage(
                        "data holds cats.csv, dogs.csv: which of them is the table? Files of one split differ in numbers"
                                + " only, such as train-00000-of-00002. Move the others away, or name one file. A name says its split by its first or"
                                + " last word: train, training, dev, val, valid, validation, test");
        assertThatThrownBy(() -> CSV.table(entries("trainset.csv devset.csv"), "data"))
                .isInstanceOf(BadInputException.class)
                .hasMessageEndingWith("train, training, dev, val, valid, validation, test");
        assertThatThrownBy(() -> CSV.table(entries("original/"), "data"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("data has no csv file; it holds original/.");
    }
}
