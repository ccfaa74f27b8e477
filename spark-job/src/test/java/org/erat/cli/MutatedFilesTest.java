package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.commons.io.FileUtils;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.erat.checkpoint.Checkpoint;
import org.erat.checkpoint.RunDirectory;
import org.erat.config.JobConfig;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.job.TinyProject;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every file that the job reads, changed at random: it is used, or refused by a message with the right exit code, within
 * seconds, and nothing is left behind. The number of inputs is the system property {@code fuzz.inputs}, the profile {@code
 * fuzz} has more. The n-th input of a kind is always the same one.
 */
class MutatedFilesTest {
    private static final int INPUTS = Integer.getInteger("fuzz.inputs", 300);
    private static final Duration LONGEST = Duration.ofSeconds(90);

    @TempDir
    private static Path shared;

    @TempDir
    private Path folder;

    private static TinyProject project;
    private static SparkSession session;
    private static final List<Checkpoint> CHECKPOINTS = new ArrayList<>();

    /** What is changed: a share of all inputs, a folder, and a file in it or null for any. */
    private enum Kind {
        MODEL_CONFIG(0.22, "model", "config.json"),
        TOKENIZER(0.04, "model", "tokenizer.json"),
        TOKENIZER_CONFIG(0.08, "model", "tokenizer_config.json"),
        WEIGHTS(0.2, "model", "model.safetensors"),
        ADAPTER(0.2, "run", "adapter/adapter_model.safetensors"),
        HEAD_CONFIG(0.1, "run", "adapter/head_config.json"),
        RUN_CONFIG(0.04, "run", "config.conf"),
        CHECKPOINT(0.05, "run", null),
        MANIFEST(0.03, "data", "manifest.json"),
        TOKENS(0.02, "data", null),
        TEXT(0.02, "text", "train.tsv");

        private final double share;
        private final String folder;
        private final String file;

        Kind(double share, String folder, String file) {
            this.share = share;
            this.folder = folder;
            this.file = file;
        }

        int inputs() {
            return Math.max(3, (int) (share * INPUTS));
        }
    }

    @BeforeAll
    static void train() throws IOException {
        TinyCommands.onTwoCores();
        project = TinyCommands.write(shared);
        Files.writeString(
                project.model().resolve("tokenizer_config.json"),
                "{\"tokenizer_class\": \"BertTokenizer\", \"do_lower_case\": true, \"model_max_length\": 24}");
        TinyCommands.shown(TinyCommands.prepareData(project, "data"));
        TinyCommands.shown(TinyCommands.train(project, "run"));
        Files.delete(shared.resolve("run/_SUCCESS"));
        checkpoints(shared.resolve("run")).forEach(CHECKPOINTS::add);
        assertThat(CHECKPOINTS).isNotEmpty();
        Files.createFile(shared.resolve("run/_SUCCESS"));
        session = Sessions.open("mutated files");
    }

    @AfterAll
    static void stop() {
        session.stop();
        TinyCommands.forgetSpark();
    }

    private static Stream<Checkpoint> checkpoints(Path run) {
        return RunDirectory.read(run.toString(), new Configuration(), line -> {}).checkpoints().latestValid().stream();
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void aChangedFileIsUsedOrRefusedByAMessage(Kind kind) {
        for (int i = 0; i < kind.inputs(); i++) {
            int input = i;
            assertTimeoutPreemptively(LONGEST, () -> check(kind, input), () -> kind + " " + input);
        }
    }

    private void check(Kind kind, int input) throws IOException {
        Random random = new Random(31L * input + kind.name().hashCode());
        Path work = folder.resolve(kind + "-" + input);
        Path copy = work.resolve(kind.folder);
        FileUtils.copyDirectory(shared.resolve(kind.folder).toFile(), copy.toFile());
        Path file = kind.file == null ? anyFile(copy, kind, random) : copy.resolve(kind.file);
        byte[] changed = new MutatedFiles(random)
                .of(Files.readAllBytes(file), file.toString().endsWith(".json"));
        Files.write(file, changed);
        Files.deleteIfExists(file.resolveSibling("." + file.getFileName() + ".crc"));
        boolean used = use(kind, copy, kind + " " + input);
        List<String> allowed = used ? List.of(kind.folder, "out") : List.of(kind.folder);
        try (Stream<Path> left = Files.list(work)) {
            assertThat(left.map(path -> path.getFileName().toString()))
                    .as("%s %d leaves", kind, input)
                    .isSubsetOf(allowed);
        }
        FileUtils.deleteDirectory(work.toFile());
    }

    private static Path anyFile(Path copy, Kind kind, Random random) throws IOException {
        String suffix = kind == Kind.TOKENS ? ".parquet" : "";
        Path root = kind == Kind.TOKENS ? copy.resolve("train") : copy.resolve("checkpoints");
        try (Stream<Path> walk = Files.walk(root)) {
            List<Path> files = walk.filter(path -> Files.isRegularFile(path)
                            && path.toString().endsWith(suffix)
                            && !path.toString().endsWith(".crc"))
                    .sorted()
                    .toList();
            return files.get(random.nextInt(files.size()));
        }
    }

    /** Whether it could be used. */
    private boolean use(Kind kind, Path copy, String name) throws IOException {
        Path out = copy.resolveSibling("out");
        return switch (kind) {
            case MODEL_CONFIG, TOKENIZER, TOKENIZER_CONFIG, WEIGHTS ->
                command(name, TinyCommands.words("prepare-model --from", copy, "--out", out));
            case ADAPTER, HEAD_CONFIG ->
                command(name, TinyCommands.words("export --rank 2 --run-dir", copy, "--out", out));
            case TEXT ->
                command(
                        name,
                        TinyCommands.words(
                                "prepare-data --format tsv --text sentence --label mood --type classification --input",
                                copy,
                                "--model",
                                project.model(),
                                "--out",
                                out));
            case RUN_CONFIG ->
                call(name, () -> {
                    String text = RunDirectory.read(copy.toString(), new Configuration(), line -> {})
                            .config();
                    JobConfig.parse(text, "config.conf", List.of());
                });
            case CHECKPOINT -> {
                Files.delete(copy.resolve("_SUCCESS"));
                Optional<Checkpoint> found = checkpoints(copy).findFirst();
                // An earlier one, or the same where the change is in what does not count.
                found.ifPresent(checkpoint -> assertThat(checkpoint.round())
                        .as(name)
                        .isLessThanOrEqualTo(CHECKPOINTS.get(0).round()));
                yield found.isPresent();
            }
            case MANIFEST, TOKENS ->
                call(name, () -> {
                    TokenizedDataset data = TokenizedDataset.open(session, copy.toString());
                    data.shards(Split.TRAIN, 2).collect();
                });
        };
    }

    private boolean command(String name, String... args) {
        TinyCommands.Ended ended = TinyCommands.run(args);
        assertThat(ended.code()).as("%s: %s", name, ended.error()).isIn(0, 2, 3);
        if (ended.code() != 0) {
            assertThat(ended.error().lines().toList()).as(name).hasSize(1);
            assertThat(ended.error()).as(name).startsWith("error: ");
            assertThat(ended.error().length()).as("%s: %s", name, ended.error()).isLessThan(2000);
        }
        return ended.code() == 0;
    }

    private static boolean call(String name, Runnable work) {
        try {
            work.run();
            return true;
        } catch (Exception e) {
            // Spark's own is a checked one that no method declares.
            Failure failure = Failure.of(e);
            assertThat(failure.exitCode()).as("%s: %s", name, e).isIn(2, 3);
            return false;
        }
    }
}
