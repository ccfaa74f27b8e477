package org.erat.compute.onednn;

import java.nio.FloatBuffer;
import java.util.List;
import org.erat.compute.Backend;
import org.erat.compute.FrozenLinear;
import org.erat.compute.FrozenValues;
import org.erat.compute.HostUpdate;
import org.erat.compute.HostValues;
import org.erat.compute.Kernels;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.compute.memory.FrozenMemory;
import org.erat.compute.memory.IdlePools;
import org.erat.compute.memory.StridedTensor;
import org.erat.compute.nd4j.Nd4jThreads;
import org.erat.config.ComputeSettings.Weights;
import org.erat.config.Precision;
import org.erat.data.safetensors.Dtype;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Kernels over oneDNN, for processors that speak x86-64. */
public final class OneDnnBackend implements Backend {
    private static final Logger LOG = LoggerFactory.getLogger(OneDnnBackend.class);

    private final Precision precision;
    private final Weights weights;
    private final IdlePools idle = new IdlePools(HostBlock.ALLOCATOR);

    /** A backend with packed weights. */
    public OneDnnBackend(Precision precision) {
        this(precision, Weights.PACKED);
    }

    /**
     * @param precision TF32 becomes F32, and so does BF16 where the processor cannot multiply it, with a log line; not F64
     * @param weights how frozen weights lie in memory
     * @throws LinkageError if the native library cannot be loaded here
     */
    public OneDnnBackend(Precision precision, Weights weights) {
        Shapes.require(precision != Precision.F64, "onednn: there is no product in F64");
        // What ND4J still computes is small. With threads of its own, which spin while they wait as oneDNN's do, it
        // would
        // take the cores from them: a step of 12 blocks of width 384 on two threads was a fifth slower.
        Nd4jThreads.keepToOne();
        this.weights = weights;
        if (precision == Precision.BF16 && !OneDnn.hasBf16()) {
            LOG.warn("This processor has neither AVX512_BF16 nor AMX: computing in f32 in place of bf16");
            this.precision = Precision.F32;
        } else if (precision == Precision.TF32) {
            LOG.warn("tf32 is a precision of GPUs: computing in f32 in its place on the CPU");
            this.precision = Precision.F32;
        } else {
            this.precision = precision;
        }
    }

    @Override
    public String name() {
        return "onednn";
    }

    /** The precision in force. */
    public Precision precision() {
        return precision;
    }

    /** Dtype of activations and of frozen linear maps. */
    private Dtype dtype() {
        return precision == Precision.BF16 ? Dtype.BF16 : Dtype.F32;
    }

    @Override
    public Tensor frozen(FloatBuffer values, long... shape) {
        Shapes.checkFrozen(values, shape);
        HostBlock block = HostBlock.of(values);
        return StridedTensor.over(block, Dtype.F32, new FrozenMemory(block::free), shape);
    }

    @Override
    public FrozenLinear frozenLinear(List<FrozenValues> values, FloatBuffer[] biases, int in) {
        return new FrozenWeight(values, biases, Shapes.checkFrozenLinear(values, biases, in), in, dtype(), weights);
    }

    /** Plain, whatever the order of other weights: packing a table would make a copy of it for each direction. */
    @Override
    public FrozenLinear frozenLinear(Tensor table, FloatBuffer bias) {
        int out = Shapes.checkTable(table, bias);
        StridedTensor rows = HostBlock.tensor(table);
        FloatBuffer values = HostBlock.of(rows).floats().slice(0, Math.toIntExact(rows.size()));
        return new FrozenWeight(
                List.of(FrozenValues.of(values)),
                new FloatBuffer[] {bias},
                new int[] {out},
                (int) rows.columns(),
                dtype(),
                Weights.PLAIN);
    }

    @Override
    public Kernels open(int threads) {
        Shapes.require(threads > 0, "onednn: %s threads", threads);
        return kernels(new Execution(threads, dtype(), idle));
    }

    static Kernels kernels(Execution execution) {
        OneDnnPointwise pointwise = new OneDnnPointwise(execution);
        return new Kernels(
                new OneDnnMemory(execution),
                new OneDnnMatrices(execution, pointwise),
                new OneDnnNorms(execution),
                new OneDnnAttention(execution),
                new OneDnnTokens(execution),
                pointwise,
                new OneDnnLosses(execution),
                new HostUpdate(OneDnnBackend::values));
    }

    private static HostValues values(Tensor vector) {
        StridedTensor dense = Execution.single("update", "a vector", vector);
        return HostValues.of(HostBlock.of(dense).floats(), HostBlock.index(dense, 0));
    }
}
