package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.SparkException;
import org.apache.spark.sql.SparkSession;
import org.erat.data.BadInputException;
import org.erat.data.tokenized.PackedExamples;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.Targets;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.job.TinyProject;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Base weights and tokenized data with flipped bits are found by checksum, and never trained on. */
class DamageTest {
    @TempDir
    private Path folder;

    private TinyProject project;

    @BeforeEach
    void prepare() {
        TinyCommands.onTwoCores();
        project = TinyCommands.write(folder);
        assertThat(TinyCommands.run(TinyCommands.prepareModel(project)).code()).isZero();
        assertThat(TinyCommands.run(TinyCommands.prepareData(project, "data")).code())
                .isZero();
    }

    @AfterEach
    void forgetSpark() {
        TinyCommands.forgetSpark();
    }

    private TinyCommands.Ended train(String model) {
        return TinyCommands.run(TinyCommands.train(project, "run", "--set model.path=" + folder.resolve(model)));
    }

    @Test
    void baseWeightsWithAFlippedBitAreRefusedByTheDigestOfTheirPreparation() throws IOException {
        Path weights = folder.resolve("base/model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        bytes[bytes.length - 5] ^= 1;
        Files.write(weights, bytes);

        TinyCommands.Ended ended = train("base");

        assertThat(ended.error()).contains("model.safetensors: has SHA-256", "source.json", "prepare it again");
        assertThat(ended.code()).isEqualTo(3);
        assertThat(folder.resolve("run")).doesNotExist();
    }

    @Test
    void tokenizedDataWithAFlippedBitInAPageIsRefusedByItsChecksum() throws IOException {
        Path part = partWithoutHadoopsChecksum();
        byte[] bytes = Files.readAllBytes(part);
        // Pages come first in a Parquet file, and its footer last.
        bytes[bytes.length / 4] ^= 4;
        Files.write(part, bytes);

        TinyCommands.Ended ended = train("model");

        assertThat(ended.error())
                .startsWith("error: ")
                .contains(part.getFileName().toString(), "is damaged", "Prepare the data again");
        assertThat(ended.code()).isEqualTo(3);
        assertThat(folder.resolve("run/adapter")).doesNotExist();
        assertThat(folder.resolve("run/_SUCCESS")).doesNotExist();
    }

    @Test
    void whereverABitOfTheDataIsFlippedItIsEitherFoundOrChangesNothingThatIsReadFromIt() throws IOException {
        Path part = partWithoutHadoopsChecksum();
        byte[] original = Files.readAllBytes(part);
        int found = 0;
        int harmless = 0;
        try (SparkSession session = Sessions.open("damage")) {
            List<String> expected = read(session);
            // A prime, so that all bits of a byte and all parts of the file have their turn.
            for (int bit = 0; bit < original.length * 8; bit += 499) {
                byte[] flipped = original.clone();
                flipped[bit / 8] ^= (byte) (1 << (bit % 8));
                Files.write(part, flipped);
                try {
                    assertThat(read(session)).as("bit %d", bit).isEqualTo(expected);
                    harmless++;
                } catch (BadInputException | SparkExceptionInside e) {
                    found++;
                }
            }
        }
        assertThat(found).as("found; %d are in what nobody reads", harmless).isPositive();
    }

    private static final class SparkExceptionInside extends RuntimeException {
        SparkExceptionInside(Exception cause) {
            super(cause);
        }
    }

    private List<String> read(SparkSession session) {
        List<String> examples = new ArrayList<>();
        try {
            for (PackedExamples shard : TokenizedDataset.open(
                            session, project.data().toString())
                    .shards(Split.TRAIN, 2)
                    .collect()) {
                for (int i = 0; i < shard.size(); i++) {
                    StringBuilder example = new StringBuilder()
                            .append(shard.id(i))
                            .append(Arrays.toString(((Targets.Classes) shard.target(i)).classes()));
                    for (int t = 0; t < shard.length(i); t++) {
                        example.append(' ').append(shard.token(i, t));
                    }
                    examples.add(example.toString());
                }
            }
        } catch (Exception e) {
            if (e instanceof SparkException) {
                throw new SparkExceptionInside(e);
            }
            throw e;
        }
        return examples;
    }

    /** Hadoop's local file system has checksums of its own beside its files; other file systems do not. */
    private Path partWithoutHadoopsChecksum() throws IOException {
        try (Stream<Path> files = Files.list(project.data().resolve("train"))) {
            List<Path> all = files.toList();
            for (Path file : all) {
                if (file.toString().endsWith(".crc")) {
                    Files.delete(file);
                }
            }
            return all.stream()
                    .filter(file -> file.toString().endsWith(".parquet"))
                    .findFirst()
                    .orElseThrow();
        }
    }
}
