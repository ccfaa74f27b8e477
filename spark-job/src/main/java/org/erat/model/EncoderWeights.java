package org.erat.model;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import org.erat.compute.Activation;
import org.erat.compute.Backend;
import org.erat.compute.FrozenLinear;
import org.erat.compute.FrozenValues;
import org.erat.compute.Tensor;
import org.erat.data.basemodel.ModelConfig;
import org.erat.data.safetensors.SafetensorsFile;

/**
 * The frozen weights of an encoder in the layout of a {@link Backend}. Immutable; shared by all tasks of a JVM.
 *
 * @param config the architecture
 * @param words [V,H] word embeddings
 * @param positions [P,H] position embeddings
 * @param types [K,H] token type embeddings
 * @param embeddingNorm layer normalisation of their sum
 * @param blocks the L blocks
 * @param activation non-linearity of the feed-forward parts
 */
public record EncoderWeights(
        ModelConfig config,
        Tensor words,
        Tensor positions,
        Tensor types,
        Norm embeddingNorm,
        List<Block> blocks,
        Activation activation) {

    /** Gain and bias [H] of a layer normalisation. */
    public record Norm(Tensor gain, Tensor bias) {}

    /**
     * One block.
     *
     * @param queryKeyValue [3H,H]: query, key and value stacked, so that one product serves all three
     * @param attentionOutput [H,H]
     * @param attentionNorm layer normalisation after the attention
     * @param intermediate [F,H]
     * @param output [H,F]
     * @param outputNorm layer normalisation after the feed-forward part
     */
    public record Block(
            FrozenLinear queryKeyValue,
            FrozenLinear attentionOutput,
            Norm attentionNorm,
            FrozenLinear intermediate,
            FrozenLinear output,
            Norm outputNorm) {}

    /** Lays out the tensors of {@code file}, which must stay open as long as the weights are in use. */
    public static EncoderWeights of(ModelConfig config, SafetensorsFile file, Backend backend) {
        Reader reader = new Reader(file, backend, config.hiddenSize(), config.intermediateSize());
        List<Block> blocks = new ArrayList<>();
        for (int block = 0; block < config.numHiddenLayers(); block++) {
            blocks.add(reader.block("encoder.layer." + block + "."));
        }
        int width = config.hiddenSize();
        return new EncoderWeights(
                config,
                reader.table("embeddings.word_embeddings.weight", config.vocabSize()),
                reader.table("embeddings.position_embeddings.weight", config.maxPositionEmbeddings()),
                reader.table("embeddings.token_type_embeddings.weight", config.typeVocabSize()),
                reader.norm("embeddings.LayerNorm", width),
                List.copyOf(blocks),
                activation(config.hiddenAct()));
    }

    private static Activation activation(String name) {
        return switch (name) {
            case "gelu" -> Activation.GELU;
            case "gelu_new" -> Activation.GELU_TANH;
            case "relu" -> Activation.RELU;
            default -> throw new IllegalArgumentException("hidden_act " + name + " is not gelu, gelu_new or relu");
        };
    }

    private record Reader(SafetensorsFile file, Backend backend, int width, int inner) {
        Block block(String path) {
            String self = path + "attention.self.";
            return new Block(
                    backend.frozenLinear(
                            List.of(
                                    weight(self + "query", width, width),
                                    weight(self + "key", width, width),
                                    weight(self + "value", width, width)),
                            new FloatBuffer[] {
                                bias(self + "query", width), bias(self + "key", width), bias(self + "value", width)
                            },
                            width),
                    linear(path + "attention.output.dense", width, width),
                    norm(path + "attention.output.LayerNorm", width),
                    linear(path + "intermediate.dense", inner, width),
                    linear(path + "output.dense", width, inner),
                    norm(path + "output.LayerNorm", width));
        }

        FrozenLinear linear(String name, int out, int in) {
            return backend.frozenLinear(List.of(weight(name, out, in)), new FloatBuffer[] {bias(name, out)}, in);
        }

        Norm norm(String name, int size) {
            return new Norm(
                    backend.frozen(values(name + ".weight", size), size),
                    backend.frozen(values(name + ".bias", size), size));
        }

        Tensor table(String name, int rows) {
            return backend.frozen(values(name, rows, width), rows, width);
        }

        private FrozenValues weight(String name, int out, int in) {
            String tensor = name + ".weight";
            file.require(tensor, out, in);
            return new FrozenValues() {
                @Override
                public int size() {
                    return out * in;
                }

                @Override
                public void copyTo(FloatBuffer into) {
                    file.read(tensor, into);
                }

                @Override
                public FloatBuffer inPlace() {
                    return file.floats(tensor);
                }
            };
        }

        private FloatBuffer bias(String name, int out) {
            return values(name + ".bias", out);
        }

        private FloatBuffer values(String name, long... shape) {
            file.require(name, shape);
            return file.floats(name);
        }
    }
}
