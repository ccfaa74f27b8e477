package org.erat.compute.cuda;

import java.lang.ref.Cleaner;
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
import org.erat.compute.Precision;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Kernels on one NVIDIA GPU. Frozen weights are uploaded once and shared by the tasks of the process: matrices in the
 * format of activations, vectors (gains, biases of normalisations) in f32.
 */
public final class CudaBackend implements Backend {
    private static final Logger LOG = LoggerFactory.getLogger(CudaBackend.class);
    private static final Cleaner CLEANER = Cleaner.create();

    /** What crosses at once while weights are loaded. */
    private static final int STAGED = 4 << 20;

    private final DeviceMemory memory;
    private final Precision precision;
    private final Execution loader;

    CudaBackend(Driver driver, Precision precision) {
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
     * @param precision becomes {@code F32}, with a log line, on a GPU that cannot multiply another
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
        CudaTensor tensor = allocateFrozen(shape.length == 1 ? Format.F32 : loader.activations(), shape);
        upload(FrozenValues.of(values), tensor, 0);
        loader.rest();
        return tensor;
    }

    @Override
    public synchronized FrozenLinear frozenLinear(List<FrozenValues> weights, FloatBuffer[] biases, int in) {
        int out = IntStream.of(Shapes.checkFrozenLinear(weights, biases, in)).sum();
        CudaTensor matrix = allocateFrozen(loader.activations(), out, in);
        CudaTensor bias = allocateFrozen(loader.activations(), out);
        long row = 0;
        for (int i = 0; i < biases.length; i++) {
            upload(weights.get(i), matrix, row * in);
            upload(FrozenValues.of(biases[i]), bias, row);
            row += biases[i].remaining();
        }
        loader.rest();
        return new CudaWeight(matrix, bias);
    }

    /** Freed when it is unreachable. */
    private CudaTensor allocateFrozen(Format format, long... shape) {
        long elements = LongStream.of(shape).reduce(1, Math::multiplyExact);
        long bytes = DevicePool.roundUp(CudaTensor.bytes(format) * elements);
        long address = memory.allocateFrozen(bytes);
        CudaTensor tensor = CudaTensor.over(new DevicePool.Block(address, bytes), format, null, shape);
        DeviceMemory device = memory;
        CLEANER.register(tensor, () -> device.freeFrozen(address, bytes));
        return tensor;
    }

    /** Copies values to the elements of {@code into} from {@code first} on, piece by piece. */
    private void upload(FrozenValues values, CudaTensor into, long first) {
        int size = values.size();
        try (FloatPointer host = new FloatPointer(size);
                CudaTensor staged = loader.allocate(Format.F32, Math.min(size, STAGED))) {
            values.copyTo(host.asBuffer());
            for (int at = 0; at < size; at += STAGED) {
                int count = Math.min(STAGED, size - at);
                loader.stream().upload(host.getPointer(at), staged.address(), (long) Float.BYTES * count);
                loader.copy(CudaTensor.span(staged, 0, count), CudaTensor.span(into, first + at, count));
            }
        }
    }

    @Override
    public Kernels open(int threads) {
        Shapes.require(threads > 0, "cuda: %s threads", threads);
        return new CudaKernels(new Execution(memory, precision));
    }
}
