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
import org.erat.data.safetensors.FloatTensor;
import org.erat.data.safetensors.SafetensorsWriter;

/** Tiny models with random weights, in the forms that importers read. */
final class SyntheticModel {
    static final ModelConfig BERT = new ModelConfig("bert", 24, 8, 2, 2, 12, 16, 2, 1e-12, "gelu", 0);
    static final ModelConfig ROBERTA = new ModelConfig("roberta", 24, 8, 1, 4, 12, 18, 1, 1e-5, "gelu", 1);

    private static final ObjectMapper JSON = new ObjectMapper();

    private SyntheticModel() {}

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
    static Map<String, FloatTensor> complete(ModelConfig config) {
        Map<String, long[]> shapes = new LinkedHashMap<>(TensorNames.required(config));
        shapes.putAll(TensorNames.pooler(config));
        shapes.putAll(TensorNames.maskedLanguageModelHead(config));
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
    static Path huggingFace(Path directory, ModelConfig config, Map<String, FloatTensor> tensors) {
        try {
            Files.createDirectories(directory);
            ModelConfigFile.write(config, directory.resolve("config.json"));
            Files.write(
                    directory.resolve("tokenizer.json"),
                    config.modelType().equals("roberta")
                            ? robertaTokenizer()
                            : bertTokenizer().bytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        SafetensorsWriter.write(directory.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
        return directory;
    }

    /** The same tensors with a prefix before each name. */
    static Map<String, FloatTensor> prefixed(String prefix, Map<String, FloatTensor> tensors) {
        Map<String, FloatTensor> prefixed = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> prefixed.put(name.startsWith("cls.") ? name : prefix + name, tensor));
        return prefixed;
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
