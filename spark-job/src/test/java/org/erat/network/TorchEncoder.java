package org.erat.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.Map;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.Target;
import org.erat.data.basemodel.ModelConfig;
import org.erat.data.safetensors.SafetensorsFile;
import org.erat.data.tokenized.PaddedBatch;
import org.erat.schedule.Window;

/**
 * A BERT encoder with adapters and a classification head in libtorch's operations and under its autograd: shares no
 * arithmetic with the code under test. Adapters and head are leaves with gradients.
 */
final class TorchEncoder implements AutoCloseable {
    private final NDManager manager;
    private final SafetensorsFile weights;
    private final ModelConfig config;
    private final AdapterLayout layout;
    // An array and not a plain number: DJL frees a number's array while the autograd graph still refers to it.
    private final NDArray perRootOfWidth;
    private final Map<AdapterLayout.Slot, NDArray> a = new HashMap<>();
    private final Map<AdapterLayout.Slot, NDArray> b = new HashMap<>();

    /** @param parameters all adapters, in the order of the layout */
    TorchEncoder(SafetensorsFile weights, ModelConfig config, AdapterLayout layout, float[] parameters) {
        this.manager = NDManager.newBaseManager(ai.djl.Device.cpu(), "PyTorch");
        this.weights = weights;
        this.config = config;
        this.layout = layout;
        double width = config.hiddenSize() / (double) config.numAttentionHeads();
        this.perRootOfWidth = manager.create((float) (1 / Math.sqrt(width)));
        for (AdapterLayout.Slot slot : layout.slots()) {
            a.put(slot, leaf(parameters, slot.rowOfA(0), slot.rank(), slot.in()));
            b.put(slot, leaf(parameters, slot.rowOfB(0), slot.rank(), slot.out()));
        }
    }

    private NDArray leaf(float[] all, long from, int rows, int columns) {
        float[] values = new float[rows * columns];
        System.arraycopy(all, (int) from, values, 0, values.length);
        NDArray leaf = manager.create(values, new Shape(rows, columns));
        leaf.setRequiresGradient(true);
        return leaf;
    }

    NDManager manager() {
        return manager;
    }

    /** Which rows of a block's adapters an example uses, and with which factor. */
    interface Windows {
        Window of(int block, int example);
    }

    /** Mean-pooled vectors [B,H]. Each example has its own factors by row: scale inside its window, 0 outside. */
    NDArray pooled(PaddedBatch batch, Windows windows, double alpha) {
        int size = batch.size();
        int tokens = batch.length();
        NDArray x = norm(embeddings(batch), "embeddings.LayerNorm");
        NDArray valid = valid(batch);
        NDArray maskBias = valid.sub(1).mul(1e9f).reshape(new Shape(size, 1, 1, tokens));
        for (int block = 0; block < config.numHiddenLayers(); block++) {
            NDArray factors = factors(size, block, windows, alpha);
            x = block(x, block, factors, maskBias);
        }
        NDArray column = valid.reshape(new Shape(size, tokens, 1));
        return x.mul(column).sum(new int[] {1}).div(column.sum(new int[] {1}));
    }

    private NDArray block(NDArray x, int block, NDArray factors, NDArray maskBias) {
        String path = "encoder.layer." + block + ".";
        NDArray query = heads(projection(x, path, block, Target.QUERY, factors));
        NDArray key = heads(projection(x, path, block, Target.KEY, factors));
        NDArray value = heads(projection(x, path, block, Target.VALUE, factors));
        NDArray scores = query.matMul(key.transpose(0, 1, 3, 2)).mul(perRootOfWidth);
        NDArray context = scores.add(maskBias)
                .softmax(-1)
                .matMul(value)
                .transpose(0, 2, 1, 3)
                .reshape(x.getShape());
        NDArray attended = projection(context, path, block, Target.ATTENTION_OUTPUT, factors);
        NDArray hidden = norm(attended.add(x), path + "attention.output.LayerNorm");
        NDArray inner = Activation.gelu(projection(hidden, path, block, Target.INTERMEDIATE, factors));
        return norm(projection(inner, path, block, Target.OUTPUT, factors).add(hidden), path + "output.LayerNorm");
    }

    private NDArray heads(NDArray x) {
        Shape shape = x.getShape();
        return x.reshape(shape.get(0), shape.get(1), config.numAttentionHeads(), -1)
                .transpose(0, 2, 1, 3);
    }

    /** Frozen projection plus the adapter: ((x·Aᵀ) ∘ factors)·Bᵀ. */
    private NDArray projection(NDArray x, String path, int block, Target target, NDArray factors) {
        String name = path + target.module();
        NDArray y = Linear.linear(x, tensor(name + ".weight"), tensor(name + ".bias"))
                .singletonOrThrow();
        AdapterLayout.Slot slot = layout.slot(block, target);
        return y.add(x.matMul(a.get(slot).transpose()).mul(factors).matMul(b.get(slot)));
    }

    private NDArray norm(NDArray x, String name) {
        NDList normal = LayerNorm.layerNorm(
                x, new Shape(config.hiddenSize()), tensor(name + ".weight"), tensor(name + ".bias"), (float)
                        config.layerNormEps());
        return normal.singletonOrThrow();
    }

    private NDArray embeddings(PaddedBatch batch) {
        Shape shape = new Shape(batch.size(), batch.length());
        NDArray words = rows("embeddings.word_embeddings.weight", manager.create(batch.tokenIds(), shape));
        NDArray types = rows("embeddings.token_type_embeddings.weight", manager.create(batch.typeIds(), shape));
        // RoBERTa counts positions from the padding id + 1 (transformers, create_position_ids_from_input_ids).
        int first = config.modelType().equals("roberta") ? config.padTokenId() + 1 : 0;
        NDArray positions = tensor("embeddings.position_embeddings.weight")
                .get(new NDIndex(first + ":" + (first + batch.length())));
        return words.add(types).add(positions);
    }

    private NDArray rows(String table, NDArray ids) {
        NDArray flat = tensor(table).get(ids.toType(DataType.INT64, false).flatten());
        return flat.reshape(ids.getShape().get(0), ids.getShape().get(1), -1);
    }

    private NDArray valid(PaddedBatch batch) {
        float[] valid = new float[batch.tokenIds().length];
        for (int i = 0; i < valid.length; i++) {
            valid[i] = i % batch.length() < batch.lengths()[i / batch.length()] ? 1 : 0;
        }
        return manager.create(valid, new Shape(batch.size(), batch.length()));
    }

    private NDArray factors(int size, int block, Windows windows, double alpha) {
        float[] factors = new float[size * layout.rank()];
        for (int example = 0; example < size; example++) {
            Window window = windows.of(block, example);
            for (int row = window.start(); row < window.end(); row++) {
                factors[example * layout.rank() + row] = (float) (alpha / window.width());
            }
        }
        return manager.create(factors, new Shape(size, 1, layout.rank()));
    }

    private NDArray tensor(String name) {
        FloatBuffer values = weights.floats(name).duplicate();
        float[] copy = new float[values.remaining()];
        values.get(copy);
        return manager.create(copy, new Shape(weights.info(name).shape()));
    }

    float[] gradientOfA(AdapterLayout.Slot slot) {
        return a.get(slot).getGradient().toFloatArray();
    }

    float[] gradientOfB(AdapterLayout.Slot slot) {
        return b.get(slot).getGradient().toFloatArray();
    }

    @Override
    public void close() {
        manager.close();
    }
}
