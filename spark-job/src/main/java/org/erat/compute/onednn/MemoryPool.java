package org.erat.compute.onednn;

import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/**
 * Off-heap memory that is reused: a block that is given back serves the next request that it is large enough for.
 *
 * <p>Batches differ in shape, and the same tensor of a smaller batch fits into the block of a larger one; so the best
 * fitting block is taken, however much larger it is. Where none fits, blocks that are too small are freed first, the
 * largest ones ahead, until as much is freed as is then allocated: a run of ever larger batches replaces blocks and does
 * not pile them up. Once the largest batch was seen nothing is allocated any more.
 */
final class MemoryPool {
    private final Set<Block> held = Collections.newSetFromMap(new IdentityHashMap<>());

    /** Ordered by size. */
    private Block[] free = new Block[64];

    private int freeCount;
    private long allocatedBytes;
    private long allocations;

    /** At least {@code bytes} of undefined content. */
    Block take(long bytes) {
        long wanted = Block.roundUp(bytes);
        int at = firstOfSize(wanted);
        if (at == freeCount) {
            freeTooSmall(wanted);
            Block block = Block.allocate(wanted);
            held.add(block);
            allocatedBytes += block.bytes();
            allocations++;
            return block;
        }
        Block block = free[at];
        freeCount--;
        System.arraycopy(free, at + 1, free, at, freeCount - at);
        free[freeCount] = null;
        return block;
    }

    void giveBack(Block block) {
        if (freeCount == free.length) {
            free = Arrays.copyOf(free, 2 * freeCount);
        }
        int at = firstOfSize(block.bytes());
        System.arraycopy(free, at, free, at + 1, freeCount - at);
        free[at] = block;
        freeCount++;
    }

    private int firstOfSize(long bytes) {
        int low = 0;
        int high = freeCount;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (free[middle].bytes() < bytes) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private void freeTooSmall(long wanted) {
        long freed = 0;
        while (freeCount > 0 && freed < wanted) {
            Block largest = free[--freeCount];
            free[freeCount] = null;
            held.remove(largest);
            freed += largest.bytes();
            allocatedBytes -= largest.bytes();
            largest.free();
        }
    }

    /** Bytes held, in use and free. */
    long allocatedBytes() {
        return allocatedBytes;
    }

    /** How often memory was requested from the system. */
    long allocations() {
        return allocations;
    }

    /** Frees every block, given back or not. */
    void close() {
        held.forEach(Block::free);
        held.clear();
        freeCount = 0;
        allocatedBytes = 0;
    }
}
