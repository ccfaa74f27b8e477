package org.erat.compute.cuda;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Memory of a device that is reused by one stream: a block that is given back serves the next request that it is large
 * enough for, at once, since whatever still uses it comes earlier in the stream. Once the largest batch was seen nothing
 * is allocated any more.
 */
final class DevicePool {
    private static final long SMALL = 512;
    private static final long LARGE = 1 << 20;

    /** A piece of device memory. */
    record Block(long address, long bytes) {}

    private final DeviceMemory memory;
    private final Set<Block> held = new HashSet<>();
    private final TreeMap<Long, Deque<Block>> free = new TreeMap<>();
    private long heldBytes;
    private long usedBytes;
    private long allocations;

    DevicePool(DeviceMemory memory) {
        this.memory = memory;
    }

    /**
     * At least {@code bytes} of undefined content: the smallest free block that is large enough. Where none is, blocks
     * that are too small are freed, the largest ones ahead, until as much is freed as is then allocated: ever larger
     * batches replace blocks and do not pile them up.
     */
    Block take(long bytes) {
        long wanted = roundUp(bytes);
        Map.Entry<Long, Deque<Block>> fitting = free.ceilingEntry(wanted);
        Block block = fitting == null ? allocate(wanted) : removeFree(fitting);
        usedBytes += block.bytes();
        return block;
    }

    void giveBack(Block block) {
        usedBytes -= block.bytes();
        free.computeIfAbsent(block.bytes(), size -> new ArrayDeque<>()).push(block);
    }

    private Block removeFree(Map.Entry<Long, Deque<Block>> entry) {
        Block block = entry.getValue().pop();
        if (entry.getValue().isEmpty()) {
            free.remove(entry.getKey());
        }
        return block;
    }

    private Block allocate(long wanted) {
        long freed = 0;
        while (!free.isEmpty() && freed < wanted) {
            Block largest = removeFree(free.lastEntry());
            freed += largest.bytes();
            release(largest);
        }
        Block block = new Block(memory.allocate(wanted, holdings()), wanted);
        allocations++;
        held.add(block);
        heldBytes += wanted;
        return block;
    }

    private String holdings() {
        return "this task holds " + DeviceMemory.mebibytes(heldBytes) + " MiB, " + DeviceMemory.mebibytes(usedBytes)
                + " of them in use";
    }

    private void release(Block block) {
        held.remove(block);
        heldBytes -= block.bytes();
        memory.free(block.address(), block.bytes());
    }

    /** Small sizes in steps of what addresses are aligned to, large ones in steps in which a device hands memory out. */
    static long roundUp(long bytes) {
        long step = bytes < LARGE ? SMALL : LARGE;
        return Math.max(step, (bytes + step - 1) / step * step);
    }

    /** Bytes held, in use and free. */
    long heldBytes() {
        return heldBytes;
    }

    /** How often memory was requested from the device. */
    long allocations() {
        return allocations;
    }

    /** Frees every block, given back or not. */
    void close() {
        List<Block> all = new ArrayList<>(held);
        all.forEach(this::release);
        free.clear();
        usedBytes = 0;
    }
}
