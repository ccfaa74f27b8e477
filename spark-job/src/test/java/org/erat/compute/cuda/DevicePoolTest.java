package org.erat.compute.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DevicePoolTest {
    private static final long MIB = 1 << 20;

    private EmulatedDriver driver;
    private DeviceMemory memory;
    private DevicePool pool;

    @BeforeEach
    void open() {
        assumeTrue(Emulator.obstacle().isEmpty(), Emulator::obstacle);
        driver = new EmulatedDriver(64 * MIB);
        memory = new DeviceMemory(driver);
        pool = memory.takePool();
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
        assertThat(DevicePool.roundUp(0)).isEqualTo(512);
        assertThat(DevicePool.roundUp(513)).isEqualTo(1024);
        assertThat(DevicePool.roundUp(MIB + 1)).isEqualTo(2 * MIB);
    }

    @Test
    void theBestFittingFreeBlockIsReused() {
        DevicePool.Block large = pool.take(4096);
        DevicePool.Block small = pool.take(512);
        pool.giveBack(large);
        pool.giveBack(small);
        assertThat(pool.take(200)).isEqualTo(small);
        assertThat(pool.take(200)).isEqualTo(large);
        assertThat(pool.allocations()).isEqualTo(2);
    }

    /** One step holds four tensors at a time; whatever the order of batches, no more than the largest step's is held. */
    @Test
    void batchesOfGrowingSizeReplaceBlocksAndDoNotPileUp() {
        for (int rows = 1; rows <= 100; rows++) {
            step(rows);
        }
        long allocations = pool.allocations();
        assertThat(pool.heldBytes()).isLessThanOrEqualTo(2 * 4 * 100 * 1024L);
        for (int rows : new int[] {100, 1, 37, 64, 99, 100}) {
            step(rows);
        }
        assertThat(pool.allocations()).isEqualTo(allocations);
    }

    private void step(int rows) {
        Deque<DevicePool.Block> live = new ArrayDeque<>();
        for (int i = 0; i < 12; i++) {
            live.add(pool.take(rows * (i % 3 == 0 ? 1024L : 256L)));
            if (live.size() > 3) {
                pool.giveBack(live.remove());
            }
        }
        live.forEach(pool::giveBack);
    }

    @Test
    void thePeakIsWhatWasHeldAtOnce() {
        memory.freeFrozen(memory.allocateFrozen(8 * MIB), 8 * MIB);
        memory.allocateFrozen(2 * MIB);
        DevicePool.Block first = pool.take(3 * MIB);
        assertThat(memory.peakBytes()).isEqualTo(8 * MIB);
        pool.take(4 * MIB);
        pool.giveBack(first);
        pool.take(3 * MIB);
        assertThat(memory.peakBytes()).isEqualTo(9 * MIB);
        driver.close();
        pool = null;
    }

    @Test
    void memoryOfTasksAtRestIsGivenUpBeforeADeviceIsFull() {
        DevicePool resting = memory.takePool();
        resting.giveBack(resting.take(50 * MIB));
        memory.giveBack(resting);
        assertThat(pool.take(60 * MIB).bytes()).isEqualTo(60 * MIB);
    }

    @Test
    void aFullDeviceSaysWhoHoldsWhatAndWhatToLower() {
        memory.allocateFrozen(20 * MIB);
        pool.take(30 * MIB);
        pool.giveBack(pool.take(5 * MIB));
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
