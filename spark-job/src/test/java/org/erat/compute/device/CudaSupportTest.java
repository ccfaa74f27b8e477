package org.erat.compute.device;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CudaSupportTest {
    @ParameterizedTest
    @ValueSource(strings = {"3.7", "5.2", "6.0", "7.0", "7.5", "8.0", "8.6", "8.9"})
    void runsWhereThereIsMachineCode(String capability) {
        assertThat(CudaSupport.obstacle(true, all("0, GPU-a, " + capability + ", Card")))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"3.0", "3.5", "9.0", "10.0", "12.0"})
    void namesTheGpuThatNd4jCannotRunOn(String capability) {
        assertThat(CudaSupport.obstacle(true, all("0, GPU-a, 8.0, A100\n1, GPU-b, " + capability + ", Card")))
                .hasValue("Card, compute capability " + capability
                        + " is outside of 3.7 to 8.9, which nd4j-cuda-11.6 runs on");
    }

    @Test
    void aGpuThatIsNotVisibleIsNoObstacle() {
        InstalledGpus mixed = InstalledGpus.parse("0, GPU-a, 8.0, A100\n1, GPU-b, 9.0, H100");
        assertThat(CudaSupport.obstacle(true, VisibleGpus.of("0", mixed))).isEmpty();
        assertThat(CudaSupport.obstacle(true, VisibleGpus.of("", mixed)))
                .hasValue("no GPU is visible (CUDA_VISIBLE_DEVICES)");
    }

    @Test
    void aJobWithoutCudaSaysSo() {
        assertThat(CudaSupport.obstacle(false, all("0, GPU-a, 8.0, A100")))
                .hasValue("the job was built without CUDA (see profile cuda-11.6)");
    }

    @Test
    void anAnswerThatIsNoListOfGpusIsAnObstacle() {
        assertThat(CudaSupport.obstacle(true, all("Field \"compute_cap\" is not a valid field to query.")))
                .hasValueSatisfying(reason -> assertThat(reason).contains("compute_cap"));
        assertThat(CudaSupport.obstacle(true, all("0, GPU-a, [N/A], Old card")))
                .hasValueSatisfying(reason -> assertThat(reason).contains("[N/A]"));
        assertThat(CudaSupport.obstacle(true, all("\n"))).hasValue("nvidia-smi lists no GPU");
    }

    @Test
    void theDriverLeavesGpusToExecutors() {
        assertThat(CudaSupport.obstacle()).hasValue("only executors use GPUs, not the driver");
    }

    private static VisibleGpus all(String csv) {
        return VisibleGpus.of(null, InstalledGpus.parse(csv));
    }
}
