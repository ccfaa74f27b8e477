package org.erat.data.tokenized;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.data.BadInputException;
import org.erat.data.FileSignatureTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ManifestTest {
    private static final Configuration HADOOP = new Configuration();

    @TempDir
    private java.nio.file.Path folder;

    static Manifest of(long train, long validation) {
        return new Manifest(
                Manifest.version(TaskType.CLASSIFICATION, true),
                "sst2",
                TaskType.CLASSIFICATION,
                List.of("negative", "positive"),
                List.of("accuracy"),
                "aa",
                64,
                30521,
                new SplitSummary(train, 3 * train, 3, 1),
                new SplitSummary(validation, 3 * validation, 3, 0),
                "bb",
                "/data/sst2",
                Map.of("max-length", "64"));
    }

    @Test
    void whatIsInPlaceOfAManifestIsNamed() throws IOException {
        Path file = new Path(path(), Manifest.FILE);
        Files.writeString(folder.resolve(Manifest.FILE), FileSignatureTest.LFS_POINTER);
        assertThatThrownBy(() -> Manifest.read(HADOOP, path()))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(file + ": is a Git LFS pointer");
        Files.writeString(folder.resolve(Manifest.FILE), "");
        assertThatThrownBy(() -> Manifest.read(HADOOP, path()))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(file + ": is empty");
        Files.writeString(folder.resolve(Manifest.FILE), "[".repeat(100_000));
        assertThatThrownBy(() -> Manifest.read(HADOOP, path()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("it is nested more than 128 levels deep");
    }

    @Test
    void readsWhatItWrote() throws IOException {
        Manifest manifest = of(10, 2);
        manifest.write(HADOOP, path());

        assertThat(Manifest.read(HADOOP, path())).isEqualTo(manifest);
        assertThat(manifest.outputs()).isEqualTo(2);
        assertThat(manifest.summary(Split.VALIDATION).examples()).isEqualTo(2);
    }

    /** As the first version wrote it. */
    @Test
    void readsAnEarlierFile() throws IOException {
        Files.writeString(
                folder.resolve("manifest.json"),
                """
                {
                  "version" : 1, "task" : "stsb", "type" : "regression", "labelNames" : [ ],
                  "metrics" : [ "pearson", "spearman" ], "tokenizerSha256" : "aa", "maxLength" : 128,
                  "highestTokenId" : 30521,
                  "train" : { "examples" : 5, "tokens" : 50, "longest" : 12, "truncated" : 0 },
                  "validation" : { "examples" : 2, "tokens" : 20, "longest" : 11, "truncated" : 0 },
                  "contentSha256" : "bb", "input" : "/data/STS-B", "settings" : { "max-length" : "128" }
                }
                """);

        Manifest manifest = Manifest.read(HADOOP, path());

        assertThat(manifest.type()).isEqualTo(TaskType.REGRESSION);
        assertThat(manifest.train()).isEqualTo(new SplitSummary(5, 50, 12, 0));
        assertThat(manifest.outputs()).isEqualTo(1);
    }

    @Test
    void onlyTokenClassificationHasTheSecondVersion() throws IOException {
        assertThat(Manifest.version(TaskType.CLASSIFICATION, true)).isEqualTo(1);
        assertThat(Manifest.version(TaskType.REGRESSION, true)).isEqualTo(1);
        Manifest manifest = new Manifest(
                Manifest.version(TaskType.TOKEN_CLASSIFICATION, true),
                "custom",
                TaskType.TOKEN_CLASSIFICATION,
                List.of("B-PER", "I-PER", "O"),
                List.of("entity-f1"),
                "aa",
                64,
                30521,
                new SplitSummary(1, 3, 3, 0),
                new SplitSummary(1, 3, 3, 0),
                "bb",
                "/data",
                Map.of());
        manifest.write(HADOOP, path());

        assertThat(folder.resolve("manifest.json")).content().contains("\"version\" : 2", "\"token-classification\"");
        assertThat(Manifest.read(HADOOP, path())).isEqualTo(manifest);
        assertThat(manifest.outputs()).isEqualTo(3);
    }

    @Test
    void theDigestOfALanguageModelsTokensCoversWhichArePredicted() {
        assertThat(predicting("all").tokensSha256())
                .isNotEqualTo(predicting("completion").tokensSha256());
    }

    private static Manifest predicting(String lossOn) {
        return new Manifest(
                4,
                "e2e",
                TaskType.LANGUAGE_MODELING,
                List.of(),
                List.of("perplexity"),
                "aa",
                64,
                99,
                new SplitSummary(1, 3, 3, 0),
                new SplitSummary(1, 3, 3, 0),
                "bb",
                "/data",
                Map.of("loss-on", lossOn));
    }

    @Test
    void aTestSplitHasAVersionOfItsOwnAndChangesNothingElse() throws IOException {
        Manifest without = of(10, 2);
        without.write(HADOOP, path());
        assertThat(folder.resolve("manifest.json"))
                .content()
                .contains("\"version\" : 1")
                .doesNotContain("\"test\"");
        assertThat(without.summary(Split.TEST).examples()).isZero();
        Files.delete(folder.resolve("manifest.json"));

        Manifest with = without.withTest(new SplitSummary(4, 12, 3, 0));
        with.write(HADOOP, path());
        assertThat(folder.resolve("manifest.json")).content().contains("\"version\" : 6", "\"test\"");
        assertThat(Manifest.read(HADOOP, path())).isEqualTo(with);
        assertThat(with.summary(Split.TEST).examples()).isEqualTo(4);
        assertThat(with.labelled()).isTrue();
        // A run on the data goes on when the test split is added.
        assertThat(with.tokensSha256()).isEqualTo(without.tokensSha256());
    }

    @Test
    void languageModelingHasAVersionThatEarlierProgramsRefuse() {
        assertThat(Manifest.version(TaskType.LANGUAGE_MODELING, true)).isGreaterThan(3);
    }

    @Test
    void refusesAnotherVersion() throws IOException {
        rewrite("\"version\" : 1", "\"version\" : 9");

        assertThatThrownBy(() -> Manifest.read(HADOOP, path()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("manifest.json: version 9")
                .hasMessageContaining("prepare the data again");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"task", "type", "labelNames", "maxLength", "train", "examples", "contentSha256", "settings"})
    void refusesAMissingKeyByName(String key) throws IOException {
        rewrite("\"" + key + "\" :", "\"other\" :");

        assertThatThrownBy(() -> Manifest.read(HADOOP, path()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("manifest.json")
                .hasMessageMatching("(?s).*(" + key + "|other).*");
    }

    @Test
    void refusesAFileCutShort() throws IOException {
        of(1, 1).write(HADOOP, path());
        String json = Files.readString(folder.resolve("manifest.json"));
        deleteManifest();
        Files.writeString(folder.resolve("manifest.json"), json.substring(0, json.length() / 2));

        assertThatThrownBy(() -> Manifest.read(HADOOP, path()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("is not the manifest of a tokenized data set");
    }

    @Test
    void saysHowToMakeADataSetWhereThereIsNone() {
        assertThatThrownBy(() -> Manifest.read(HADOOP, path()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("does not exist")
                .hasMessageContaining("prepare-data");
    }

    private void rewrite(String from, String to) throws IOException {
        of(1, 1).write(HADOOP, path());
        String json = Files.readString(folder.resolve("manifest.json"));
        assertThat(json).contains(from);
        deleteManifest();
        Files.writeString(folder.resolve("manifest.json"), json.replaceFirst(java.util.regex.Pattern.quote(from), to));
    }

    /** With its checksum, which Hadoop's local file system keeps beside it and compares. */
    private void deleteManifest() throws IOException {
        Path file = new Path(path(), Manifest.FILE);
        assertThat(file.getFileSystem(HADOOP).delete(file, false)).isTrue();
    }

    private Path path() {
        return new Path(folder.toUri());
    }
}
