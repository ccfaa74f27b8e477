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
        assertThat(pool.take(200).address()).isEqualTo(large.address());
        assertThat(pool.allocations()).isEqualTo(2);
    }

    /** 4096 bytes as 256, 1024 and 2816, and again as one. */
    @Test
    void aBlockIsCutToWhatIsWantedAndBecomesOneAgain() {
        pool.release(pool.take(4096));
        Block first = pool.take(256);
        Block second = pool.take(1024);
        Block third = pool.take(2816);
        assertThat(second.address()).isEqualTo(first.address() + 256);
        assertThat(third.address()).isEqualTo(second.address() + 1024);
        assertThat(third.bytes()).isEqualTo(2816);
        pool.release(second);
        second = pool.take(1024);
        assertThat(second.address()).isEqualTo(first.address() + 256);
        pool.release(first);
        pool.release(third);
        pool.release(second);
        assertThat(pool.take(4096).address()).isEqualTo(first.address());
        assertThat(pool.allocations()).isEqualTo(1);
    }

    /** A small tensor that is kept does not hold the memory of the large one before it. */
    @Test
    void whatIsKeptOfManyBlocksTakesNoMoreThanItsOwnSize() {
        for (int i = 0; i < 10; i++) {
            Block working = pool.take(4096);
            pool.release(working);
            pool.take(1024);
        }
        assertThat(pool.heldBytes()).isLessThanOrEqualTo(10 * 1024 + 2 * 4096);
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
