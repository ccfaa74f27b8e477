package org.erat.compute.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CudaSupportTest {
    private static final Optional<GpuLibrary> ND4J = Optional.of(GpuLibrary.ND4J);
    private static final Optional<GpuLibrary> KERNELS = Optional.of(GpuLibrary.KERNELS);

    @ParameterizedTest
    @ValueSource(strings = {"7.5", "8.0", "8.6", "8.9", "9.0", "10.0", "12.0", "12.1", "13.0"})
    void theKernelsAreCompiledForWhatIsThere(String capability) {
        assertThat(CudaSupport.obstacle(KERNELS, all("0, GPU-a, " + capability + ", Card")))
                .isEmpty();
    }

    @Test
    void theKernelsAreNotForWhatNvrtcNoLongerKnows() {
        assertThat(CudaSupport.obstacle(KERNELS, all("0, GPU-a, 9.0, H100\n1, GPU-b, 7.0, V100")))
                .hasValue("V100, compute capability 7.0 is below 7.5, the lowest that CUDA 13 runs on");
    }

    @ParameterizedTest
    @ValueSource(strings = {"3.7", "5.2", "6.0", "7.0", "7.5", "8.0", "8.6", "8.9"})
    void runsWhereThereIsMachineCode(String capability) {
        assertThat(CudaSupport.obstacle(ND4J, all("0, GPU-a, " + capability + ", Card")))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"3.0", "3.5", "9.0", "10.0", "12.0"})
    void namesTheGpuThatNd4jCannotRunOn(String capability) {
        assertThat(CudaSupport.obstacle(ND4J, all("0, GPU-a, 8.0, A100\n1, GPU-b, " + capability + ", Card")))
                .hasValue("Card, compute capability " + capability
                        + " is outside of 3.7 to 8.9, which nd4j-cuda-11.6 runs on");
    }

    @Test
    void aGpuThatIsNotVisibleIsNoObstacle() {
        InstalledGpus mixed = InstalledGpus.parse("0, GPU-a, 8.0, A100\n1, GPU-b, 9.0, H100");
        assertThat(CudaSupport.obstacle(ND4J, VisibleGpus.of("0", mixed))).isEmpty();
        assertThat(CudaSupport.obstacle(ND4J, VisibleGpus.of("", mixed)))
                .hasValue("no GPU is visible (CUDA_VISIBLE_DEVICES)");
    }

    @Test
    void aJobWithoutCudaSaysSo() {
        assertThat(CudaSupport.obstacle(Optional.empty(), all("0, GPU-a, 8.0, A100")))
                .hasValue("the job was built without CUDA (see profiles cuda and cuda-11.6)");
    }

    @Test
    void anAnswerThatIsNoListOfGpusIsAnObstacle() {
        assertThat(CudaSupport.obstacle(ND4J, all("Field \"compute_cap\" is not a valid field to query.")))
                .hasValueSatisfying(reason -> assertThat(reason).contains("compute_cap"));
        assertThat(CudaSupport.obstacle(ND4J, all("0, GPU-a, [N/A], Old card")))
                .hasValueSatisfying(reason -> assertThat(reason).contains("[N/A]"));
        assertThat(CudaSupport.obstacle(ND4J, all("\n"))).hasValue("nvidia-smi lists no GPU");
    }

    @Test
    void theDriverLeavesGpusToExecutors() {
        assertThat(CudaSupport.obstacle()).hasValue("only executors use GPUs, not the driver");
    }

    private static VisibleGpus all(String csv) {
        return VisibleGpus.of(null, InstalledGpus.parse(csv));
    }
}
