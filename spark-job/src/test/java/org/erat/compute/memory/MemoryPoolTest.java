package org.erat.compute.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MemoryPoolTest {
    private final CountedMemory memory = new CountedMemory();
    private final MemoryPool pool = new MemoryPool(memory);

    @AfterEach
    void close() {
        pool.close();
        assertThat(pool.heldBytes()).isZero();
        assertThat(memory.bytes()).isZero();
    }

    @Test
    void theBestFittingFreeBlockIsReused() {
        Block large = pool.take(4096);
        Block small = pool.take(256);
        pool.release(large);
        pool.release(small);
        assertThat(pool.take(200)).isSameAs(small);
        assertThat(pool.take(200)).isSameAs(large);
        assertThat(pool.allocations()).isEqualTo(2);
    }

    /** Largest first, until as much is freed as is then allocated. */
    @Test
    void blocksThatAreTooSmallAreFreedBeforeALargerOneIsAllocated() {
        Block used = pool.take(640);
        Block[] blocks = {pool.take(64), pool.take(128), pool.take(192), pool.take(256)};
        for (Block block : blocks) {
            pool.release(block);
        }
        Block large = pool.take(384);
        assertThat(memory.bytes()).isEqualTo(640 + 64 + 128 + 384);
        assertThat(pool.heldBytes()).isEqualTo(memory.bytes());
        assertThat(pool.take(100)).isSameAs(blocks[1]);
        assertThat(pool.take(100)).isNotIn(used, large);
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
        Deque<Block> live = new ArrayDeque<>();
        for (int i = 0; i < 12; i++) {
            live.add(pool.take(rows * (i % 3 == 0 ? 1024L : 256L)));
            if (live.size() > 3) {
                pool.release(live.remove());
            }
        }
        live.forEach(pool::release);
    }
}
