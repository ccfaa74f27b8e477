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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.basemodel.ModelConfig;
import org.erat.data.basemodel.ModelConfigFile;
import org.erat.data.basemodel.TensorNames;
import org.erat.data.safetensors.FloatTensor;
import org.erat.data.safetensors.SafetensorsWriter;

/**
 * A base model of a few thousand random values: fast enough for finite differences in double precision.
 *
 * @param directory a complete base-model directory
 * @param config its architecture
 * @param sha256 of its weights
 */
public record TinyBaseModel(Path directory, ModelConfig config, String sha256) {
    /** Rows of the word embedding table; token ids are below it. */
    public static final int VOCABULARY = 50;

    private static final List<String> SPECIAL = List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]");

    /** BERT-like: exact GELU, positions from 0, two token types. */
    public static ModelConfig bert(int blocks) {
        return new ModelConfig("bert", VOCABULARY, 8, blocks, 2, 16, 24, 2, 1e-12, "gelu", 0);
    }

    /** RoBERTa-like: positions from the padding id + 1, one token type. */
    public static ModelConfig roberta(int blocks) {
        return new ModelConfig("roberta", VOCABULARY, 8, blocks, 2, 16, 26, 1, 1e-5, "gelu", 1);
    }

    /** Writes a model of this architecture with seeded weights to {@code directory}. */
    public static TinyBaseModel write(Path directory, ModelConfig config) {
        try {
            Files.createDirectories(directory);
            ModelConfigFile.write(config, directory.resolve(BaseModelDirectory.CONFIG));
            SafetensorsWriter.write(
                    directory.resolve(BaseModelDirectory.TENSORS), tensors(config, 17), Map.of("format", "pt"));
            writeTokenizer(directory.resolve(BaseModelDirectory.TOKENIZER));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        try (BaseModelDirectory written = BaseModelDirectory.open(directory)) {
            return new TinyBaseModel(directory, config, written.tensorsSha256());
        }
    }

    /** Weights large enough that attention and activation are far from linear, and no two of a kind are alike. */
    private static Map<String, FloatTensor> tensors(ModelConfig config, long seed) {
        Random random = new Random(seed);
        Map<String, FloatTensor> tensors = new LinkedHashMap<>();
        new TreeMap<>(TensorNames.required(config)).forEach((name, shape) -> {
            boolean gain = name.endsWith("LayerNorm.weight");
            double spread =
                    shape.length == 2 && !name.startsWith("embeddings") ? 1 / Math.sqrt((double) shape[1]) : 0.5;
            FloatBuffer values = FloatBuffer.allocate((int) (shape.length == 2 ? shape[0] * shape[1] : shape[0]));
            for (int i = 0; i < values.capacity(); i++) {
                values.put(i, (float) ((gain ? 1 : 0) + spread * random.nextGaussian() * (gain ? 0.5 : 1)));
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
        ObjectMapper json = new ObjectMapper();
        ObjectNode root = json.createObjectNode();
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
        json.writeValue(file.toFile(), root);
    }
}
