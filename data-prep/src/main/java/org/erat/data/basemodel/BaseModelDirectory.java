package org.erat.data.basemodel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.erat.data.BadInputException;
import org.erat.data.FileDigests;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.ConfigJson;
import org.erat.data.architecture.Families;
import org.erat.data.architecture.Family;
import org.erat.data.architecture.ModelTensors;
import org.erat.data.safetensors.Dtype;
import org.erat.data.safetensors.SafetensorsFile;

/**
 * A prepared base model on a local disk: {@code config.json}, {@code model.safetensors} (f32, the names and shapes of
 * {@link ModelTensors}), {@code tokenizer.json} and {@code tokenizer_config.json}. Opening it checks that all tensors are there with the shapes that the
 * configuration asks for.
 */
public final class BaseModelDirectory implements AutoCloseable {
    public static final String CONFIG = "config.json";
    public static final String TENSORS = "model.safetensors";
    public static final String TOKENIZER = "tokenizer.json";
    public static final String TOKENIZER_CONFIG = "tokenizer_config.json";

    /** How the model writes conversations, where it is a file of its own. */
    public static final String CHAT_TEMPLATE = "chat_template.jinja";

    /** Settings for Python's libraries, which no training reads. A model may lack them. */
    static final List<String> COMPANIONS = List.of("special_tokens_map.json", "generation_config.json", CHAT_TEMPLATE);

    /** What Python's libraries read beside {@link #CONFIG}: the tokenizer, and settings of it and of generation. */
    public static final List<String> TOKENIZER_FILES = Stream.concat(
                    Stream.of(TOKENIZER, TOKENIZER_CONFIG), COMPANIONS.stream())
            .toList();

    /** Where the model came from, with the SHA-256 of each file; a directory without it is used unchecked. */
    public static final String RECORD = ImportRecord.FILE;

    private static final int NO_TOKEN = -1;

    private final Path path;
    private final Architecture architecture;
    private final SafetensorsFile tensors;

    private BaseModelDirectory(Path path, Architecture architecture, SafetensorsFile tensors) {
        this.path = path;
        this.architecture = architecture;
        this.tensors = tensors;
    }

    /**
     * Opens and checks a directory that {@link BaseModelImporter} prepared.
     *
     * @throws BadInputException naming the file and what is wrong with it
     */
    public static BaseModelDirectory open(Path directory) {
        if (!Files.isDirectory(directory)) {
            throw new BadInputException(directory + ": there is no such directory. Prepare it with prepare-model.");
        }
        for (String name : new String[] {CONFIG, TENSORS, TOKENIZER}) {
            if (!Files.isRegularFile(directory.resolve(name))) {
                throw new BadInputException(
                        directory.resolve(name) + ": is missing. Prepare the directory with prepare-model.");
            }
        }
        // What it says decides what is computed, and it is small.
        checkedSha256(directory, CONFIG);
        Architecture architecture = Families.architecture(ConfigJson.read(directory.resolve(CONFIG)));
        SafetensorsFile tensors = SafetensorsFile.open(directory.resolve(TENSORS));
        boolean usable = false;
        try {
            BaseModelDirectory model = new BaseModelDirectory(directory, architecture, tensors);
            model.checkTensors();
            usable = true;
            return model;
        } finally {
            if (!usable) {
                tensors.close();
            }
        }
    }

    private void checkTensors() {
        VocabularySize.check(
                path.resolve(CONFIG),
                architecture.vocabulary(),
                tensors.path(),
                tensors.info(family().wordEmbeddings()),
                NO_TOKEN);
        ModelTensors.required(architecture).forEach(this::checkTensor);
        if (hasPooler()) {
            ModelTensors.pooler(architecture).forEach(this::checkTensor);
        }
        if (hasMaskedLanguageModelHead()) {
            ModelTensors.maskedLanguageModelHead(architecture).forEach(this::checkTensor);
        }
        if (hasLanguageModelHead() && !architecture.tied()) {
            ModelTensors.languageModelHead(architecture).forEach(this::checkTensor);
        }
    }

    private void checkTensor(String name, long[] shape) {
        if (tensors.require(name, shape).dtype() != Dtype.F32) {
            throw new BadInputException(tensors.path() + ": tensor '" + name + "' is of type "
                    + tensors.info(name).dtype()
                    + ", but a prepared model holds F32. Prepare the directory with prepare-model.");
        }
    }

    /** The directory that was opened. */
    public Path path() {
        return path;
    }

    /** What the model computes. */
    public Architecture architecture() {
        return architecture;
    }

    /** The family of the model, which knows the names of its tensors. */
    public Family family() {
        return Families.of(architecture);
    }

    /** The weights; closed with this directory. */
    public SafetensorsFile tensors() {
        return tensors;
    }

    /** The file of the weights. */
    public Path tensorsFile() {
        return path.resolve(TENSORS);
    }

    /** The file of the tokenizer, which neither pads nor truncates. */
    public Path tokenizerFile() {
        return path.resolve(TOKENIZER);
    }

    /** The precision of the checkpoint that the model was prepared from; F32 where that is not known. */
    public Dtype dtype() {
        return ImportRecord.read(path).flatMap(ImportRecord::dtype).orElse(Dtype.F32);
    }

    /**
     * What Python's libraries know a model by, by its {@link #RECORD}: the name that prepare-model was given, or that the
     * source has, else the source as prepare-model was told it.
     *
     * @throws IOException if that is not JSON
     */
    public static String source(byte[] record) throws IOException {
        ImportRecord read = ImportRecord.parse(record);
        return read.name().orElse(read.from());
    }

    /**
     * Longest text in tokens: for which there are positions, and which {@code tokenizer_config.json} allows.
     *
     * @throws BadInputException if that file cannot be used
     */
    public int maxLength() {
        return Math.min(architecture.maxLength(), tokenizerConfig().maxLength().orElse(Integer.MAX_VALUE));
    }

    /**
     * Id of the token that stands where a masked language model predicts one, if the tokenizer has it.
     *
     * @throws BadInputException if one of the tokenizer's files cannot be used
     */
    public OptionalInt maskTokenId() {
        TokenizerJson tokenizer =
                TokenizerJson.parse(read(tokenizerFile()), tokenizerFile().toString());
        return tokenizer.tokenId(tokenizerConfig().maskToken(architecture));
    }

    private TokenizerConfig tokenizerConfig() {
        Path file = path.resolve(TOKENIZER_CONFIG);
        return Files.isRegularFile(file) ? TokenizerConfig.parse(read(file), file.toString()) : TokenizerConfig.none();
    }

    private static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new BadInputException(file + ": cannot be read: " + e + ". Check its permissions.", e);
        }
    }

    /** Whether the tensors of {@link ModelTensors#pooler} are there. */
    public boolean hasPooler() {
        return hasAny(ModelTensors.pooler(architecture));
    }

    /** Whether the tensors of {@link ModelTensors#maskedLanguageModelHead} are there. */
    public boolean hasMaskedLanguageModelHead() {
        return hasAny(ModelTensors.maskedLanguageModelHead(architecture));
    }

    /** Whether logits of a causal language model can be formed, with {@link ModelTensors#outputMatrix}. */
    public boolean hasLanguageModelHead() {
        return family().languageModelHead().isPresent()
                && (architecture.tied() || hasAny(ModelTensors.languageModelHead(architecture)));
    }

    // One tensor of an optional part is enough to ask for the rest: half a part is an error, not an absence.
    private boolean hasAny(Map<String, long[]> part) {
        return part.keySet().stream().anyMatch(tensors.names()::contains);
    }

    /**
     * SHA-256 of {@code model.safetensors}; reads the whole file where this JVM has not read it yet.
     *
     * @throws BadInputException if it is not the file that prepare-model wrote
     */
    public String tensorsSha256() {
        return checkedSha256(path, TENSORS);
    }

    /**
     * SHA-256 of {@code tokenizer.json}.
     *
     * @throws BadInputException if it is not the file that prepare-model wrote
     */
    public String tokenizerSha256() {
        return checkedSha256(path, TOKENIZER);
    }

    /**
     * SHA-256 of {@code config.json}.
     *
     * @throws BadInputException if it is not the file that prepare-model wrote
     */
    public String configSha256() {
        return checkedSha256(path, CONFIG);
    }

    private static String checkedSha256(Path path, String name) {
        String actual = FileDigests.of(path.resolve(name));
        String prepared =
                ImportRecord.read(path).map(record -> record.files().get(name)).orElse(actual);
        if (!prepared.equals(actual)) {
            throw new BadInputException(path.resolve(name) + ": has SHA-256 " + actual + " where " + RECORD + " says "
                    + prepared + ": it was changed or damaged. Delete the directory and prepare it again.");
        }
        return actual;
    }

    @Override
    public void close() {
        tensors.close();
    }
}
