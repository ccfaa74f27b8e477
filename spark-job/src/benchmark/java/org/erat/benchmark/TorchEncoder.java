package org.erat.benchmark;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.erat.data.basemodel.ModelConfig;
import org.erat.data.safetensors.SafetensorsFile;
import org.erat.data.tokenized.PaddedBatch;

/**
 * A BERT encoder in libtorch's operations: frozen weights and activations of one type, adapters in f32 that are cast to
 * it at their use, as autocast does. B examples, T tokens, H width, A heads.
 */
final class TorchEncoder {
    private static final List<String> ADAPTED = List.of("attention.self.query", "attention.self.value");

    private final ModelConfig config;
    private final boolean bf16;
    private final Map<String, NDArray> weights = new HashMap<>();
    private final TorchScript attention;
    private final TorchScript maskedAttention;
    private final TorchScript toBf16;
    private final TorchScript toF32;
    private final NDArray scale;

    TorchEncoder(NDManager manager, SafetensorsFile tensors, ModelConfig config, boolean bf16) {
        this.config = config;
        this.bf16 = bf16;
        this.attention = new TorchScript(manager, "torch.scaled_dot_product_attention(q, k, v)", "q", "k", "v");
        this.maskedAttention = new TorchScript(
                manager, "torch.scaled_dot_product_attention(q, k, v, mask)", "q", "k", "v", "mask");
        // DJL ends the process at an array of bf16 that it is asked the type of; the numbers are libtorch's own.
        this.toBf16 = new TorchScript(manager, "torch.to(x, 15)", "x");
        this.toF32 = new TorchScript(manager, "torch.to(x, 6)", "x");
        try (NDManager loading = manager.newSubManager()) {
            for (String name : tensors.names()) {
                FloatBuffer values = tensors.floats(name).duplicate();
                float[] copy = new float[values.remaining()];
                values.get(copy);
                NDArray weight = cast(manager, loading.create(copy, new Shape(tensors.info(name).shape())));
                weight.attach(manager);
                weights.put(name, weight);
            }
        }
        this.scale = cast(manager, manager.create((float) (Engine.ALPHA / Engine.RANK)));
    }

    /** Paths of the projections with adapters. */
    List<String> adaptedModules() {
        List<String> modules = new ArrayList<>();
        for (int block = 0; block < config.numHiddenLayers(); block++) {
            for (String module : ADAPTED) {
                modules.add(path(block) + module);
            }
        }
        return modules;
    }

    private static String path(int block) {
        return "encoder.layer." + block + ".";
    }

    /** Mean-pooled vectors [B,H] in f32. */
    NDArray pooled(NDManager scope, Map<String, NDArray> leaves, PaddedBatch batch) {
        boolean padded = batch.tokenCount() < batch.tokenIds().length;
        NDArray valid = valid(scope, batch);
        NDArray mask = padded
                ? cast(
                        scope,
                        valid.sub(scope.ones(new Shape(1)))
                                .mul(scope.create(1e9f))
                                .reshape(new Shape(batch.size(), 1, 1, batch.length())))
                : null;
        NDArray x = embeddings(scope, batch);
        for (int block = 0; block < config.numHiddenLayers(); block++) {
            // What a block needs no more is freed at its end, as in a Python program; autograd keeps what it needs.
            try (NDManager inner = scope.newSubManager()) {
                NDArray in = x;
                x.attach(inner);
                x = block(inner, in, block, leaves, mask);
                x.attach(scope);
            }
        }
        x = bf16 ? toF32.apply(scope, x) : x;
        NDArray column = valid.reshape(new Shape(batch.size(), batch.length(), 1));
        NDArray sum = padded ? x.mul(column).sum(new int[] {1}) : x.sum(new int[] {1});
        return sum.div(column.sum(new int[] {1}));
    }

    private NDArray block(NDManager scope, NDArray x, int block, Map<String, NDArray> leaves, NDArray mask) {
        String path = path(block);
        NDArray query = heads(adapted(x, path + "attention.self.query", leaves));
        NDArray key = heads(linear(x, path + "attention.self.key"));
        NDArray value = heads(adapted(x, path + "attention.self.value", leaves));
        NDArray perHead = mask == null
                ? attention.apply(scope, query, key, value)
                : maskedAttention.apply(scope, query, key, value, mask);
        NDArray context = perHead.transpose(0, 2, 1, 3).reshape(x.getShape());
        NDArray attended = linear(context, path + "attention.output.dense");
        NDArray hidden = norm(attended.add(x), path + "attention.output.LayerNorm");
        NDArray activated = Activation.gelu(linear(hidden, path + "intermediate.dense"));
        return norm(linear(activated, path + "output.dense").add(hidden), path + "output.LayerNorm");
    }

    private NDArray heads(NDArray x) {
        Shape shape = x.getShape();
        return x.reshape(shape.get(0), shape.get(1), config.numAttentionHeads(), -1)
                .transpose(0, 2, 1, 3);
    }

    /** x·Wᵀ + b + α/R·(x·Aᵀ)·B. */
    private NDArray adapted(NDArray x, String module, Map<String, NDArray> leaves) {
        NDArray a = cast(x.getManager(), leaves.get("a." + module)).transpose();
        a.attach(x.getManager());
        NDArray b = cast(x.getManager(), leaves.get("b." + module));
        return linear(x, module).add(x.matMul(a).mul(scale).matMul(b));
    }

    /** The f32 array itself, or a copy in this encoder's type that ends with {@code scope}. */
    private NDArray cast(NDManager scope, NDArray array) {
        return bf16 ? toBf16.apply(scope, array) : array;
    }

    private NDArray linear(NDArray x, String module) {
        return Linear.linear(x, weights.get(module + ".weight"), weights.get(module + ".bias"))
                .singletonOrThrow();
    }

    private NDArray norm(NDArray x, String name) {
        return LayerNorm.layerNorm(
                        x,
                        new Shape(config.hiddenSize()),
                        weights.get(name + ".weight"),
                        weights.get(name + ".bias"),
                        (float) config.layerNormEps())
                .singletonOrThrow();
    }

    private NDArray embeddings(NDManager scope, PaddedBatch batch) {
        Shape shape = new Shape(batch.size(), batch.length());
        NDArray words = rows(scope, "embeddings.word_embeddings.weight", batch.tokenIds(), shape);
        NDArray types = rows(scope, "embeddings.token_type_embeddings.weight", batch.typeIds(), shape);
        NDArray positions =
                weights.get("embeddings.position_embeddings.weight").get(scope, new NDIndex("0:" + batch.length()));
        return norm(words.add(types).add(positions), "embeddings.LayerNorm");
    }

    private NDArray rows(NDManager scope, String table, int[] ids, Shape shape) {
        long[] wide = Arrays.stream(ids).asLongStream().toArray();
        NDArray index = scope.create(wide, new Shape(wide.length));
        return index.getNDArrayInternal()
                .embedding(index, weights.get(table), SparseFormat.DENSE)
                .singletonOrThrow()
                .reshape(shape.get(0), shape.get(1), -1);
    }

    private static NDArray valid(NDManager scope, PaddedBatch batch) {
        float[] valid = new float[batch.tokenIds().length];
        for (int i = 0; i < valid.length; i++) {
            valid[i] = i % batch.length() < batch.lengths()[i / batch.length()] ? 1 : 0;
        }
        return scope.create(valid, new Shape(batch.size(), batch.length()));
    }
}
