package org.erat.compute.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.bytedeco.cuda.global.cudart.*;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.bytedeco.cuda.cudart.CUctx_st;
import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.cuda.cudart.CUmod_st;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.erat.compute.memory.MemoryPool;
import org.erat.config.Precision;

/** A GPU through CUDA's driver interface, with the kernels as compiled for it. */
final class NvidiaDriver implements Driver {
    /** Products of bf16 and in TF32 are there from Ampere on. */
    private static final int AMPERE = 80;

    /** What NVIDIA recommends for Hopper; older devices take less of it. */
    private static final long WORKSPACE = 32L << 20;

    private final int number;
    private final String device;
    private final int capability;
    private final CUctx_st context = new CUctx_st();
    private final CUmod_st module = new CUmod_st();
    private final ConcurrentMap<String, CUfunc_st> functions = new ConcurrentHashMap<>();

    /**
     * @param ordinal of the device in this process
     * @throws LinkageError if CUDA's libraries are not there
     * @throws CudaException if the device cannot be used
     */
    NvidiaDriver(int ordinal) {
        String name = "cuda:" + ordinal;
        CudaStatus.check(cuInit(0), "cuInit", "", name);
        int[] value = new int[1];
        CudaStatus.check(cuDeviceGet(value, ordinal), "cuDeviceGet", "", name);
        number = value[0];
        byte[] text = new byte[256];
        CudaStatus.check(cuDeviceGetName(text, text.length, number), "cuDeviceGetName", "", name);
        capability = 10 * attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, name)
                + attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, name);
        device = name + " (" + text(text) + ", compute capability " + capability / 10 + "." + capability % 10 + ")";
        CudaStatus.check(cuDevicePrimaryCtxRetain(context, number), "cuDevicePrimaryCtxRetain", "", device);
        bind();
        KernelCode code = KernelCache.ofThisUser().get(capability, device);
        try (BytePointer image = new BytePointer(code.image())) {
            CudaStatus.check(
                    cuModuleLoadData(module, image), "cuModuleLoadData", "kernels for " + code.target(), device);
        }
    }

    private int attribute(int attribute, String name) {
        int[] value = new int[1];
        CudaStatus.check(cuDeviceGetAttribute(value, attribute, number), "cuDeviceGetAttribute", attribute, name);
        return value[0];
    }

    private static String text(byte[] zeroEnded) {
        int length = 0;
        while (zeroEnded[length] != 0) {
            length++;
        }
        return new String(zeroEnded, 0, length, UTF_8);
    }

    /** Makes this device that of the calling thread: any thread may come, and it costs next to nothing. */
    void bind() {
        CudaStatus.check(cuCtxSetCurrent(context), "cuCtxSetCurrent", "", device);
    }

    /** A kernel by name. */
    CUfunc_st function(String kernel) {
        return functions.computeIfAbsent(kernel, name -> {
            CUfunc_st function = new CUfunc_st();
            CudaStatus.check(cuModuleGetFunction(function, module, name), "cuModuleGetFunction", name, device);
            return function;
        });
    }

    @Override
    public String device() {
        return device;
    }

    @Override
    public boolean multiplies(Precision precision) {
        return precision == Precision.F32 || capability >= AMPERE;
    }

    @Override
    public long allocate(long bytes) {
        bind();
        long[] address = new long[1];
        int status = cuMemAlloc(address, bytes);
        if (status == CUDA_ERROR_OUT_OF_MEMORY) {
            return 0;
        }
        CudaStatus.check(status, "cuMemAlloc", bytes + " bytes", device);
        return address[0];
    }

    @Override
    public void free(long address) {
        bind();
        CudaStatus.check(cuMemFree(address), "cuMemFree", "", device);
    }

    @Override
    public String room() {
        bind();
        try (SizeTPointer free = new SizeTPointer(1);
                SizeTPointer total = new SizeTPointer(1)) {
            CudaStatus.check(cuMemGetInfo(free, total), "cuMemGetInfo", "", device);
            return MemoryPool.mebibytes(free.get()) + " of " + MemoryPool.mebibytes(total.get()) + " MiB are free";
        }
    }

    @Override
    public long workspaceBytes() {
        return WORKSPACE;
    }

    @Override
    public Stream open(boolean tf32) {
        return new NvidiaStream(this, tf32);
    }

    @Override
    public void close() {
        bind();
        CudaStatus.check(cuModuleUnload(module), "cuModuleUnload", "", device);
        CudaStatus.check(cuDevicePrimaryCtxRelease(number), "cuDevicePrimaryCtxRelease", "", device);
    }
}
