package org.erat.compute.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MemoryPoolTest {
    private final MemoryPool pool = new MemoryPool();

    @AfterEach
    void close() {
        pool.close();
        assertThat(pool.allocatedBytes()).isZero();
    }

    @Test
    void blocksAreAlignedToCacheLines() {
        for (long bytes : new long[] {1, 63, 64, 65, 100_000}) {
            Block block = pool.take(bytes);
            assertThat(block.address() % 64).isZero();
            assertThat(block.bytes()).isBetween(bytes, bytes + 63);
        }
    }

    @Test
    void theBestFittingFreeBlockIsReused() {
        Block large = pool.take(4096);
        Block small = pool.take(256);
        pool.giveBack(large);
        pool.giveBack(small);
        assertThat(pool.take(200)).isSameAs(small);
        assertThat(pool.take(200)).isSameAs(large);
        assertThat(pool.allocations()).isEqualTo(2);
    }

    /** One step holds four tensors at a time; whatever the order of batches, no more than the largest step's is held. */
    @Test
    void batchesOfGrowingSizeReplaceBlocksAndDoNotPileUp() {
        for (int rows = 1; rows <= 100; rows++) {
            step(rows);
        }
        long allocations = pool.allocations();
        assertThat(pool.allocatedBytes()).isLessThanOrEqualTo(2 * 4 * 100 * 1024L);
        for (int rows : new int[] {100, 1, 37, 64, 99, 100}) {
            step(rows);
        }
        assertThat(pool.allocations()).isEqualTo(allocations);
    }

    private void step(int rows) {
        Deque<Block> live = new ArrayDeque<>();
        for (int i = 0; i < 12; i++) {
            live.add(pool.take(rows * (i % 3 == 0 ? 1024L : 256L)));
            if (live.size() > 3) {
                pool.giveBack(live.remove());
            }
        }
        live.forEach(pool::giveBack);
    }
}
