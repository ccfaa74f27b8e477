package org.erat.compute.memory;

import java.util.HashSet;
import java.util.Set;
import java.util.function.Supplier;

/** Memory of addresses only, in steps of 64 bytes, that knows which blocks are allocated. */
final class CountedMemory implements Allocator {
    private static final long STEP = 64;

    private final Set<Block> allocated = new HashSet<>();
    private long next = STEP;

    private static final class CountedBlock extends Block {
        CountedBlock(long address, long bytes) {
            super(address, bytes);
        }
    }

    /** Bytes of the blocks that are not freed. */
    long bytes() {
        return allocated.stream().mapToLong(Block::bytes).sum();
    }

    @Override
    public long roundUp(long bytes) {
        return (bytes + STEP - 1) / STEP * STEP;
    }

    @Override
    public Block allocate(long bytes, Supplier<String> holder) {
        Block block = new CountedBlock(next, bytes);
        next += bytes;
        allocated.add(block);
        return block;
    }

    @Override
    public Block part(Block block, long offset, long bytes) {
        return new CountedBlock(block.address() + offset, bytes);
    }

    @Override
    public void free(Block block) {
        if (!allocated.remove(block)) {
            throw new AssertionError("freed twice or never allocated: " + block.address());
        }
    }
}
