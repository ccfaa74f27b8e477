package org.erat.compute.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.erat.compute.memory.Block;
import org.erat.compute.memory.MemoryPool;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DeviceMemoryTest {
    private static final long MIB = 1 << 20;

    private EmulatedDriver driver;
    private DeviceMemory memory;
    private MemoryPool pool;

    @BeforeEach
    void open() {
        assumeTrue(Emulator.obstacle().isEmpty(), Emulator::obstacle);
        driver = new EmulatedDriver(64 * MIB);
        memory = new DeviceMemory(driver);
        pool = memory.idle().take();
    }

    @AfterEach
    void close() {
        if (pool != null) {
            pool.close();
            assertThat(driver.used()).isZero();
        }
    }

    @Test
    void smallSizesAreRoundedLittleAndLargeOnesToMebibytes() {
        assertThat(memory.roundUp(0)).isEqualTo(512);
        assertThat(memory.roundUp(513)).isEqualTo(1024);
        assertThat(memory.roundUp(MIB + 1)).isEqualTo(2 * MIB);
    }

    @Test
    void thePeakIsWhatWasHeldAtOnce() {
        memory.freeFrozen(memory.allocateFrozen(8 * MIB));
        Block frozen = memory.allocateFrozen(2 * MIB);
        Block first = pool.take(3 * MIB);
        assertThat(memory.peakBytes()).isEqualTo(8 * MIB);
        pool.take(4 * MIB);
        pool.release(first);
        pool.take(3 * MIB);
        assertThat(memory.peakBytes()).isEqualTo(9 * MIB);
        memory.freeFrozen(frozen);
    }

    @Test
    void idlePoolsAreFreedBeforeADeviceIsFull() {
        MemoryPool resting = memory.idle().take();
        resting.release(resting.take(50 * MIB));
        memory.idle().release(resting);
        assertThat(pool.take(60 * MIB).bytes()).isEqualTo(60 * MIB);
    }

    @Test
    void aFullDeviceSaysWhoHoldsWhatAndWhatToLower() {
        memory.allocateFrozen(20 * MIB);
        pool.take(30 * MIB);
        pool.release(pool.take(5 * MIB));
        assertThatExceptionOfType(CudaException.class)
                .isThrownBy(() -> pool.take(20 * MIB))
                .withMessage("cuda:0 (emulated) has no room for 20 MiB more: this task holds 30 MiB, 30 of them in use;"
                        + " frozen weights hold 20 MiB; 14 of 64 MiB are free. Lower training.batch-size or the data's"
                        + " length in tokens, set compute.activations=recomputed or compute.precision=bf16, or keep"
                        + " other processes off this GPU.");
        driver.close();
        pool = null;
    }
}
