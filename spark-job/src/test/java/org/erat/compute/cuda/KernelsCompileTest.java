package org.erat.compute.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** NVIDIA's compilers take the kernels for every architecture, without a warning. */
class KernelsCompileTest {
    private static final Nvrtc COMPILER = new Nvrtc("cuda:0");
    private static final int[] ARCHITECTURES = {75, 80, 86, 89, 90, 100, 120};

    @TempDir
    private Path folder;

    /** All of them by one command, without optimization: what is refused does not depend on it. */
    @Test
    void nvccCompilesThem() throws IOException {
        assumeTrue(Emulator.run(List.of("nvcc", "--version")) != null, "there is no nvcc");
        Path sources = Emulator.sources();
        Path program = Files.writeString(sources.resolve("kernels.cu"), KernelSources.program());
        Path images = folder.resolve("kernels.fatbin");
        List<String> command = new ArrayList<>(List.of(
                "nvcc",
                "-fatbin",
                "--threads",
                String.valueOf(Runtime.getRuntime().availableProcessors()),
                "-std=c++17",
                "--Werror=all-warnings",
                "--device-debug",
                "-o",
                images.toString(),
                program.toString()));
        for (int architecture : ARCHITECTURES) {
            command.add("-gencode=arch=compute_" + architecture + ",code=sm_" + architecture);
        }
        Emulator.run(command);
        assertThat(images).isNotEmptyFile();
    }

    @ParameterizedTest
    @FieldSource("ARCHITECTURES")
    void nvrtcCompilesThem(int architecture) {
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
        assertThat(COMPILER.target(90, ARCHITECTURES)).isEqualTo("sm_90");
        assertThat(COMPILER.target(130, ARCHITECTURES)).isEqualTo("compute_120");
        assertThat(COMPILER.target(87, ARCHITECTURES)).isEqualTo("compute_86");
        assertThatExceptionOfType(CudaException.class)
                .isThrownBy(() -> COMPILER.target(70, ARCHITECTURES))
                .withMessage("NVRTC does not compile for compute capability 7.0 of cuda:0, only for 7.5 and newer");
    }
}
