package org.erat.data.basemodel;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.erat.data.BadInputException;
import org.erat.data.FileSignature;
import org.erat.data.Json;
import org.erat.data.JsonReason;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.ConfigJson;
import org.erat.data.architecture.Families;
import org.erat.data.architecture.Family;
import org.erat.data.architecture.ModelTensors;
import org.erat.data.safetensors.Dtype;
import org.erat.data.safetensors.SafetensorsFile;
import org.erat.data.safetensors.TensorInfo;
import org.erat.data.safetensors.TensorSource;

/** A directory as the transformers library saves it, with weights in one safetensors file or in several. */
final class HuggingFaceSource implements ModelSource {
    private final Path directory;
    private final ConfigJson config;
    private final Family family;
    private final Architecture architecture;
    private final TokenizerJson tokenizer;
    private final List<SafetensorsFile> files;
    private final Map<String, SafetensorsFile> fileOf = new TreeMap<>();
    private final Map<String, FusedTensor> fused;
    private final String prefix;

    /** Name of the tensor that holds the word embeddings. */
    private final String embeddings;

    private HuggingFaceSource(Path directory, List<SafetensorsFile> files) {
        this.directory = directory;
        this.files = files;
        this.config = ConfigJson.read(directory.resolve(BaseModelDirectory.CONFIG));
        this.family = Families.of(config);
        this.architecture = family.architecture(config);
        this.tokenizer = tokenizer(directory.resolve(BaseModelDirectory.TOKENIZER));
        for (Path file : tensorFiles(directory)) {
            SafetensorsFile tensors = SafetensorsFile.open(file);
            files.add(tensors);
            for (String name : tensors.names()) {
                if (fileOf.put(name, tensors) != null) {
                    throw new BadInputException(file + ": tensor '" + name
                            + "' is also in another file of the model. Download the model again.");
                }
            }
        }
        this.fused = FusedTensor.of(architecture);
        this.prefix = prefix();
        this.embeddings = embeddings();
        SafetensorsFile file = fileOf.get(embeddings);
        VocabularySize.check(
                directory.resolve(BaseModelDirectory.CONFIG),
                architecture.vocabulary(),
                file.path(),
                file.info(embeddings),
                tokenizer.highestId());
    }

    /** The prefix under which the files hold the word embeddings, or where the head holds them a norm of the first block. */
    private String prefix() {
        return Stream.of(family.wordEmbeddings(), ModelTensors.weight(family.feedForwardNorm(0)))
                .flatMap(name -> family.prefixes().stream().filter(p -> fileOf.containsKey(p + name)))
                .findFirst()
                .orElseThrow(this::withoutEmbeddings);
    }

    /** A tied model may store its one matrix as the word embeddings, as the output matrix, or twice. */
    private String embeddings() {
        String words = prefix + family.wordEmbeddings();
        Optional<String> head =
                family.languageModelHead().map(ModelTensors::weight).filter(fileOf::containsKey);
        if (!fileOf.containsKey(words)) {
            return head.filter(name -> architecture.tied()).orElseThrow(this::withoutEmbeddings);
        }
        if (architecture.tied() && head.isPresent() && !holdSame(head.get(), words)) {
            throw config.refused("tie_word_embeddings is true, or left out where that means true, but " + weights()
                    + " holds a '" + head.get() + "' that is not '" + words + "'. Set tie_word_embeddings to false.");
        }
        return words;
    }

    private BadInputException withoutEmbeddings() {
        return new BadInputException(weights() + ": tensor '" + family.wordEmbeddings()
                + "' is missing, with each of the prefixes "
                + family.prefixes().stream().map(p -> "'" + p + "'").toList() + " of the family " + family.name()
                + ". Check that config.json and the weights belong to the same model.");
    }

    private boolean holdSame(String one, String other) {
        return fileOf.get(one).floats(one).equals(fileOf.get(other).floats(other));
    }

    static HuggingFaceSource open(Path directory) {
        List<SafetensorsFile> files = new ArrayList<>();
        boolean usable = false;
        try {
            HuggingFaceSource source = new HuggingFaceSource(directory, files);
            usable = true;
            return source;
        } finally {
            if (!usable) {
                files.forEach(SafetensorsFile::close);
            }
        }
    }

    /** Whether an import may read a file of this name. */
    static boolean mayBePart(String name) {
        return name.equals(BaseModelDirectory.CONFIG)
                || BaseModelDirectory.TOKENIZER_FILES.contains(name)
                || name.equals(ModelShards.INDEX)
                || name.matches("model(-\\d+-of-\\d+)?\\.safetensors");
    }

    /** The files that an import from {@code directory} reads. Its fingerprint is made of them. */
    static List<Path> filesOf(Path directory) {
        return Stream.concat(
                        Stream.of(
                                directory.resolve(BaseModelDirectory.CONFIG),
                                directory.resolve(BaseModelDirectory.TOKENIZER),
                                directory.resolve(BaseModelDirectory.TOKENIZER_CONFIG)),
                        Stream.concat(
                                BaseModelDirectory.COMPANIONS.stream().map(directory::resolve),
                                tensorFiles(directory).stream()))
                .toList();
    }

    private static TokenizerJson tokenizer(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new BadInputException(file + ": is missing. Save it with"
                    + " AutoTokenizer.from_pretrained(...).save_pretrained(DIRECTORY) of the transformers library.");
        }
        return TokenizerJson.parse(read(file), file.toString());
    }

    private static List<Path> tensorFiles(Path directory) {
        Path single = directory.resolve(BaseModelDirectory.TENSORS);
        if (Files.isRegularFile(single)) {
            return List.of(single);
        }
        Path index = directory.resolve(ModelShards.INDEX);
        if (Files.isRegularFile(index)) {
            return shards(directory, index);
        }
        if (hasPickledWeights(directory)) {
            throw new BadInputException(directory + ": has its weights as a PyTorch .bin file only, which can run code"
                    + " when it is read. " + FileSignature.CONVERT);
        }
        throw new BadInputException(
                single + ": is missing. A model directory needs config.json, tokenizer.json and model.safetensors.");
    }

    private static boolean hasPickledWeights(Path directory) {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.map(p -> p.getFileName().toString())
                    .anyMatch(n -> n.matches("pytorch_model.*\\.bin") || n.endsWith(".pt") || n.endsWith(".pth"));
        } catch (IOException e) {
            throw new BadInputException(directory + ": cannot be read: " + e + ". Check its permissions.", e);
        }
    }

    private static List<Path> shards(Path directory, Path index) {
        JsonNode map;
        try {
            map = Json.mapper().readTree(Json.bytes(index)).path("weight_map");
        } catch (IOException e) {
            throw FileSignature.explain(
                    index, new BadInputException(index + ": is not readable JSON: " + JsonReason.of(e), e));
        }
        if (!map.isObject() || map.isEmpty()) {
            throw FileSignature.explain(
                    index, new BadInputException(index + ": has no weight_map. Download the model again."));
        }
        List<Path> shards = new ArrayList<>();
        for (JsonNode value : map) {
            String name = value.asText();
            // A plain name keeps a hostile index from reaching outside of the directory.
            if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]*\\.safetensors")) {
                throw new BadInputException(index + ": '" + name
                        + "' is not the name of a safetensors file in the directory. Download the model again.");
            }
            Path shard = directory.resolve(name);
            if (!shards.contains(shard)) {
                shards.add(shard);
            }
        }
        return shards;
    }

    @Override
    public ConfigJson config() {
        return config;
    }

    @Override
    public Architecture architecture() {
        return architecture;
    }

    @Override
    public TokenizerJson tokenizer() {
        return tokenizer;
    }

    @Override
    public TokenizerConfig tokenizerConfig() {
        Path file = directory.resolve(BaseModelDirectory.TOKENIZER_CONFIG);
        return Files.isRegularFile(file) ? TokenizerConfig.parse(read(file), file.toString()) : TokenizerConfig.none();
    }

    @Override
    public Map<String, byte[]> companions() {
        Map<String, byte[]> companions = new TreeMap<>();
        for (String name : BaseModelDirectory.COMPANIONS) {
            Path file = directory.resolve(name);
            if (Files.isRegularFile(file)) {
                companions.put(name, read(file));
            }
        }
        return companions;
    }

    @Override
    public Dtype dtype() {
        Map<Dtype, Long> values = new EnumMap<>(Dtype.class);
        fileOf.forEach((name, file) -> {
            TensorInfo tensor = file.info(name);
            if (tensor.dtype().isFloat()) {
                values.merge(tensor.dtype(), tensor.elements(), Long::sum);
            }
        });
        return Collections.max(values.entrySet(), Map.Entry.comparingByValue()).getKey();
    }

    private static byte[] read(Path file) {
        try {
            return Json.bytes(file);
        } catch (IOException e) {
            throw new BadInputException(file + ": cannot be read: " + e + ". Check its permissions.", e);
        }
    }

    @Override
    public boolean holds(String canonical) {
        return find(canonical).isPresent();
    }

    @Override
    public boolean hasMaskedLanguageModelHead() {
        return ModelSource.super.hasMaskedLanguageModelHead() && headIsTied();
    }

    @Override
    public TensorSource tensor(String canonical, long[] shape) {
        FusedTensor part = fused.get(canonical);
        if (part == null) {
            Stored stored = stored(canonical, shape);
            return new TensorSource(shape, stored::values);
        }
        Stored stored = stored(part.name(), part.shape());
        return new TensorSource(shape, () -> part.of(stored.values()));
    }

    private record Stored(SafetensorsFile file, String name) {
        FloatBuffer values() {
            return file.floats(name);
        }
    }

    /** Where a tensor is, which must have a shape. */
    private Stored stored(String canonical, long[] shape) {
        String name = find(canonical)
                .orElseThrow(() -> new BadInputException(weights() + ": tensor '" + prefix + canonical
                        + "' is missing. Check that config.json and the weights belong to the same model."));
        SafetensorsFile file = fileOf.get(name);
        file.require(name, shape);
        return new Stored(file, name);
    }

    /** The file to look into for a tensor: the one with the weights, or the index of several. */
    private Path weights() {
        return files.size() == 1 ? files.get(0).path() : directory.resolve(ModelShards.INDEX);
    }

    /** The name under which the files hold a tensor. */
    private Optional<String> find(String canonical) {
        if (canonical.equals(family.wordEmbeddings())) {
            return Optional.of(embeddings);
        }
        return Stream.of(prefix + canonical, canonical)
                .flatMap(name -> Stream.of(name, oldNorm(name)))
                .filter(fileOf::containsKey)
                .findFirst();
    }

    /** Checkpoints converted from TensorFlow keep gamma and beta as the names of a norm's weight and bias. */
    private static String oldNorm(String name) {
        return name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta");
    }

    /** A head whose output weights are not the word embeddings belongs to another model. It is left out. */
    private boolean headIsTied() {
        String output = family.maskedLanguageModelHead().orElseThrow().output();
        return !fileOf.containsKey(output) || holdSame(output, embeddings);
    }

    @Override
    public void close() {
        files.forEach(SafetensorsFile::close);
    }
}
