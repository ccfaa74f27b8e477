package org.erat.data.basemodel;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Names and shapes of the tensors in a prepared {@code model.safetensors}. The names are those of Hugging Face's
 * {@code BertModel} and {@code RobertaModel} without a prefix. Weights of linear layers are {@code [out, in]}. H is the
 * width, F the inner width.
 */
public final class TensorNames {
    /** [vocabulary, H] */
    public static final String WORD_EMBEDDINGS = "embeddings.word_embeddings.weight";
    /** [positions, H] */
    public static final String POSITION_EMBEDDINGS = "embeddings.position_embeddings.weight";
    /** [token types, H] */
    public static final String TOKEN_TYPE_EMBEDDINGS = "embeddings.token_type_embeddings.weight";
    /** Prefix of the {@code weight} [H] and {@code bias} [H] of the norm after the embeddings. */
    public static final String EMBEDDINGS_NORM = "embeddings.LayerNorm";
    /** Prefix of the {@code weight} [H, H] and {@code bias} [H] of the pooler; optional. */
    public static final String POOLER = "pooler.dense";
    /** Prefix of the {@code weight} [H, H] and {@code bias} [H] of the masked language model head; optional. */
    public static final String MLM_DENSE = "cls.predictions.transform.dense";
    /** Prefix of the {@code weight} [H] and {@code bias} [H] of the norm in the masked language model head; optional. */
    public static final String MLM_NORM = "cls.predictions.transform.LayerNorm";
    /** [vocabulary]; the weights of the same layer are the word embeddings; optional. */
    public static final String MLM_BIAS = "cls.predictions.bias";

    private TensorNames() {}

    /** Prefix of everything in block {@code layer}, counted from 0; ends with a dot. */
    public static String block(int layer) {
        return "encoder.layer." + layer + ".";
    }

    /** {@code prefix.weight} */
    public static String weight(String prefix) {
        return prefix + ".weight";
    }

    /** {@code prefix.bias} */
    public static String bias(String prefix) {
        return prefix + ".bias";
    }

    /** The tensors that every base model has, with their shapes. */
    public static Map<String, long[]> required(ModelConfig config) {
        long h = config.hiddenSize();
        long f = config.intermediateSize();
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put(WORD_EMBEDDINGS, new long[] {config.vocabSize(), h});
        shapes.put(POSITION_EMBEDDINGS, new long[] {config.maxPositionEmbeddings(), h});
        shapes.put(TOKEN_TYPE_EMBEDDINGS, new long[] {config.typeVocabSize(), h});
        norm(shapes, EMBEDDINGS_NORM, h);
        for (int layer = 0; layer < config.numHiddenLayers(); layer++) {
            String block = block(layer);
            for (String projection : List.of("query", "key", "value")) {
                linear(shapes, block + "attention.self." + projection, h, h);
            }
            linear(shapes, block + "attention.output.dense", h, h);
            norm(shapes, block + "attention.output.LayerNorm", h);
            linear(shapes, block + "intermediate.dense", f, h);
            linear(shapes, block + "output.dense", h, f);
            norm(shapes, block + "output.LayerNorm", h);
        }
        return shapes;
    }

    /** The tensors of the pooler, with their shapes. A model has all of them or none. */
    public static Map<String, long[]> pooler(ModelConfig config) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        linear(shapes, POOLER, config.hiddenSize(), config.hiddenSize());
        return shapes;
    }

    /** The tensors of the masked language model head, with their shapes. A model has all of them or none. */
    public static Map<String, long[]> maskedLanguageModelHead(ModelConfig config) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        linear(shapes, MLM_DENSE, config.hiddenSize(), config.hiddenSize());
        norm(shapes, MLM_NORM, config.hiddenSize());
        shapes.put(MLM_BIAS, new long[] {config.vocabSize()});
        return shapes;
    }

    private static void linear(Map<String, long[]> shapes, String prefix, long out, long in) {
        shapes.put(weight(prefix), new long[] {out, in});
        shapes.put(bias(prefix), new long[] {out});
    }

    private static void norm(Map<String, long[]> shapes, String prefix, long width) {
        shapes.put(weight(prefix), new long[] {width});
        shapes.put(bias(prefix), new long[] {width});
    }
}
