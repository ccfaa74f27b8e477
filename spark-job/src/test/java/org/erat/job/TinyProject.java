package org.erat.job;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.erat.config.JobConfig;
import org.erat.data.text.TextFormat;
import org.erat.data.text.TextTask;
import org.erat.data.text.Tokenization;
import org.erat.data.text.TokenizationRequest;
import org.erat.data.tokenized.TaskType;
import org.erat.model.TinyBaseModel;

/**
 * What a user has who trains on their own data, only smaller: a base model, a table of text and label, the tokenized
 * data set and a configuration.
 *
 * @param folder all of it, in folders {@code model}, {@code text}, {@code data} and the runs
 */
public record TinyProject(Path folder) {
    /** Shards of 25 and 24 examples, seven mini-batches and six: the last round of an epoch has nothing for shard 1. */
    public static final int TRAINING_EXAMPLES = 49;

    public static final int VALIDATION_EXAMPLES = 21;

    /** Two epochs of three rounds: of three local steps, three and one. */
    public static final int ROUNDS = 6;

    public static final int RANK = 4;

    private static final List<String> WORDS = List.of("the", "cat", "dog", "sat", "ran", "film", "very", "not", "a");

    /** Writes model and text, and tokenizes the text. */
    public static TinyProject prepare(SparkSession session, Path folder) {
        TinyProject project = new TinyProject(folder);
        project.writeSources();
        Tokenization.prepare(session, project.request("data"), line -> {});
        return project;
    }

    /** Writes model and text. */
    public void writeSources() {
        TinyBaseModel.write(model(), TinyBaseModel.bert(2));
        try {
            Files.createDirectories(text());
            Files.writeString(text().resolve("train.tsv"), table(TRAINING_EXAMPLES, 1));
            Files.writeString(text().resolve("dev.tsv"), table(VALIDATION_EXAMPLES, 2));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** How the text is tokenized into a folder of this name. */
    public TokenizationRequest request(String out) {
        return new TokenizationRequest(
                TextTask.custom(TextFormat.TSV, true, "sentence", null, "mood", TaskType.CLASSIFICATION),
                text().toString(),
                model().toString(),
                TinyBaseModel.VOCABULARY,
                16,
                folder.resolve(out).toString(),
                0.1,
                1,
                Optional.empty());
    }

    public Path model() {
        return folder.resolve("model");
    }

    public Path text() {
        return folder.resolve("text");
    }

    public Path data() {
        return folder.resolve("data");
    }

    /** The configuration as HOCON. */
    public String configuration() {
        return """
                model.path = "%s"
                data.train = "%s"
                adapter { rank = %d, alpha = 8, dropout = 0.1 }
                training { epochs = 2, shards = 2, batch-size = 4, local-steps = 3, learning-rate = 0.02 }
                training { outer-learning-rate = 0.7, outer-momentum = 0.5 }
                checkpoint.every-rounds = 2
                """
                .formatted(model(), data(), RANK);
    }

    /** The configuration with other values for some keys. */
    public JobConfig job(String... overrides) {
        return JobConfig.parse(configuration(), "job.conf", List.of(overrides));
    }

    /** A label follows from a word of the sentence, as in a real task. */
    private static String table(int rows, long seed) {
        Random random = new Random(seed);
        StringBuilder table = new StringBuilder("sentence\tmood\n");
        for (int i = 0; i < rows; i++) {
            boolean good = random.nextBoolean();
            List<String> words = new ArrayList<>();
            int length = 1 + random.nextInt(6);
            for (int w = 0; w < length; w++) {
                words.add(WORDS.get(random.nextInt(WORDS.size())));
            }
            words.add(random.nextInt(length + 1), good ? "good" : "bad");
            table.append(String.join(" ", words))
                    .append('\t')
                    .append(good ? "happy" : "sad")
                    .append('\n');
        }
        return table.toString();
    }

    /** Every file below a folder with its bytes, by its path in it. */
    public static Map<String, byte[]> bytesOf(Path folder) {
        Map<String, byte[]> files = new TreeMap<>();
        filesOf(folder).forEach(file -> {
            try {
                files.put(folder.relativize(file).toString(), Files.readAllBytes(file));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        return files;
    }

    /** Every file below a folder. */
    public static List<Path> filesOf(Path folder) {
        try (Stream<Path> walk = Files.walk(folder)) {
            return walk.filter(Files::isRegularFile).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Every file below a folder with the time at which it was last written. */
    public static Map<Path, Long> timesOf(Path folder) {
        Map<Path, Long> times = new HashMap<>();
        filesOf(folder).forEach(file -> times.put(file, file.toFile().lastModified()));
        return times;
    }
}
