package org.erat.learner;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.djl.training.GradientCollector;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.erat.adapter.AdapterLayout;
import org.erat.config.Precision;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;
import org.erat.head.HeadLayout;
import org.erat.torch.TorchTransformer;

/**
 * The loss of a learner that classifies whole texts by the mean of their hidden states, and its gradient, in libtorch's
 * operations, by its autograd and in double precision: shares no arithmetic with the code under test.
 */
final class TorchLearner implements AutoCloseable {
    private final LearnerSpec spec;
    private final NDManager manager;
    private final TorchTransformer transformer;

    TorchLearner(LearnerSpec spec, Path base) {
        // The native library comes from the class path and is unpacked under target; nothing is fetched.
        System.setProperty("ai.djl.offline", "true");
        System.setProperty(
                "DJL_CACHE_DIR", Path.of("target", "djl").toAbsolutePath().toString());
        System.setProperty("ENGINE_CACHE_DIR", System.getProperty("DJL_CACHE_DIR"));
        this.spec = spec;
        this.manager = NDManager.newBaseManager(ai.djl.Device.cpu(), "PyTorch");
        try (BaseModelDirectory model = BaseModelDirectory.open(base)) {
            this.transformer = new TorchTransformer(manager, model.tensors(), model.architecture(), Precision.F64);
        }
    }

    /** The factor of an example's output of one row of a block's adapters; 0 where the row takes no part. */
    @FunctionalInterface
    interface Factors {
        double of(int block, int example, int row);
    }

    /**
     * Logits [B,C], and the gradient of the mean cross-entropy.
     *
     * @param gradient laid out as the parameters are
     */
    record Outcome(double[] logits, double[] gradient) {}

    /** @param parameters adapters, then head, as the layout of the specification has them */
    Outcome outcome(double[] parameters, Batch batch, Factors factors) {
        AdapterLayout layout = spec.adapterLayout();
        int headFrom = spec.layout().headGroup().from();
        try (NDManager scope = manager.newSubManager();
                GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            Map<AdapterLayout.Slot, NDArray> a = new HashMap<>();
            Map<AdapterLayout.Slot, NDArray> b = new HashMap<>();
            for (AdapterLayout.Slot slot : layout.slots()) {
                a.put(slot, leaf(scope, parameters, slot.rowOfA(0), slot.rank(), slot.in()));
                b.put(slot, leaf(scope, parameters, slot.rowOfB(0), slot.rank(), slot.out()));
            }
            List<NDArray> head = new ArrayList<>();
            for (HeadLayout.Array array : spec.head().layout().arrays()) {
                head.add(leaf(scope, parameters, headFrom + array.offset(), array.shape()));
            }
            List<NDArray> ofBlocks = new ArrayList<>();
            for (int block = 0; block < layout.blocks(); block++) {
                ofBlocks.add(factors(scope, batch.size(), block, factors));
            }
            // y + ((x·Aᵀ) ∘ factors)·B
            NDArray pooled = transformer.pooled(scope, batch, (y, x, block, projection) -> {
                AdapterLayout.Slot slot = layout.slot(block, projection);
                return y.add(x.matMul(a.get(slot).transpose())
                        .mul(ofBlocks.get(block))
                        .matMul(b.get(slot)));
            });
            NDArray dense = Linear.linear(pooled, head.get(0), head.get(1))
                    .singletonOrThrow()
                    .tanh();
            NDArray logits = Linear.linear(dense, head.get(2), head.get(3)).singletonOrThrow();
            collector.backward(loss(scope, logits, ((Targets.Classes) batch.targets()).classes()));
            double[] gradient = new double[parameters.length];
            for (AdapterLayout.Slot slot : layout.slots()) {
                copyGradient(a.get(slot), gradient, slot.rowOfA(0));
                copyGradient(b.get(slot), gradient, slot.rowOfB(0));
            }
            for (int i = 0; i < head.size(); i++) {
                copyGradient(
                        head.get(i),
                        gradient,
                        headFrom + spec.head().layout().arrays().get(i).offset());
            }
            return new Outcome(logits.toDoubleArray(), gradient);
        }
    }

    private static NDArray leaf(NDManager scope, double[] all, long from, long... shape) {
        int length = (int) new Shape(shape).size();
        NDArray leaf = scope.create(Arrays.copyOfRange(all, (int) from, (int) from + length), new Shape(shape));
        leaf.setRequiresGradient(true);
        return leaf;
    }

    private NDArray factors(NDManager scope, int size, int block, Factors factors) {
        int rank = spec.adapter().rank();
        double[] values = new double[size * rank];
        for (int i = 0; i < values.length; i++) {
            values[i] = factors.of(block, i / rank, i % rank);
        }
        return scope.create(values, new Shape(size, 1, rank));
    }

    /** The mean cross-entropy. */
    private static NDArray loss(NDManager scope, NDArray logits, int[] classes) {
        int outputs = (int) logits.getShape().get(1);
        double[] shares = new double[classes.length * outputs];
        for (int b = 0; b < classes.length; b++) {
            shares[b * outputs + classes[b]] = 1.0 / classes.length;
        }
        return logits.logSoftmax(-1)
                .mul(scope.create(shares, logits.getShape()))
                .sum()
                .neg();
    }

    private static void copyGradient(NDArray leaf, double[] into, long at) {
        try (NDArray gradient = leaf.getGradient()) {
            double[] values = gradient.toDoubleArray();
            System.arraycopy(values, 0, into, (int) at, values.length);
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}
