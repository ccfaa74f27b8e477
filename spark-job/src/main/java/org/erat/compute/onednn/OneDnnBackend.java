package org.erat.compute.onednn;

import java.lang.ref.Cleaner;
import java.nio.FloatBuffer;
import java.util.List;
import org.erat.compute.Backend;
import org.erat.compute.FrozenLinear;
import org.erat.compute.FrozenValues;
import org.erat.compute.Kernels;
import org.erat.compute.Precision;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.compute.WeightLayout;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOpsHolder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Kernels over oneDNN, for processors that speak x86-64. */
public final class OneDnnBackend implements Backend {
    private static final Logger LOG = LoggerFactory.getLogger(OneDnnBackend.class);
    private static final Cleaner CLEANER = Cleaner.create();

    private final Precision precision;
    private final WeightLayout weights;
    private final IdleMemory idle = new IdleMemory();

    /** A backend with packed weights. */
    public OneDnnBackend(Precision precision) {
        this(precision, WeightLayout.PACKED);
    }

    /**
     * @param precision TF32 becomes F32, and BF16 where the processor cannot multiply it, with a log line
     * @throws LinkageError if the native library cannot be loaded here
     */
    public OneDnnBackend(Precision precision, WeightLayout weights) {
        keepNd4jOnOneThread();
        this.weights = weights;
        if (precision == Precision.BF16 && !OneDnn.hasBf16()) {
            LOG.warn("This processor has neither AVX512_BF16 nor AMX: computing in f32 in place of bf16");
            this.precision = Precision.F32;
        } else if (precision == Precision.TF32) {
            LOG.warn("tf32 is a format of GPUs: computing in f32 in its place on the CPU");
            this.precision = Precision.F32;
        } else {
            this.precision = precision;
        }
    }

    /**
     * What ND4J still computes, the head, is small. With threads of its own, which spin while they wait as oneDNN's do, it
     * would take the cores from them: a step of 12 blocks of width 384 on two threads was a fifth slower.
     */
    private static void keepNd4jOnOneThread() {
        Nd4j.getEnvironment().setMaxMasterThreads(1);
        Nd4j.getEnvironment().setMaxThreads(1);
        NativeOpsHolder.getInstance().getDeviceNativeOps().setOmpNumThreads(1);
        Nd4j.factory().blas().setMaxThreads(1);
    }

    @Override
    public String name() {
        return "onednn";
    }

    /** The precision in force. */
    public Precision precision() {
        return precision;
    }

    @Override
    public Tensor frozen(FloatBuffer values, long... shape) {
        Shapes.checkFrozen(values, shape);
        Block block = Block.of(values);
        OneDnnTensor tensor = OneDnnTensor.over(block, Precision.F32, null, shape);
        CLEANER.register(tensor, block::free);
        return tensor;
    }

    @Override
    public FrozenLinear frozenLinear(List<FrozenValues> values, FloatBuffer[] biases, int in) {
        return new FrozenWeight(values, biases, Shapes.checkFrozenLinear(values, biases, in), in, precision, weights);
    }

    @Override
    public Kernels open(int threads) {
        Shapes.require(threads > 0, "onednn: %s threads", threads);
        return new OneDnnKernels(threads, precision, idle);
    }
}
