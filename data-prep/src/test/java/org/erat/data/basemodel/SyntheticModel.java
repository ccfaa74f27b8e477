package org.erat.data.basemodel;

import com.fasterxml.jackson.databind.ObjectMapper;
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
import org.erat.data.architecture.Activation;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.ModelTensors;
import org.erat.data.architecture.Positions;
import org.erat.data.safetensors.FloatTensor;
import org.erat.data.safetensors.SafetensorsWriter;

/** Tiny models with random weights, in the forms that importers read. */
final class SyntheticModel {
    static final Architecture BERT = bert(24, 2, 2, 1e-12, 2, Activation.GELU);
    static final Architecture ROBERTA = Architecture.encoder(
            "roberta", 24, 1, Positions.ofRealTokens(18, 1), 1, 8, 4, 12, Activation.GELU, 1e-5, 1);
    static final Architecture DISTILBERT = Architecture.encoder(
            "distilbert", 24, 0, Positions.ofAllTokens(16), 2, 8, 2, 12, Activation.GELU, 1e-12, 0);

    private static final ObjectMapper JSON = new ObjectMapper();

    private SyntheticModel() {}

    /** A BERT of width 8, inner width 12 and 16 positions. */
    static Architecture bert(
            int vocabulary, int blocks, int heads, double epsilon, int tokenTypes, Activation activation) {
        return Architecture.encoder(
                "bert",
                vocabulary,
                tokenTypes,
                Positions.ofAllTokens(16),
                blocks,
                8,
                heads,
                12,
                activation,
                epsilon,
                0);
    }

    /** A vocabulary of 24 tokens: BERT's special ones and the alphabet's beginning. */
    static List<String> vocabulary() {
        List<String> tokens = new ArrayList<>(List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"));
        for (char c = 'a'; tokens.size() < 24; c++) {
            tokens.add(String.valueOf(c));
        }
        return tokens;
    }

    /** Random tensors of given shapes; equal seeds give equal values. */
    static Map<String, FloatTensor> tensors(Map<String, long[]> shapes, long seed) {
        Random random = new Random(seed);
        Map<String, FloatTensor> tensors = new LinkedHashMap<>();
        shapes.forEach((name, shape) -> tensors.put(name, tensor(shape, random)));
        return tensors;
    }

    private static FloatTensor tensor(long[] shape, Random random) {
        int n = 1;
        for (long dimension : shape) {
            n *= (int) dimension;
        }
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return new FloatTensor(shape, FloatBuffer.wrap(values));
    }

    /** All tensors that a model can have: required ones, pooler and masked language model head. */
    static Map<String, FloatTensor> complete(Architecture architecture) {
        Map<String, long[]> shapes = new LinkedHashMap<>(ModelTensors.required(architecture));
        shapes.putAll(ModelTensors.pooler(architecture));
        shapes.putAll(ModelTensors.maskedLanguageModelHead(architecture));
        return tensors(shapes, 7);
    }

    static TokenizerJson bertTokenizer() {
        return TokenizerJson.wordPiece(vocabulary(), true, "synthetic vocabulary");
    }

    /** A byte-level BPE tokenizer without merges, in the form of RoBERTa's, that pads and truncates. */
    static byte[] robertaTokenizer() {
        StringBuilder vocabulary = new StringBuilder();
        int id = 0;
        for (String token : List.of("<s>", "<pad>", "</s>", "<unk>", "<mask>")) {
            vocabulary
                    .append(id == 0 ? "" : ",")
                    .append('"')
                    .append(token)
                    .append("\":")
                    .append(id++);
        }
        for (char c = 'a'; id < 24; c++) {
            vocabulary.append(",\"").append(c).append("\":").append(id++);
        }
        return bytes(
                """
                {"version": "1.0",
                 "truncation": {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0},
                 "padding": {"strategy": {"Fixed": 4}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 1,
                   "pad_type_id": 0, "pad_token": "<pad>"},
                 "added_tokens": [{"id": 1, "content": "<pad>", "single_word": false, "lstrip": false,
                   "rstrip": false, "normalized": false, "special": true}],
                 "normalizer": null,
                 "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
                   "use_regex": true},
                 "post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0],
                   "trim_offsets": true, "add_prefix_space": false},
                 "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
                 "model": {"type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": "",
                   "end_of_word_suffix": "", "fuse_unk": false, "byte_fallback": false, "vocab": {%s},
                   "merges": []}}
                """
                        .formatted(vocabulary));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    }

    /** A directory as the transformers library saves it. */
    static Path huggingFace(Path directory, Architecture architecture, Map<String, FloatTensor> tensors) {
        try {
            Files.createDirectories(directory);
            Files.writeString(directory.resolve("config.json"), config(architecture));
            Files.write(
                    directory.resolve("tokenizer.json"),
                    architecture.family().equals("roberta")
                            ? robertaTokenizer()
                            : bertTokenizer().bytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        SafetensorsWriter.write(directory.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
        return directory;
    }

    /** A {@code config.json} under the keys of the transformers library, with one that this project does not read. */
    static String config(Architecture architecture) {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("model_type", architecture.family());
        config.put("vocab_size", architecture.vocabulary());
        config.put("max_position_embeddings", architecture.positions().rows());
        config.put("pad_token_id", architecture.padTokenId());
        config.put("initializer_range", 0.02);
        if (architecture.family().equals("distilbert")) {
            config.put("dim", architecture.width());
            config.put("n_layers", architecture.blocks());
            config.put("n_heads", architecture.heads().query());
            config.put("hidden_dim", architecture.feedForward().width());
            config.put("activation", "gelu");
            config.put("sinusoidal_pos_embds", true);
        } else {
            config.put("hidden_size", architecture.width());
            config.put("num_hidden_layers", architecture.blocks());
            config.put("num_attention_heads", architecture.heads().query());
            config.put("intermediate_size", architecture.feedForward().width());
            config.put("hidden_act", "gelu");
            config.put("type_vocab_size", architecture.tokenTypes());
            config.put("layer_norm_eps", architecture.norm().epsilon());
        }
        return JSON.valueToTree(config).toPrettyString();
    }

    /** The same tensors with a prefix before each name of the bare model. */
    static Map<String, FloatTensor> prefixed(String prefix, Map<String, FloatTensor> tensors) {
        Map<String, FloatTensor> prefixed = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> prefixed.put(isHead(name) ? name : prefix + name, tensor));
        return prefixed;
    }

    private static boolean isHead(String name) {
        return name.startsWith("cls.") || name.startsWith("lm_head.") || name.startsWith("vocab_");
    }

    /** Sets a key of a JSON file, or removes it where {@code value} is null. */
    static void edit(Path file, String key, Object value) {
        try {
            ObjectNode root = (ObjectNode) JSON.readTree(file.toFile());
            if (value == null) {
                root.remove(key);
            } else {
                root.set(key, JSON.valueToTree(value));
            }
            Files.write(file, JSON.writeValueAsBytes(root));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static float[] values(FloatBuffer buffer) {
        float[] values = new float[buffer.remaining()];
        buffer.duplicate().get(values);
        return values;
    }
}
