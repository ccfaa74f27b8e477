package org.erat.compute.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** NVIDIA's compilers take the kernels for every architecture, without a warning. */
class KernelsCompileTest {
    private static final Nvrtc COMPILER = new Nvrtc("cuda:0");

    @TempDir
    private Path folder;

    /** Each of them at the least optimisation: what is refused does not depend on it, and it takes a third of the time. */
    @ParameterizedTest
    @ValueSource(strings = {"75", "80", "86", "89", "90", "100", "120"})
    void nvccCompilesThem(String architecture) throws IOException {
        assumeTrue(Emulator.run(List.of("nvcc", "--version")) != null, "there is no nvcc");
        Path sources = Emulator.sources();
        Path program = Files.writeString(sources.resolve("kernels.cu"), KernelSources.program());
        Path image = folder.resolve("kernels.cubin");
        Emulator.run(List.of(
                "nvcc",
                "-cubin",
                "-arch=sm_" + architecture,
                "-std=c++17",
                "--Werror=all-warnings",
                "-Xptxas=-O0",
                "-o",
                image.toString(),
                program.toString()));
        assertThat(image).isNotEmptyFile();
    }

    @ParameterizedTest
    @ValueSource(strings = {"75", "80", "86", "89", "90", "100", "120"})
    void nvrtcCompilesThem(String architecture) {
        assumeNvrtc();
        KernelCode code = COMPILER.compile("sm_" + architecture);
        assertThat(new String(code.image(), 1, 3, UTF_8)).isEqualTo("ELF");
    }

    @Test
    void nvrtcSaysWhatItRefuses() {
        assumeNvrtc();
        assertThatExceptionOfType(CudaException.class)
                .isThrownBy(() -> COMPILER.compile("sm_1"))
                .withMessageContaining("nvrtcCompileProgram of the kernels for sm_1 on cuda:0 failed")
                .withMessageContaining("--gpu-architecture");
    }

    private static void assumeNvrtc() {
        try {
            assertThat(COMPILER.version()).startsWith("13.");
        } catch (LinkageError e) {
            assumeTrue(false, "there is no NVRTC: " + e.getMessage());
        }
    }

    @Test
    void aDeviceThatIsNewerThanTheCompilerIsLeftToTheDriver() {
        int[] known = {75, 80, 86, 89, 90, 100, 120};
        assertThat(COMPILER.target(90, known)).isEqualTo("sm_90");
        assertThat(COMPILER.target(130, known)).isEqualTo("compute_120");
        assertThat(COMPILER.target(87, known)).isEqualTo("compute_86");
        assertThatExceptionOfType(CudaException.class)
                .isThrownBy(() -> COMPILER.target(70, known))
                .withMessage("NVRTC does not compile for compute capability 7.0 of cuda:0, only for 7.5 and newer");
    }
}
