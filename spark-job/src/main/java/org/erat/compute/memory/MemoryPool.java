package org.erat.compute.memory;

import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/**
 * Memory that is reused: a block that is released serves the next request that it is large enough for.
 *
 * <p>Batches differ in shape, and a tensor of a smaller batch fits into the block of a larger one. So a request gets the
 * smallest free block that is large enough, however much larger it is. Where none is, blocks that are too small are freed
 * first, the largest ones ahead, until as much is freed as is then allocated: a run of ever larger batches replaces blocks
 * and does not pile them up. Once the largest batch was seen nothing is allocated any more.
 *
 * <p>On a device the pool serves one stream: a released block may be used again at once, since whatever still uses it comes
 * earlier in the stream. Confined to one thread at a time.
 */
public final class MemoryPool {
    private static final long MEBIBYTE = 1 << 20;

    private final Allocator allocator;
    private final Set<Block> held = Collections.newSetFromMap(new IdentityHashMap<>());

    /** Ordered by size. */
    private Block[] free = new Block[64];

    private int freeCount;
    private long heldBytes;
    private long usedBytes;
    private long allocations;

    public MemoryPool(Allocator allocator) {
        this.allocator = allocator;
    }

    /** At least {@code bytes} of undefined content. */
    public Block take(long bytes) {
        long wanted = allocator.roundUp(bytes);
        int at = firstOfSize(wanted);
        Block block = at == freeCount ? allocate(wanted) : removeFree(at);
        usedBytes += block.bytes();
        return block;
    }

    /** Makes a block of {@link #take} free for the next request. */
    public void release(Block block) {
        usedBytes -= block.bytes();
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

    private Block removeFree(int at) {
        Block block = free[at];
        freeCount--;
        System.arraycopy(free, at + 1, free, at, freeCount - at);
        free[freeCount] = null;
        return block;
    }

    private Block allocate(long wanted) {
        long freed = 0;
        while (freeCount > 0 && freed < wanted) {
            Block largest = removeFree(freeCount - 1);
            freed += largest.bytes();
            held.remove(largest);
            heldBytes -= largest.bytes();
            allocator.free(largest);
        }
        Block block = allocator.allocate(wanted, this::holdings);
        allocations++;
        held.add(block);
        heldBytes += block.bytes();
        return block;
    }

    private String holdings() {
        return "this task holds " + mebibytes(heldBytes) + " MiB, " + mebibytes(usedBytes) + " of them in use";
    }

    /** {@code bytes} in MiB, rounded up, for messages. */
    public static long mebibytes(long bytes) {
        return (bytes + MEBIBYTE - 1) / MEBIBYTE;
    }

    /** Bytes held, in use and free. */
    public long heldBytes() {
        return heldBytes;
    }

    /** How often memory was requested from the allocator. */
    public long allocations() {
        return allocations;
    }

    /** Frees every block, released or not. */
    public void close() {
        held.forEach(allocator::free);
        held.clear();
        Arrays.fill(free, 0, freeCount, null);
        freeCount = 0;
        heldBytes = 0;
        usedBytes = 0;
    }
}
