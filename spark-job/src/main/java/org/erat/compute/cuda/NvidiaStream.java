package org.erat.compute.cuda;

import static org.bytedeco.cuda.global.cudart.*;

import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/** A stream of a GPU. What a kernel does wrong shows at a later call: {@code CUDA_LAUNCH_BLOCKING=1} shows it at its own. */
final class NvidiaStream implements Stream {
    private final NvidiaDriver driver;
    private final CUstream_st stream = new CUstream_st();
    private final Cublas cublas;

    NvidiaStream(NvidiaDriver driver, boolean tf32) {
        this.driver = driver;
        driver.bind();
        check(cuStreamCreate(stream, CU_STREAM_NON_BLOCKING), "cuStreamCreate", "");
        cublas = new Cublas(stream, tf32, driver.device(), driver.workspaceBytes());
    }

    private void check(int status, String call, Object about) {
        CudaStatus.check(status, call, about, driver.device());
    }

    /** CUDA has copied from memory like a JVM's by the time that this returns, if not yet to its destination. */
    @Override
    public void upload(Pointer from, long to, long bytes) {
        driver.bind();
        check(cuMemcpyHtoDAsync(to, from, bytes, stream), "cuMemcpyHtoDAsync", new Bytes(bytes));
    }

    @Override
    public void download(long from, Pointer to, long bytes) {
        driver.bind();
        check(cuMemcpyDtoHAsync(to, from, bytes, stream), "cuMemcpyDtoHAsync", new Bytes(bytes));
        check(cuStreamSynchronize(stream), "cuStreamSynchronize", "what was given to the stream before a download");
    }

    /** For messages. */
    private record Bytes(long bytes) {
        @Override
        public String toString() {
            return bytes + " bytes";
        }
    }

    @Override
    public void launch(Launch launch) {
        driver.bind();
        check(
                cuLaunchKernel(
                        driver.function(launch.kernel()),
                        launch.blocks(),
                        1,
                        1,
                        launch.threads(),
                        1,
                        1,
                        0,
                        stream,
                        launch.parameters(),
                        (PointerPointer<?>) null),
                "cuLaunchKernel",
                launch);
    }

    @Override
    public void gemm(Gemm gemm, long a, long b, long c, long bias, long auxiliary, long workspace) {
        driver.bind();
        cublas.gemm(gemm, a, b, c, bias, auxiliary, workspace);
    }

    @Override
    public void batchedGemm(Gemm gemm, int count, long a, long b, long c, long workspace) {
        driver.bind();
        cublas.batchedGemm(gemm, count, a, b, c, workspace);
    }

    @Override
    public void await() {
        driver.bind();
        check(cuStreamSynchronize(stream), "cuStreamSynchronize", "all that was given to the stream");
    }

    @Override
    public void close() {
        driver.bind();
        cublas.close();
        check(cuStreamDestroy(stream), "cuStreamDestroy", "");
    }
}
