package org.erat.compute.cuda;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.FloatPointer;
import org.erat.compute.Backend;
import org.erat.compute.FrozenLinear;
import org.erat.compute.FrozenValues;
import org.erat.compute.Kernels;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.compute.memory.Block;
import org.erat.compute.memory.FrozenMemory;
import org.erat.compute.memory.StridedTensor;
import org.erat.config.Precision;
import org.erat.data.safetensors.Dtype;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Kernels on one NVIDIA GPU. Frozen weights are uploaded once and shared by the tasks of the process: matrices in the dtype
 * of activations, vectors (weights and biases of norms) in f32.
 */
public final class CudaBackend implements Backend {
    private static final Logger LOG = LoggerFactory.getLogger(CudaBackend.class);

    /** What crosses at once while weights are loaded. */
    private static final int STAGED = 4 << 20;

    private final DeviceMemory memory;
    private final Precision precision;
    private final Execution loader;

    CudaBackend(Driver driver, Precision precision) {
        Shapes.require(precision != Precision.F64, "cuda: there is no kernel in F64");
        this.memory = new DeviceMemory(driver);
        if (!driver.multiplies(precision)) {
            LOG.warn(
                    "{} does not multiply {}: computing in f32 in its place",
                    driver.device(),
                    precision.name().toLowerCase(Locale.ROOT));
            this.precision = Precision.F32;
        } else {
            this.precision = precision;
        }
        this.loader = new Execution(memory, this.precision);
    }

    /**
     * The backend of a GPU, whose kernels are compiled if they are not at hand.
     *
     * @param ordinal number under which CUDA knows the GPU in this process
     * @param precision becomes {@code F32}, with a log line, on a GPU that cannot multiply another; not {@code F64}
     * @throws LinkageError if CUDA's libraries are not there
     * @throws CudaException if the GPU cannot be used, with the call that failed
     */
    public static CudaBackend on(int ordinal, Precision precision) {
        return new CudaBackend(new NvidiaDriver(ordinal), precision);
    }

    @Override
    public String name() {
        return "cuda";
    }

    /** The precision in force. */
    public Precision precision() {
        return precision;
    }

    /** The device, for messages. */
    public String device() {
        return memory.driver().device();
    }

    /** The most bytes of the device that frozen weights and all tasks have held at once. */
    public long peakBytes() {
        return memory.peakBytes();
    }

    @Override
    public synchronized Tensor frozen(FloatBuffer values, long... shape) {
        Shapes.checkFrozen(values, shape);
        StridedTensor tensor = allocateFrozen(shape.length == 1 ? Dtype.F32 : loader.activations(), shape);
        upload(FrozenValues.of(values), tensor, 0);
        loader.release();
        return tensor;
    }

    @Override
    public synchronized FrozenLinear frozenLinear(List<FrozenValues> weights, FloatBuffer[] biases, int in) {
        int out = IntStream.of(Shapes.checkFrozenLinear(weights, biases, in)).sum();
        StridedTensor matrix = allocateFrozen(loader.activations(), out, in);
        StridedTensor bias = allocateFrozen(loader.activations(), out);
        long row = 0;
        for (int i = 0; i < biases.length; i++) {
            upload(weights.get(i), matrix, row * in);
            upload(FrozenValues.of(biases[i]), bias, row);
            row += biases[i].remaining();
        }
        loader.release();
        return new CudaWeight(matrix, bias, true);
    }

    /** A table lies in the dtype of activations, so that it is the weight of products as it is. */
    @Override
    public synchronized FrozenLinear frozenLinear(Tensor table, FloatBuffer bias) {
        StridedTensor onDevice = allocateFrozen(loader.activations(), Shapes.checkTable(table, bias));
        upload(FrozenValues.of(bias), onDevice, 0);
        loader.release();
        return new CudaWeight(DeviceBlock.tensor(table), onDevice, false);
    }

    private StridedTensor allocateFrozen(Dtype dtype, long... shape) {
        long elements = LongStream.of(shape).reduce(1, Math::multiplyExact);
        Block block = memory.allocateFrozen(dtype.bytes() * elements);
        DeviceMemory device = memory;
        return StridedTensor.over(block, dtype, new FrozenMemory(() -> device.freeFrozen(block)), shape);
    }

    /** Copies values to the elements of {@code into} from {@code first} on, piece by piece. */
    private void upload(FrozenValues values, StridedTensor into, long first) {
        int size = values.size();
        try (FloatPointer host = new FloatPointer(size);
                StridedTensor staged = loader.allocate(Dtype.F32, Math.min(size, STAGED))) {
            values.copyTo(host.asBuffer());
            for (int at = 0; at < size; at += STAGED) {
                int count = Math.min(STAGED, size - at);
                loader.stream().upload(host.getPointer(at), staged.address(), (long) Float.BYTES * count);
                loader.copy(staged.span(0, count), into.span(first + at, count));
            }
        }
    }

    @Override
    public Kernels open(int threads) {
        Shapes.require(threads > 0, "cuda: %s threads", threads);
        Execution execution = new Execution(memory, precision);
        CudaPointwise pointwise = new CudaPointwise(execution);
        return new Kernels(
                new CudaMemory(execution),
                new CudaMatrices(execution, pointwise),
                new CudaNorms(execution),
                new CudaAttention(execution),
                new CudaTokens(execution),
                pointwise,
                new CudaLosses(execution),
                new CudaUpdate(execution));
    }
}
