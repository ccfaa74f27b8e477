package org.erat.data.basemodel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.erat.data.BadInputException;
import org.erat.data.EratException;
import org.erat.data.FileSignatureTest;
import org.erat.data.Sha256;
import org.erat.data.UsageException;
import org.erat.data.maven.MavenRepository;
import org.erat.data.storage.TemporaryNames;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What importing does with its output and its source, whatever the format. */
class BaseModelImporterTest {
    @TempDir
    private Path directory;

    private Path source;
    private Path out;

    @BeforeEach
    void makeSource() {
        source = SyntheticModel.huggingFace(
                directory.resolve("source"), SyntheticModel.BERT, SyntheticModel.complete(SyntheticModel.BERT));
        out = directory.resolve("models").resolve("tiny");
    }

    private static BaseModelImporter.Result run(Path from, Path out) {
        return BaseModelImporter.importModel(from.toString(), out, line -> {});
    }

    private static void assertFails(
            Class<? extends EratException> type, int exitCode, Path from, Path out, String... reasons) {
        assertThatThrownBy(() -> run(from, out))
                .isInstanceOf(type)
                .hasMessageContainingAll(reasons)
                .satisfies(e -> assertThat(((EratException) e).exitCode()).isEqualTo(exitCode));
    }

    @Test
    void aCompleteOutputOfTheSameSourceIsReusedUntouched() throws IOException {
        run(source, out);
        FileTime before = Files.getLastModifiedTime(out.resolve("model.safetensors"));
        assertThat(run(source, out)).isEqualTo(new BaseModelImporter.Result(SyntheticModel.BERT, true));
        assertThat(Files.getLastModifiedTime(out.resolve("model.safetensors"))).isEqualTo(before);
    }

    @Test
    void aPreparedArtifactIsReusedWithoutItsJar() throws IOException {
        Path jar = directory.resolve("repository/org/example/tiny-bert/1.0/tiny-bert-1.0.jar");
        Files.createDirectories(jar.getParent());
        TestArchive.write(
                jar,
                TensorFlowModelBuilder.build(SyntheticModel.BERT, SyntheticModel.complete(SyntheticModel.BERT), false));
        BaseModelImporter importer = new BaseModelImporter(
                new MavenRepository(directory.resolve("repository"), List.of("false")), line -> {});
        assertThat(importer.run("maven:org.example:tiny-bert:1.0", out).reused())
                .isFalse();
        Files.delete(jar);
        assertThat(importer.run("maven:org.example:tiny-bert:1.0", out).reused())
                .isTrue();
        assertThatThrownBy(() -> importer.run("maven:org.example:tiny-bert:1.1", out))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("cannot find or fetch org.example:tiny-bert:1.1");
    }

    private String nameOfBase() throws IOException {
        return BaseModelDirectory.source(Files.readAllBytes(out.resolve("source.json")));
    }

    @Test
    void theBaseModelIsNamedAsItWasGivenOrAsTheUserNamesIt() throws IOException {
        run(source, out);
        assertThat(nameOfBase()).isEqualTo(source.toString());
        assertThatThrownBy(
                        () -> BaseModelImporter.importModel(source.toString(), Optional.of("org/it"), out, line -> {}))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining(
                        "is prepared already, with no base name. Set base_name in its source.json to org/it,");
        out = directory.resolve("named");
        BaseModelImporter.importModel(source.toString(), Optional.of("org/it"), out, line -> {});
        assertThat(nameOfBase()).isEqualTo("org/it");
        assertThat(BaseModelImporter.importModel(source.toString(), Optional.of("org/it"), out, line -> {})
                        .reused())
                .isTrue();
        assertThat(run(source, out).reused()).isTrue();
    }

    /** As the hub's client lays a model out: a snapshot of links to blobs, under the model's name. */
    @Test
    void aSnapshotInTheHubsCacheIsReadThroughItsLinksAndHasItsName() throws IOException {
        Path repository = directory.resolve("hub/models--some-org--tiny.model_1");
        Path snapshot = Files.createDirectories(repository.resolve("snapshots/0123abcd"));
        Files.createDirectories(repository.resolve("blobs"));
        try (Stream<Path> files = Files.list(source)) {
            for (Path file : files.toList()) {
                Path blob = repository.resolve("blobs/" + Sha256.of(file));
                Files.copy(file, blob);
                Files.createSymbolicLink(snapshot.resolve(file.getFileName()), Path.of("../../blobs", Sha256.of(file)));
            }
        }
        assertThat(run(snapshot, out)).isEqualTo(new BaseModelImporter.Result(SyntheticModel.BERT, false));
        assertThat(nameOfBase()).isEqualTo("some-org/tiny.model_1");
    }

    @Test
    void foldersThatWereMadeForAFailedImportAreGone() throws IOException {
        Files.delete(source.resolve("tokenizer.json"));
        assertFails(
                BadInputException.class,
                3,
                source,
                directory.resolve("new").resolve("newer").resolve("out"),
                "missing");
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left).containsExactly(source);
        }
    }

    @Test
    void whatAKilledProcessLeftGoesWhenTheSameModelIsPrepared() throws IOException, InterruptedException {
        Process killed = new ProcessBuilder("true").start();
        killed.waitFor();
        String own = TemporaryNames.of(".tiny.partial");
        String left = own.replace("." + ProcessHandle.current().pid() + ".", "." + killed.pid() + ".") + "7";
        Files.createDirectories(out.resolveSibling(left).resolve("output"));
        Files.writeString(out.resolveSibling(left).resolve("output/model.safetensors.partial"), "half");
        // Another thread of this process is at work in it.
        Files.createDirectories(out.resolveSibling(own + "8"));
        run(source, out);
        try (Stream<Path> entries = Files.list(out.getParent())) {
            assertThat(entries).containsExactlyInAnyOrder(out, out.resolveSibling(own + "8"));
        }
    }

    @Test
    void equalSourcesGiveEqualBytes() throws IOException {
        run(source, out);
        Path again = directory.resolve("again");
        run(source, again);
        for (String name : List.of("config.json", "model.safetensors", "tokenizer.json")) {
            assertThat(Files.readAllBytes(out.resolve(name))).isEqualTo(Files.readAllBytes(again.resolve(name)));
        }
    }

    @Test
    void anOutputOfAnotherSourceIsNotOverwritten() {
        run(source, out);
        Path other = SyntheticModel.huggingFace(
                directory.resolve("other"), SyntheticModel.ROBERTA, SyntheticModel.complete(SyntheticModel.ROBERTA));
        assertFails(UsageException.class, 2, other, out, out.toString(), "holds another model", source.toString());
    }

    @Test
    void anOutputOfASourceThatChangedSinceIsNotReused() {
        run(source, out);
        SyntheticModel.edit(source.resolve("config.json"), "layer_norm_eps", 1e-6);
        assertFails(UsageException.class, 2, source, out, "before that changed");
    }

    @Test
    void anOutputThatWasTamperedWithIsNotReused() {
        run(source, out);
        SyntheticModel.edit(out.resolve("config.json"), "layer_norm_eps", 1e-6);
        assertFails(BadInputException.class, 3, source, out, "its files have changed since");
    }

    @Test
    void aForeignDirectoryIsNotOverwritten() throws IOException {
        Files.createDirectories(out);
        Files.writeString(out.resolve("notes.txt"), "mine");
        assertFails(UsageException.class, 2, source, out, "was not made by prepare-model");
        assertThat(out.resolve("notes.txt")).hasContent("mine");
    }

    @Test
    void anEmptyDirectoryIsFilled() throws IOException {
        Files.createDirectories(out);
        assertThat(run(source, out).reused()).isFalse();
    }

    @Test
    void aPreparedModelCanBeASourceItself() {
        run(source, out);
        assertThat(run(out, directory.resolve("copy")).architecture()).isEqualTo(SyntheticModel.BERT);
    }

    @Test
    void aSourceThatIsNotThereIsNamed() {
        Path missing = directory.resolve("missing");
        assertFails(UsageException.class, 2, missing, out, missing.toString(), "maven:GROUP:ARTIFACT:VERSION");
    }

    @Test
    void aFileThatIsNoArchiveIsRefused() throws IOException {
        Path file = Files.writeString(directory.resolve("pytorch_model.bin"), "weights");
        assertFails(BadInputException.class, 3, file, out, "neither a model directory nor a jar");
        Files.writeString(file, FileSignatureTest.LFS_POINTER);
        assertFails(BadInputException.class, 3, file, out, "pytorch_model.bin: is a Git LFS pointer", "git lfs pull");
        assertThat(Files.exists(out)).isFalse();
    }

    @Test
    void anArchiveWithAnotherKindOfModelIsNamedWithTheFix() {
        Path pickle = directory.resolve("pytorch_model.bin");
        TestArchive.write(pickle, Map.of("archive/data.pkl", new byte[] {1}));
        assertFails(BadInputException.class, 3, pickle, out, "is a Python pickle", "safe_serialization=True");
        Path zip = directory.resolve("model.zip");
        TestArchive.write(zip, Map.of("model/model.safetensors", new byte[] {1}));
        assertFails(BadInputException.class, 3, zip, out, "holds a Hugging Face directory. Unpack it");
    }

    @Test
    void anOutputThatCannotBeMadeIsNamed() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "in the way");
        assertFails(UsageException.class, 2, source, file.resolve("model"), "cannot be written");
        assertFails(UsageException.class, 2, source, file, "was not made by prepare-model");
        try (Stream<Path> entries = Files.list(directory)) {
            assertThat(entries).containsExactlyInAnyOrder(source, file);
        }
    }

    @Test
    void aDirectoryThatIsNotPreparedIsNotOpened() throws IOException {
        assertThatThrownBy(() -> BaseModelDirectory.open(directory.resolve("none")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("there is no such directory");
        run(source, out);
        Files.delete(out.resolve("tokenizer.json"));
        assertThatThrownBy(() -> BaseModelDirectory.open(out))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("tokenizer.json: is missing");
    }

    @Test
    void theDirectoryGivesTheDigestsOfItsFiles() throws Exception {
        run(source, out);
        try (BaseModelDirectory model = BaseModelDirectory.open(out)) {
            assertThat(model.tensorsSha256()).isEqualTo(digest(model.tensorsFile()));
            assertThat(model.tokenizerSha256()).isEqualTo(digest(model.tokenizerFile()));
        }
    }

    private static String digest(Path file) throws Exception {
        byte[] digest = java.security.MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
        return java.util.HexFormat.of().formatHex(digest);
    }
}
