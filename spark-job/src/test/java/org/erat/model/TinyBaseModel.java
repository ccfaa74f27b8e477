package org.erat.model;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.erat.data.architecture.Activation;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Bert;
import org.erat.data.architecture.Families;
import org.erat.data.architecture.ModelTensors;
import org.erat.data.architecture.Positions;
import org.erat.data.architecture.Projection;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.safetensors.FloatTensor;
import org.erat.data.safetensors.SafetensorsWriter;

/**
 * A base model of a few thousand random values: fast enough for finite differences in double precision.
 *
 * @param directory a complete base-model directory
 * @param architecture what it computes
 * @param sha256 of its weights
 */
public record TinyBaseModel(Path directory, Architecture architecture, String sha256) {
    /** Rows of the word embedding table; token ids are below it. */
    public static final int VOCABULARY = 50;

    /** All projections of its blocks. */
    public static final Set<Projection> PROJECTIONS =
            Collections.unmodifiableSet(EnumSet.copyOf(bert(1).projections()));

    private static final List<String> SPECIAL = List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]");
    private static final ObjectMapper JSON = new ObjectMapper();

    /** BERT-like: positions from 0, two token types. */
    public static Architecture bert(int blocks) {
        return bert(blocks, 8);
    }

    /** BERT-like, of another width. */
    public static Architecture bert(int blocks, int width) {
        return architecture("bert", 2, Positions.ofAllTokens(24), blocks, width, 1e-12, 0);
    }

    /** RoBERTa-like: positions from the padding id + 1, one token type. */
    public static Architecture roberta(int blocks) {
        return architecture("roberta", 1, Positions.ofRealTokens(26, 1), blocks, 8, 1e-5, 1);
    }

    /** DistilBERT-like: no token types, and other names. */
    public static Architecture distilBert(int blocks) {
        return architecture("distilbert", 0, Positions.ofAllTokens(24), blocks, 8, 1e-12, 0);
    }

    /** ELECTRA-like: embeddings narrower than the hidden states. */
    public static Architecture electra(int blocks) {
        return architecture("electra", 2, Positions.ofAllTokens(24), blocks, 8, 1e-12, 0)
                .withEmbeddingWidth(6);
    }

    private static Architecture architecture(
            String family, int tokenTypes, Positions positions, int blocks, int width, double epsilon, int padTokenId) {
        return Architecture.encoder(
                family, VOCABULARY, tokenTypes, positions, blocks, width, 2, 16, Activation.GELU, epsilon, padTokenId);
    }

    /** Writes a model of this architecture with seeded weights to {@code directory}. */
    public static TinyBaseModel write(Path directory, Architecture architecture) {
        return write(directory, architecture, tensors(ModelTensors.required(architecture), 17));
    }

    /** The same with a masked-language-model head. */
    public static TinyBaseModel writeMasked(Path directory, Architecture architecture) {
        Map<String, FloatTensor> tensors = tensors(ModelTensors.required(architecture), 17);
        tensors.putAll(tensors(ModelTensors.maskedLanguageModelHead(architecture), 18));
        return write(directory, architecture, tensors);
    }

    /** The same with a pooler. */
    public static TinyBaseModel writePooled(Path directory, Architecture architecture) {
        Map<String, FloatTensor> tensors = tensors(ModelTensors.required(architecture), 17);
        tensors.putAll(tensors(ModelTensors.pooler(architecture), 18));
        return write(directory, architecture, tensors);
    }

    private static TinyBaseModel write(Path directory, Architecture architecture, Map<String, FloatTensor> tensors) {
        try {
            Files.createDirectories(directory);
            Files.write(directory.resolve(BaseModelDirectory.CONFIG), config(architecture));
            SafetensorsWriter.write(directory.resolve(BaseModelDirectory.TENSORS), tensors, Map.of("format", "pt"));
            writeTokenizer(directory.resolve(BaseModelDirectory.TOKENIZER));
            if (architecture.family().equals("roberta")) {
                // The tokenizer is BERT's: the class that the library takes for this family would build another one of
                // it.
                Files.writeString(
                        directory.resolve(BaseModelDirectory.TOKENIZER_CONFIG),
                        "{\"tokenizer_class\": \"PreTrainedTokenizerFast\"}");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        try (BaseModelDirectory written = BaseModelDirectory.open(directory)) {
            if (!written.architecture().equals(architecture)) {
                throw new IllegalArgumentException("read back as " + written.architecture());
            }
            return new TinyBaseModel(directory, architecture, written.tensorsSha256());
        }
    }

    private static byte[] config(Architecture architecture) throws IOException {
        if (Families.of(architecture) instanceof Bert family) {
            return family.config(architecture, "a test").bytes();
        }
        ObjectNode root = JSON.createObjectNode();
        root.put("model_type", architecture.family());
        root.put("vocab_size", architecture.vocabulary());
        root.put("dim", architecture.width());
        root.put("n_layers", architecture.blocks());
        root.put("n_heads", architecture.heads().query());
        root.put("hidden_dim", architecture.feedForward().width());
        root.put("activation", "gelu");
        root.put("max_position_embeddings", architecture.positions().rows());
        root.put("pad_token_id", architecture.padTokenId());
        return JSON.writeValueAsBytes(root);
    }

    /** Weights large enough that attention and activation are far from linear, and no two of a kind are alike. */
    private static Map<String, FloatTensor> tensors(Map<String, long[]> shapes, long seed) {
        Random random = new Random(seed);
        Map<String, FloatTensor> tensors = new LinkedHashMap<>();
        new TreeMap<>(shapes).forEach((name, shape) -> {
            boolean weightOfNorm = shape.length == 1 && name.endsWith(".weight");
            double spread =
                    shape.length == 2 && !name.startsWith("embeddings") ? 1 / Math.sqrt((double) shape[1]) : 0.5;
            FloatBuffer values = FloatBuffer.allocate((int) (shape.length == 2 ? shape[0] * shape[1] : shape[0]));
            for (int i = 0; i < values.capacity(); i++) {
                values.put(i, (float)
                        ((weightOfNorm ? 1 : 0) + spread * random.nextGaussian() * (weightOfNorm ? 0.5 : 1)));
            }
            tensors.put(name, new FloatTensor(shape, values));
        });
        return tensors;
    }

    /** WordPiece over single letters, digits and a few words, {@link #VOCABULARY} tokens in all. */
    private static void writeTokenizer(Path file) throws IOException {
        List<String> tokens = new ArrayList<>(SPECIAL);
        for (char letter = 'a'; letter <= 'z'; letter++) {
            tokens.add(String.valueOf(letter));
        }
        tokens.addAll(List.of("the", "cat", "dog", "sat", "ran", "good", "bad", "film", "very", "not", ".", ","));
        while (tokens.size() < VOCABULARY) {
            tokens.add("##" + (char) ('a' + tokens.size() % 26));
        }
        ObjectNode root = JSON.createObjectNode();
        root.put("version", "1.0").putNull("truncation");
        root.putNull("padding");
        ArrayNode added = root.putArray("added_tokens");
        for (String token : SPECIAL) {
            added.addObject()
                    .put("id", tokens.indexOf(token))
                    .put("content", token)
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", false)
                    .put("special", true);
        }
        root.putObject("normalizer")
                .put("type", "BertNormalizer")
                .put("clean_text", true)
                .put("handle_chinese_chars", true)
                .put("strip_accents", false)
                .put("lowercase", true);
        root.putObject("pre_tokenizer").put("type", "BertPreTokenizer");
        ObjectNode post = root.putObject("post_processor").put("type", "BertProcessing");
        post.putArray("sep").add("[SEP]").add(tokens.indexOf("[SEP]"));
        post.putArray("cls").add("[CLS]").add(tokens.indexOf("[CLS]"));
        root.putObject("decoder").put("type", "WordPiece").put("prefix", "##").put("cleanup", true);
        ObjectNode model = root.putObject("model");
        model.put("type", "WordPiece")
                .put("unk_token", "[UNK]")
                .put("continuing_subword_prefix", "##")
                .put("max_input_chars_per_word", 100);
        ObjectNode vocabulary = model.putObject("vocab");
        for (int id = 0; id < tokens.size(); id++) {
            vocabulary.put(tokens.get(id), id);
        }
        JSON.writeValue(file.toFile(), root);
    }
}
