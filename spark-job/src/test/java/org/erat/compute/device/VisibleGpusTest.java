package org.erat.compute.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.erat.data.UsageException;
import org.junit.jupiter.api.Test;

/** How CUDA numbers devices is in NVIDIA's CUDA C++ Programming Guide, "CUDA Environment Variables". */
class VisibleGpusTest {
    private static final InstalledGpus FOUR = InstalledGpus.parse(
            """
            0, GPU-aa11, 7.0, Tesla V100-SXM2-16GB
            1, GPU-bb22, 7.0, Tesla V100-SXM2-16GB
            2, GPU-cc33, 8.0, NVIDIA A100-SXM4-40GB
            3, GPU-cc44, 9.0, NVIDIA H100 80GB HBM3
            """);

    private static final InstalledGpus UNKNOWN = InstalledGpus.parse("");

    @Test
    void anAddressIsTheNumberWhereAllGpusAreVisible() {
        assertThat(VisibleGpus.of(null, FOUR).ordinalOf("3")).isEqualTo(3);
        assertThat(VisibleGpus.of(null, FOUR).ordinalOf("GPU-bb22")).isEqualTo(1);
        assertThat(VisibleGpus.of(null, UNKNOWN).ordinalOf("3")).isEqualTo(3);
    }

    @Test
    void visibleDevicesAreCountedInTheirOwnOrder() {
        assertThat(VisibleGpus.of("2,3", FOUR).ordinalOf("3")).isEqualTo(1);
        assertThat(VisibleGpus.of("2,3", UNKNOWN).ordinalOf("3")).isEqualTo(1);
        assertThat(VisibleGpus.of("3, 0", FOUR).ordinalOf("0")).isEqualTo(1);
    }

    @Test
    void numbersAndUuidsNameTheSameGpu() {
        assertThat(VisibleGpus.of("GPU-cc44,GPU-aa", FOUR).ordinalOf("0")).isEqualTo(1);
        assertThat(VisibleGpus.of("2,3", FOUR).ordinalOf("GPU-cc44")).isEqualTo(1);
    }

    @Test
    void onlyVisibleGpusCount() {
        assertThat(VisibleGpus.of("2,3", FOUR).gpus())
                .extracting(gpu -> gpu.capability().toString())
                .containsExactly("8.0", "9.0");
        assertThat(VisibleGpus.of("", FOUR).gpus()).isEmpty();
        assertThat(VisibleGpus.of("1,-1,2", FOUR).gpus()).hasSize(1);
        assertThat(VisibleGpus.of(null, FOUR).gpus()).hasSize(4);
    }

    @Test
    void refusesAnAddressThatIsNotVisible() {
        assertThatExceptionOfType(UsageException.class)
                .isThrownBy(() -> VisibleGpus.of("2,3", FOUR).ordinalOf("1"))
                .withMessage(
                        "Spark has assigned GPU 1 to a task, but this executor sees only 2,3 (CUDA_VISIBLE_DEVICES)."
                                + " Let the discovery script list what executors see, as conf/discover-gpus does.");
        assertThatExceptionOfType(UsageException.class)
                .isThrownBy(() -> VisibleGpus.of("1,-1,2", FOUR).ordinalOf("2"))
                .withMessageContaining("sees only 1 ");
        assertThatExceptionOfType(UsageException.class)
                .isThrownBy(() -> VisibleGpus.of(null, FOUR).ordinalOf("4"))
                .withMessageContaining("sees only 0,1,2,3.");
        assertThatExceptionOfType(UsageException.class)
                .isThrownBy(() -> VisibleGpus.of("", FOUR).ordinalOf("0"))
                .withMessageContaining("sees only none");
    }
}
