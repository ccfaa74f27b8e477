package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.erat.data.safetensors.FloatTensor;
import org.erat.data.safetensors.SafetensorsFile;
import org.erat.data.safetensors.SafetensorsWriter;
import org.erat.job.TinyProject;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever is wrong with what a user gives, the command ends with the exit code of the design and one line that names
 * the place and the fix, and the disk is as it was.
 */
class BadInputTest {
    /** Prepared and trained; no test may change it. */
    @TempDir
    private static Path shared;

    private static TinyProject trained;

    /** Model and text of one test, to be spoilt. */
    @TempDir
    private Path folder;

    private TinyProject project;

    @BeforeAll
    static void prepareAndTrain() throws IOException {
        TinyCommands.onTwoCores();
        trained = TinyCommands.write(shared);
        assertThat(TinyCommands.run(TinyCommands.prepareData(trained, "data")).code())
                .isZero();
        assertThat(TinyCommands.run(TinyCommands.train(trained, "run")).code()).isZero();
    }

    @AfterAll
    static void clear() {
        TinyCommands.forgetSpark();
    }

    @BeforeEach
    void writeProject() throws IOException {
        project = TinyCommands.write(folder);
    }

    /** Spoils a project; what it does is the user's mistake. */
    private interface Mistake {
        void make(TinyProject project) throws IOException;
    }

    private interface CommandLine {
        String[] of(TinyProject project);
    }

    /**
     * @param code exit code
     * @param named what the message holds: file, place, fix
     */
    private record Case(String name, Mistake mistake, CommandLine command, int code, List<String> named) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Case model(String name, Mistake mistake, String... named) {
        return new Case(name, mistake, TinyCommands::prepareModel, 3, List.of(named));
    }

    private static Case data(String name, Mistake mistake, String... named) {
        return new Case(name, mistake, p -> TinyCommands.prepareData(p, "data"), 3, List.of(named));
    }

    /** A command over what is prepared and trained, which is not spoilt. */
    private static Case use(String name, int code, CommandLine command, String... named) {
        return new Case(name, p -> {}, p -> command.of(trained), code, List.of(named));
    }

    static Stream<Case> modelsThatCannotBeUsed() {
        return Stream.of(
                model(
                        "a truncated safetensors file",
                        p -> shorten(tensors(p), 100),
                        "model.safetensors",
                        "do not lie inside the 7196 data bytes",
                        "download the file again"),
                model(
                        "a safetensors file whose header is changed",
                        p -> overwrite(tensors(p), 7, 0x7f),
                        "model.safetensors",
                        "header"),
                model(
                        "a tensor that is missing",
                        p -> rewrite(tensors(p), all -> all.remove("encoder.layer.1.output.dense.bias")),
                        "/model",
                        "'encoder.layer.1.output.dense.bias' is missing",
                        "Check that config.json"),
                model(
                        "a tensor of the wrong shape",
                        p -> rewrite(
                                tensors(p),
                                all -> all.put(
                                        "encoder.layer.0.output.dense.bias",
                                        new FloatTensor(new long[] {7}, FloatBuffer.allocate(7)))),
                        "model.safetensors",
                        "'encoder.layer.0.output.dense.bias'",
                        "[7]",
                        "[8]"),
                model(
                        "a tokenizer of another model",
                        p -> replace(p.model().resolve("tokenizer.json"), "\"very\":39", "\"very\":390"),
                        "tokenizer.json",
                        "390",
                        "50"),
                model(
                        "no tokenizer",
                        p -> Files.delete(p.model().resolve("tokenizer.json")),
                        "tokenizer.json: is missing"),
                new Case(
                        "a model to be written on a cluster",
                        p -> {},
                        p -> TinyCommands.words("prepare-model --from", p.model(), "--out hdfs://cluster/base"),
                        2,
                        List.of("hdfs://cluster/base", "cannot be reached", "Check the address")),
                new Case(
                        "no permission to write a model",
                        p -> {},
                        p -> TinyCommands.words(
                                "prepare-model --from",
                                p.model(),
                                "--out",
                                p.folder().resolve("job.conf/base")),
                        2,
                        List.of("job.conf/base", "cannot be written", "permissions")));
    }

    static Stream<Case> textThatCannotBeUsed() {
        return Stream.of(
                data(
                        "a row with too few columns",
                        p -> append(p, "train.tsv", "the cat\n"),
                        "train.tsv, line 51",
                        "1 column"),
                data(
                        "an unknown label in the validation set",
                        p -> append(p, "dev.tsv", "the cat\thapy\n"),
                        "dev.tsv, line 23",
                        "'hapy'",
                        "happy"),
                data(
                        "an empty file",
                        p -> Files.writeString(p.text().resolve("train.tsv"), ""),
                        "train.tsv has no rows"),
                data(
                        "invalid UTF-8",
                        p -> Files.write(
                                p.text().resolve("train.tsv"),
                                new byte[] {'c', 'a', (byte) 0xFF, '\t', 'x', '\n'},
                                StandardOpenOption.APPEND),
                        "train.tsv, line 51",
                        "UTF-8"),
                data(
                        "a label column that is not there",
                        p -> replace(p.text().resolve("train.tsv"), "\tmood", "\tmode"),
                        "train.tsv",
                        "no column 'mood'",
                        "did you mean 'mode'"),
                data(
                        "no training text",
                        p -> Files.delete(p.text().resolve("train.tsv")),
                        "text has no training split"),
                data(
                        "two training files that differ",
                        p -> Files.copy(p.text().resolve("train.tsv"), p.text().resolve("old_train.tsv")),
                        "text holds old_train.tsv, train.tsv: which of them is the training split?"),
                data(
                        "a tokenizer that does not match the model",
                        p -> replace(p.model().resolve("tokenizer.json"), "\"very\":39", "\"very\":390"),
                        "tokenizer.json",
                        "390",
                        "50"),
                new Case(
                        "no room for text between the special tokens",
                        p -> {},
                        p -> TinyCommands.prepareData(p, "data", "--max-length 2"),
                        2,
                        List.of("--max-length 2 is too short", "adds 2 special tokens", "The smallest value is 3")),
                new Case(
                        "no permission to write data",
                        p -> {},
                        p -> TinyCommands.prepareData(p, "job.conf/data"),
                        2,
                        List.of("job.conf/data", "cannot be written", "--out")));
    }

    static Stream<Case> runsThatCannotBe() {
        return Stream.of(
                use(
                        "more shards than examples",
                        2,
                        p -> TinyCommands.train(p, "new", "--set training.shards=50"),
                        "50",
                        "49 or less"),
                use(
                        "a run directory of another configuration",
                        2,
                        p -> TinyCommands.train(p, "run", "--set seed=2"),
                        "/run",
                        "seed (1 there, 2 now)",
                        "another --run-dir"),
                use(
                        "no permission to write a run",
                        2,
                        p -> TinyCommands.train(p, "job.conf/run"),
                        "job.conf/run",
                        "cannot be used",
                        "permission"),
                use(
                        "an unknown key",
                        2,
                        p -> TinyCommands.train(p, "new", "--set trainning.batch-size=8"),
                        "--set trainning.batch-size=8",
                        "did you mean training.batch-size"),
                use(
                        "a value out of range",
                        2,
                        p -> TinyCommands.train(p, "new", "--set adapter.rank=0"),
                        "adapter.rank = 0",
                        "1..1024"),
                use(
                        "no configuration file",
                        2,
                        p -> TinyCommands.words("train --conf nowhere.conf --run-dir r"),
                        "nowhere.conf"),
                new Case(
                        "a configuration file in another encoding",
                        p -> Files.write(
                                p.folder().resolve("job.conf"),
                                "model.path = \"caf\u00e9\"".getBytes(StandardCharsets.ISO_8859_1)),
                        p -> TinyCommands.train(p, "new"),
                        2,
                        List.of("job.conf", "not UTF-8")),
                use(
                        "a folder for a configuration file",
                        2,
                        p -> TinyCommands.words("train --run-dir r --conf", p.text()),
                        "/text is a folder"),
                use(
                        "no data",
                        3,
                        p -> TinyCommands.train(p, "new", "--set data.train=nowhere"),
                        "nowhere/manifest.json does not exist",
                        "prepare-data"),
                use(
                        "no model",
                        3,
                        p -> TinyCommands.train(p, "new", "--set model.path=nowhere"),
                        "nowhere",
                        "prepare-model"),
                new Case(
                        "another tokenizer than the data's",
                        p -> replace(p.model().resolve("tokenizer.json"), "film", "book"),
                        p -> TinyCommands.train(trained, "new", "--set", "model.path=" + p.model()),
                        3,
                        List.of("data/manifest.json", "another tokenizer", "--model")),
                new Case(
                        "base weights that are cut short",
                        p -> shorten(tensors(p), 100),
                        p -> TinyCommands.train(trained, "new", "--set", "model.path=" + p.model()),
                        3,
                        List.of("model.safetensors", "data bytes", "download the file again")));
    }

    static Stream<Case> resultsThatCannotBeHad() {
        return Stream.of(
                use("no run", 2, p -> over(p, "evaluate", "nowhere"), "nowhere", "no config.conf", "--run-dir"),
                use("a rank above the largest", 2, p -> over(p, "evaluate", "run", "--ranks 4,5"), "5", "1..4"),
                use(
                        "a prediction at a rank above the largest",
                        2,
                        p -> over(p, "predict", "run", "--rank 5 --out", p.folder() + "/p.jsonl"),
                        "5",
                        "1..4"),
                use(
                        "predictions in place of a folder",
                        2,
                        p -> over(p, "predict", "run", "--rank 2 --out", p.folder() + "/text"),
                        "/text",
                        "something else"),
                use(
                        "predictions where nothing can be written",
                        2,
                        p -> over(p, "predict", "run", "--rank 2 --out", p.folder() + "/job.conf/p.jsonl"),
                        "job.conf/p.jsonl",
                        "cannot be written"),
                use("an export at a rank above the largest", 2, p -> export(p, "--rank 5", "out"), "5", "1..4"),
                use("too few ranks of blocks", 2, p -> export(p, "--block-ranks 1", "out"), "1", "2 blocks"),
                use(
                        "an export over the adapter of a run",
                        2,
                        p -> export(p, "--rank 2", "run/adapter"),
                        "run/adapter",
                        "Name another folder"),
                use("an export over something else", 2, p -> export(p, "--rank 2", "text"), "text", "something else"),
                new Case(
                        "a run that has not finished",
                        p -> {
                            Files.createDirectories(p.folder().resolve("run"));
                            Files.writeString(p.folder().resolve("run/config.conf"), "seed = 1");
                        },
                        p -> over(p, "evaluate", "run"),
                        2,
                        List.of("has not finished", "Submit its train command again")));
    }

    private static String[] over(TinyProject of, String command, String run, Object... more) {
        return TinyCommands.words(command + " --run-dir", of.folder().resolve(run), "--data", of.data(), more);
    }

    private static String[] export(TinyProject of, String ranks, String out) {
        return TinyCommands.words(
                "export --run-dir",
                of.folder().resolve("run"),
                ranks,
                "--out",
                of.folder().resolve(out));
    }

    @ParameterizedTest
    @MethodSource({"modelsThatCannotBeUsed", "textThatCannotBeUsed", "runsThatCannotBe", "resultsThatCannotBeHad"})
    void aMistakeIsOneLineWithPlaceAndFixAndChangesNothing(Case mistake) throws IOException {
        mistake.mistake().make(project);
        List<Path> own = everythingIn(folder);
        Map<String, byte[]> others = TinyProject.bytesOf(shared);

        TinyCommands.Ended ended = TinyCommands.run(mistake.command().of(project));

        assertThat(ended.error()).startsWith("error: ").contains(mistake.named());
        assertThat(ended.error().lines()).as("lines of the message").hasSize(1);
        assertThat(ended.code()).isEqualTo(mistake.code());
        assertThat(everythingIn(folder)).isEqualTo(own);
        assertThat(TinyProject.bytesOf(shared)).containsExactlyInAnyOrderEntriesOf(others);
    }

    @Test
    void trainingDataThatAreCutShortAreNamedAndWithWholeOnesTheSameCommandGoesOn() throws IOException {
        copyOfTrainingData(project);
        for (Path file : trainingFiles(project)) {
            shorten(file, 100);
        }
        String[] command = TinyCommands.train(trained, "cut", "--set", "data.train=" + project.data());

        TinyCommands.Ended ended = TinyCommands.run(command);

        assertThat(ended.error())
                .startsWith("error: ")
                .contains("data/train has a damaged file", "prepare the data again");
        assertThat(ended.error().lines()).hasSize(1);
        assertThat(ended.code()).isEqualTo(3);
        assertThat(shared.resolve("cut/_SUCCESS")).doesNotExist();
        assertThat(shared.resolve("cut/adapter")).doesNotExist();

        copyOfTrainingData(project);
        assertThat(TinyCommands.run(command).code()).isZero();
        assertThat(shared.resolve("cut/adapter/adapter_model.safetensors"))
                .hasSameBinaryContentAs(shared.resolve("run/adapter/adapter_model.safetensors"));
    }

    @Test
    void aModelIsSaidToBeReadyOnce() {
        assertThat(TinyCommands.shown(TinyCommands.prepareModel(project)))
                .containsOnlyOnce(folder.resolve("base") + " is ready: bert, 2 blocks of width 8")
                .noneMatch(line -> line.startsWith("prepared"));
        assertThat(TinyCommands.shown(TinyCommands.prepareModel(project)))
                .containsExactly(folder.resolve("base") + " is prepared already: bert, 2 blocks of width 8");
    }

    @Test
    void divergenceEndsWithFourAndIsNoSuccess() {
        TinyCommands.Ended ended = TinyCommands.run(TinyCommands.train(
                trained,
                "diverged",
                // Weight decay of ten times a value turns it into minus nine times itself at every step.
                "--set training.learning-rate=10 --set training.weight-decay=1 --set training.decay=constant"
                        + " --set training.warmup-share=0 --set training.epochs=20 --set adapter.alpha=65536"));

        assertThat(ended.error())
                .startsWith("error: ")
                .contains("of shard", "training diverged", "lower training.learning-rate");
        assertThat(ended.error().lines()).hasSize(1);
        assertThat(ended.code()).isEqualTo(4);
        assertThat(shared.resolve("diverged/_SUCCESS")).doesNotExist();
        assertThat(shared.resolve("diverged/adapter")).doesNotExist();
    }

    private static List<Path> everythingIn(Path folder) throws IOException {
        try (Stream<Path> walk = Files.walk(folder)) {
            return walk.sorted().toList();
        }
    }

    private static Path tensors(TinyProject project) {
        return project.model().resolve("model.safetensors");
    }

    private static void copyOfTrainingData(TinyProject project) throws IOException {
        for (Path file : TinyProject.filesOf(trained.data())) {
            Path copy = project.data().resolve(trained.data().relativize(file));
            Files.createDirectories(copy.getParent());
            // Not the checksums that Hadoop keeps of local files: what was copied by other means has none.
            if (!file.toString().endsWith(".crc")) {
                Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    private static List<Path> trainingFiles(TinyProject project) throws IOException {
        return everythingIn(project.data().resolve("train")).stream()
                .filter(file -> file.toString().endsWith(".parquet"))
                .toList();
    }

    private static void shorten(Path file, int bytes) throws IOException {
        byte[] whole = Files.readAllBytes(file);
        Files.write(file, java.util.Arrays.copyOf(whole, whole.length - bytes));
    }

    private static void overwrite(Path file, int position, int value) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[position] = (byte) value;
        Files.write(file, bytes);
    }

    private static void replace(Path file, String text, String by) throws IOException {
        String before = Files.readString(file);
        assertThat(before).contains(text);
        Files.writeString(file, before.replace(text, by));
    }

    private static void append(TinyProject project, String file, String text) throws IOException {
        Files.writeString(project.text().resolve(file), text, StandardOpenOption.APPEND);
    }

    private interface Change {
        void to(Map<String, FloatTensor> tensors);
    }

    private static void rewrite(Path file, Change change) throws IOException {
        Map<String, FloatTensor> tensors = new LinkedHashMap<>();
        try (SafetensorsFile before = SafetensorsFile.open(file)) {
            for (String name : before.names()) {
                FloatBuffer values = before.floats(name);
                FloatBuffer copy =
                        FloatBuffer.allocate(values.remaining()).put(values).flip();
                tensors.put(name, new FloatTensor(before.info(name).shape(), copy));
            }
        }
        change.to(tensors);
        Files.delete(file);
        SafetensorsWriter.write(file, tensors, Map.of("format", "pt"));
    }
}
