package org.erat.data.basemodel;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.erat.data.BadInputException;
import org.erat.data.FileSignature;
import org.erat.data.Sha256;
import org.erat.data.UsageException;
import org.erat.data.architecture.Architecture;
import org.erat.data.hub.Hub;
import org.erat.data.hub.HubCache;
import org.erat.data.hub.HubModel;
import org.erat.data.maven.MavenArtifact;
import org.erat.data.maven.MavenRepository;
import org.erat.data.safetensors.Dtype;
import org.erat.data.safetensors.SafetensorsWriter;
import org.erat.data.safetensors.TensorSource;

/**
 * Prepares a base model directory from a Hugging Face directory, or from a jar with an ONNX model or a TensorFlow
 * checkpoint in it. All or nothing: the output appears when it is complete and checked. Weights are streamed, so the
 * largest tensor must fit in memory but the model need not.
 */
public final class BaseModelImporter {
    /**
     * What was prepared.
     *
     * @param architecture what the model computes
     * @param reused whether the output was there already, made from the same source
     */
    public record Result(Architecture architecture, boolean reused) {}

    private final Consumer<String> progress;
    private final MavenRepository maven;
    private final Hub hub = Hub.ofUser();
    private final Optional<String> baseName;

    BaseModelImporter(MavenRepository maven, Consumer<String> progress) {
        this(maven, Optional.empty(), progress);
    }

    private BaseModelImporter(MavenRepository maven, Optional<String> baseName, Consumer<String> progress) {
        this.maven = maven;
        this.baseName = baseName;
        this.progress = progress;
    }

    /**
     * Prepares a base model.
     *
     * @param from {@code hf:ORG/NAME}, {@code maven:GROUP:ARTIFACT:VERSION}, or the path of a directory or jar
     * @param out the directory to make; left as it is if it was made from the same source before
     * @param progress takes one line at a time, for people to read
     * @throws BadInputException if the source cannot be used as a base model
     * @throws UsageException if {@code from} or {@code out} cannot be used, or Maven is needed and missing
     */
    public static Result importModel(String from, Path out, Consumer<String> progress) {
        return new BaseModelImporter(MavenRepository.ofUser(), progress).run(from, out);
    }

    /**
     * The same, under a name.
     *
     * @param baseName what exports call the base model, such as {@code ORG/NAME}; empty for the source's own name
     * @throws UsageException also if the model is there under another name
     */
    public static Result importModel(String from, Optional<String> baseName, Path out, Consumer<String> progress) {
        return new BaseModelImporter(MavenRepository.ofUser(), baseName, progress).run(from, out);
    }

    /**
     * Prepares a base model on any Hadoop file system: on the local disk first, and then copied.
     *
     * @param baseName what exports call the base model, such as {@code ORG/NAME}; empty for the source's own name
     * @param out the directory to make; left as it is if it was made from the same source before
     * @throws BadInputException if the source cannot be used as a base model
     * @throws UsageException if {@code from} or {@code out} cannot be used, or Maven is needed and missing
     */
    public static Result importModel(
            String from,
            Optional<String> baseName,
            org.apache.hadoop.fs.Path out,
            Configuration hadoop,
            Consumer<String> progress) {
        return new BaseModelImporter(MavenRepository.ofUser(), baseName, progress).run(from, out, hadoop);
    }

    Result run(String from, org.apache.hadoop.fs.Path out, Configuration hadoop) {
        try (RemoteDirectory remote = RemoteDirectory.of(out, hadoop)) {
            Result result = run(from, remote.fetch(), out.toString());
            if (!result.reused()) {
                progress.accept("copying it to " + out);
                remote.publish();
            }
            return result;
        }
    }

    Result run(String from, Path out) {
        return run(from, out, out.toString());
    }

    /** Prepares {@code out}, which the user knows by another name. */
    private Result run(String from, Path out, String name) {
        boolean isMaven = MavenArtifact.isArtifact(from);
        Optional<MavenArtifact> artifact = isMaven ? Optional.of(MavenArtifact.parse(from)) : Optional.empty();
        Optional<ImportRecord> before = recordOf(out, name);
        if (isMaven && before.isPresent() && before.get().from().equals(from)) {
            // A released artifact never changes, so neither Maven nor the jar is needed to see that it is the same.
            return reuse(before.get(), out, name);
        }
        Path path = artifact.map(jar -> maven.resolve(jar, progress)).orElseGet(() -> directory(from));
        String sha256 = fingerprint(path);
        String origin = isMaven || HubModel.isModel(from) ? from : path.toString();
        if (before.isPresent()) {
            if (before.get().from().equals(origin) && before.get().sha256().equals(sha256)) {
                return reuse(before.get(), out, name);
            }
            throw new UsageException(name + ": holds another model, prepared from "
                    + before.get().from()
                    + (before.get().from().equals(origin) ? " before that changed" : "")
                    + ". Name another directory, or delete this one.");
        }
        try (StagingDirectory staging = StagingDirectory.beside(out)) {
            Prepared prepared = prepare(path, staging);
            ImportRecord.of(origin, baseName.or(() -> HubCache.name(path)), sha256, prepared.dtype(), staging.output())
                    .write(staging.output());
            staging.publish();
            return new Result(prepared.architecture(), false);
        }
    }

    /** The record of a directory that was prepared before; none if there is no such directory or it is empty. */
    private static Optional<ImportRecord> recordOf(Path out, String name) {
        if (!Files.exists(out)) {
            return Optional.empty();
        }
        Optional<ImportRecord> before = ImportRecord.read(out);
        if (before.isEmpty() && !isEmptyDirectory(out)) {
            throw new UsageException(
                    name + ": is there already and was not made by prepare-model. Name another directory.");
        }
        return before;
    }

    private static boolean isEmptyDirectory(Path out) {
        if (!Files.isDirectory(out)) {
            return false;
        }
        try (Stream<Path> entries = Files.list(out)) {
            return entries.findAny().isEmpty();
        } catch (IOException e) {
            throw StagingDirectory.cannotWrite(out, e);
        }
    }

    private Result reuse(ImportRecord before, Path out, String name) {
        if (baseName.isPresent() && !baseName.equals(before.name())) {
            throw new UsageException(name + ": is prepared already, with "
                    + before.name().map(known -> "the base name " + known).orElse("no base name") + ". Set "
                    + ImportRecord.NAME + " in its " + ImportRecord.FILE + " to " + baseName.get()
                    + ", or delete the directory and prepare it again.");
        }
        if (!before.isIntactIn(out)) {
            throw new BadInputException(name + ": was prepared from " + before.from()
                    + ", but its files have changed since. Delete the directory and prepare it again.");
        }
        try (BaseModelDirectory model = BaseModelDirectory.open(out)) {
            return new Result(model.architecture(), true);
        }
    }

    private Path directory(String from) {
        return HubModel.isModel(from)
                ? hub.fetch(HubModel.parse(from), HuggingFaceSource::mayBePart, progress)
                : existing(from).toAbsolutePath().normalize();
    }

    private static Path existing(String from) {
        Path path;
        try {
            path = Path.of(from);
        } catch (InvalidPathException e) {
            throw new UsageException(
                    "'" + from + "' is neither a path, nor hf:ORG/NAME, nor maven:GROUP:ARTIFACT:VERSION.", e);
        }
        // Java takes an empty path for the working directory.
        if (from.isBlank() || !Files.exists(path)) {
            throw new UsageException("'" + from + "': there is no such directory or jar. Check the path, or write"
                    + " hf:ORG/NAME or maven:GROUP:ARTIFACT:VERSION.");
        }
        return path;
    }

    private static String fingerprint(Path path) {
        if (!Files.isDirectory(path)) {
            return Sha256.of(path);
        }
        StringBuilder all = new StringBuilder();
        for (Path file : HuggingFaceSource.filesOf(path)) {
            if (Files.exists(file)) {
                all.append(file.getFileName())
                        .append(' ')
                        .append(Sha256.of(file))
                        .append('\n');
            }
        }
        return Sha256.of(all.toString().getBytes(StandardCharsets.UTF_8));
    }

    /**
     * What was written.
     *
     * @param dtype precision of the source
     */
    private record Prepared(Architecture architecture, Dtype dtype) {}

    private Prepared prepare(Path path, StagingDirectory staging) {
        if (Files.isDirectory(path)) {
            try (ModelSource source = HuggingFaceSource.open(path)) {
                return write(source, path, staging.output());
            }
        }
        if (!Archive.isArchive(path)) {
            throw FileSignature.explain(
                    path,
                    new BadInputException(path + ": is neither a model directory nor a jar. Name the directory that"
                            + " holds config.json, tokenizer.json and model.safetensors."));
        }
        progress.accept("unpacking " + path.getFileName());
        try (Archive archive = Archive.open(path, path.toString());
                ModelSource source = sourceIn(archive, staging.work())) {
            return write(source, path, staging.output());
        }
    }

    private static ModelSource sourceIn(Archive archive, Path work) {
        if (OnnxSource.isIn(archive)) {
            return OnnxSource.open(archive, work);
        }
        Optional<TensorFlowSource> tensorFlow = TensorFlowSource.find(archive, work);
        if (tensorFlow.isEmpty()) {
            if (!archive.namesOf("data.pkl").isEmpty()) {
                throw new BadInputException(archive.where() + ": " + FileSignature.PICKLE);
            }
            if (!archive.namesOf(BaseModelDirectory.TENSORS).isEmpty()) {
                throw new BadInputException(
                        archive.where() + ": holds a Hugging Face directory. Unpack it, and name that directory.");
            }
            throw new BadInputException(archive.where() + ": holds neither an ONNX model nor a TensorFlow checkpoint."
                    + " Use another artifact, or a Hugging Face directory.");
        }
        return tensorFlow.get();
    }

    /** @param from what the user knows the source by */
    private Prepared write(ModelSource source, Path from, Path directory) {
        Architecture architecture = source.architecture();
        TokenizerConfig tokenizerConfig = source.tokenizerConfig();
        TokenizerJson tokenizer = tokenizerConfig
                .apply(source.tokenizer(), architecture, progress)
                .withoutPaddingAndTruncation();
        tokenizer.check(architecture.vocabulary());
        Map<String, TensorSource> tensors = source.tensors();
        try {
            Files.write(
                    directory.resolve(BaseModelDirectory.CONFIG),
                    source.config().bytes());
            Files.write(directory.resolve(BaseModelDirectory.TOKENIZER), tokenizer.bytes());
            Files.write(
                    directory.resolve(BaseModelDirectory.TOKENIZER_CONFIG),
                    tokenizerConfig.prepared(tokenizer, architecture));
            for (Map.Entry<String, byte[]> companion : source.companions().entrySet()) {
                Files.write(directory.resolve(companion.getKey()), companion.getValue());
            }
        } catch (IOException | UncheckedIOException e) {
            throw new UsageException(directory + ": cannot be written: " + e + ". Check permissions and space.", e);
        }
        SafetensorsWriter.writeStreaming(
                directory.resolve(BaseModelDirectory.TENSORS), counted(finite(tensors, from)), Map.of("format", "pt"));
        // Reading it back is cheap, and finds here what would otherwise be found on every executor.
        BaseModelDirectory.open(directory).close();
        return new Prepared(architecture, source.dtype());
    }

    /** The same tensors, refused where a value is not a number: no training could go on from it. */
    private static Map<String, TensorSource> finite(Map<String, TensorSource> tensors, Path from) {
        Map<String, TensorSource> checked = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> checked.put(name, new TensorSource(tensor.shape(), () -> {
            FloatBuffer values = tensor.values().get();
            for (int i = values.position(); i < values.limit(); i++) {
                float value = values.get(i);
                if (!Float.isFinite(value)) {
                    throw new BadInputException(
                            from + ": tensor '" + name + "' holds " + value + " at "
                                    + Arrays.toString(place(i - values.position(), tensor.shape()))
                                    + ". The model was damaged, or its training diverged. Use another copy or checkpoint of it.");
                }
            }
            return values;
        })));
        return checked;
    }

    /** Indices of the element at a position in row-major order. */
    private static long[] place(long position, long[] shape) {
        long[] place = new long[shape.length];
        for (int i = shape.length - 1; i >= 0; i--) {
            place[i] = position % shape[i];
            position /= shape[i];
        }
        return place;
    }

    /** The same tensors, telling how far reading has come at each tenth of the values. */
    private Map<String, TensorSource> counted(Map<String, TensorSource> tensors) {
        long total = tensors.values().stream().mapToLong(TensorSource::elements).sum();
        String values = total < 1_000_000
                ? String.format("%,d values", total)
                : String.format("%.1f million values", total / 1e6);
        progress.accept("reading " + tensors.size() + " tensors, " + values);
        long[] done = {0};
        Map<String, TensorSource> counted = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> counted.put(name, new TensorSource(tensor.shape(), () -> {
            long before = 10 * done[0] / total;
            done[0] += tensor.elements();
            long now = 10 * done[0] / total;
            if (now > before) {
                progress.accept("reading " + tensors.size() + " tensors … " + 10 * now + " %");
            }
            return tensor.values().get();
        })));
        return counted;
    }
}
