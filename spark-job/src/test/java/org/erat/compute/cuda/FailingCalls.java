package org.erat.compute.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.apache.commons.io.FileUtils;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.erat.compute.Attention.Attended;
import org.erat.compute.FrozenLinear;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.compute.TestShapes;
import org.erat.compute.TestTensors;
import org.erat.config.Precision;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What becomes of calls to NVIDIA's libraries that fail. {@link NvidiaClassesTest} runs this, on stand-ins. */
class FailingCalls {
    private static final String DEVICE = "cuda:0 (stand-in, compute capability 9.0)";

    @BeforeEach
    void nothingFailsAndNothingIsCompiledYet() throws IOException {
        StandIns.load();
        StandIns.heal();
        FileUtils.deleteDirectory(Path.of(System.getProperty("java.io.tmpdir"))
                .resolve("erat-cuda-kernels-" + System.getProperty("user.name"))
                .toFile());
    }

    @AfterEach
    void nothingFailsForOthers() {
        StandIns.heal();
    }

    @Test
    void everyCallIsCheckedAndItsErrorNamesItAndTheDevice() throws IOException {
        everything();
        Set<String> calls = new TreeSet<>(StandIns.called());
        assertThat(calls)
                .contains("cuInit", "cuLaunchKernel", "cuStreamDestroy_v2", "cublasGemmBatchedEx", "cublasDestroy_v2")
                .contains("cublasLtMatmul", "nvrtcGetCUBIN", "nvrtcDestroyProgram", "cuDevicePrimaryCtxRelease_v2");
        // What asks for the log of a compiler that succeeded, or for the room of a device that has some.
        calls.removeAll(Set.of("nvrtcGetProgramLog", "nvrtcGetProgramLogSize", "cuMemGetInfo_v2"));
        for (String call : calls) {
            nothingFailsAndNothingIsCompiledYet();
            StandIns.fail(call, 999);
            String name = call.replaceFirst("_(v2|internal)$", "");
            assertThatExceptionOfType(CudaException.class)
                    .as(call)
                    .isThrownBy(FailingCalls::everything)
                    .withMessageMatching("(?s)" + name + "\\b.* on cuda:0\\b.* failed: .+");
        }
    }

    /** Each kind of call at least once, from finding the device to leaving it. */
    private static void everything() {
        NvidiaDriver driver = new NvidiaDriver(0);
        CudaBackend backend = new CudaBackend(driver, Precision.TF32);
        FrozenLinear map = backend.frozenLinear(
                new FloatBuffer[] {FloatBuffer.allocate(64)}, new FloatBuffer[] {FloatBuffer.allocate(8)}, 8);
        try (Kernels kernels = backend.open(1);
                Tensor qkv = kernels.memory().upload(FloatBuffer.allocate(24), 1, 24);
                Tensor linear = kernels.matrices().linear(qkv.columns(0, 8), map)) {
            Attended attended = kernels.attention().forward(qkv, TestShapes.attention("1:1", 1, 8));
            assertThat(TestTensors.floats(kernels, linear)).containsOnly(0);
            assertThat(TestTensors.floats(kernels, attended.output())).containsOnly(0);
            attended.output().close();
            attended.kept().close();
        }
        driver.close();
    }

    @ParameterizedTest
    @CsvSource({
        "100, 'cuInit on cuda:0 failed: CUDA_ERROR_NO_DEVICE, what it means'",
        "702, 'cuInit on cuda:0 failed: error 702, what it means'",
        "999, 'cuInit on cuda:0 failed: error 999'"
    })
    void aStatusIsNamedAsFarAsTheDriverKnowsIt(int status, String message) {
        StandIns.fail("cuInit", status);
        fails(message, () -> new NvidiaDriver(0));
    }

    @Test
    void aDeviceThatIsNotThere() {
        fails("cuDeviceGet on cuda:3 failed: CUDA_ERROR_INVALID_DEVICE, what it means", () -> new NvidiaDriver(3));
    }

    @Test
    void kernelsThatTheCompilerRefuses() {
        StandIns.fail("nvrtcCompileProgram", 6);
        fails(
                "nvrtcCompileProgram of the kernels for sm_90 on " + DEVICE
                        + " failed: a status of NVRTC\nwhat the compiler says",
                () -> new NvidiaDriver(0));
    }

    @Test
    void aFullDeviceIsNoFailureOfACall() {
        try (Kernels kernels = CudaBackend.on(0, Precision.F32).open(1)) {
            assertThatExceptionOfType(CudaException.class)
                    .isThrownBy(() -> kernels.memory().allocate(1 << 20, 1 << 10))
                    .withMessageStartingWith(DEVICE + " has no room for 4096 MiB more: this task holds 0 MiB")
                    .withMessageContaining(" of 2048 MiB are free. Lower training.batch-size");
        }
    }

    @Test
    void aKernelSaysItsNameAndShape() {
        try (Kernels kernels = CudaBackend.on(0, Precision.F32).open(1);
                Tensor x = kernels.memory().allocate(2, 3)) {
            StandIns.fail("cuLaunchKernel", 700);
            fails(
                    "cuLaunchKernel of fill_f32_1 on [1, 6] (1 blocks of 256 threads) on " + DEVICE
                            + " failed: CUDA_ERROR_ILLEGAL_ADDRESS, what it means",
                    () -> kernels.pointwise().fill(x, 0));
        }
    }

    @Test
    void productsSayTheirShapes() {
        try (Kernels kernels = CudaBackend.on(0, Precision.TF32).open(1);
                Tensor a = kernels.memory().allocate(6, 5);
                Tensor c = kernels.memory().allocate(5, 5);
                Tensor qkv = kernels.memory().allocate(6, 48)) {
            String product = " of [5,5] = [5,6]·[5,6]ᵀ by columns at distances of 5, 5 and 5, F32 to F32";
            String device = " on " + DEVICE + ", in TF32";
            StandIns.fail("cublasLtMatmulAlgoGetHeuristic", -1);
            fails(
                    "cublasLtMatmulAlgoGetHeuristic" + device + " has no algorithm for" + product.substring(3)
                            + " at alignments of 256, 256 and 256 bytes",
                    () -> kernels.matrices().matmul(a, true, a, false, 1, 0, c));
            StandIns.heal();
            StandIns.fail("cublasLtMatmul", 15);
            fails("cublasLtMatmul" + product + device + " failed: not supported", () -> kernels.matrices()
                    .matmul(a, true, a, false, 1, 0, c));
            StandIns.fail("cublasGemmBatchedEx", 13);
            fails(
                    "cublasGemmBatchedEx of 4 products [3,3] = [8,3]ᵀ·[8,3] by columns at distances of 3, 48 and 48,"
                            + " F32 to F32" + device + " failed: a status of cuBLAS",
                    () -> kernels.attention().forward(qkv, TestShapes.attention("2:3,3", 2, 8)));
        }
    }

    /** Of the batch as of the single product: the attribute of one library is not that of the other. */
    @Test
    void bothLibrariesAreAskedForTf32() {
        assertThat(CudaKernelsTest.productsOfOneAndALittle(CudaBackend.on(0, Precision.TF32)))
                .containsOnly(1, 1, 1);
        assertThat(CudaKernelsTest.productsOfOneAndALittle(CudaBackend.on(0, Precision.F32)))
                .containsOnly(1 + CudaKernelsTest.ULP, 1 + CudaKernelsTest.ULP, 1 + CudaKernelsTest.ULP);
    }

    private static void fails(String message, ThrowingCallable call) {
        assertThatExceptionOfType(CudaException.class).isThrownBy(call).withMessage(message);
    }
}
