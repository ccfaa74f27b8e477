package org.erat.compute.memory;

import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import javax.annotation.Nullable;

/**
 * Memory that is reused: what is released serves the next request that it is large enough for.
 *
 * <p>A request gets the smallest free piece that is large enough, cut to its size. What is left of it stays free, and pieces
 * that lie side by side in one allocation become one again. So a small tensor that is kept never holds the memory of a large
 * one, and batches of other shapes fit into the same allocations. Where no piece is large enough, allocations of which
 * nothing is in use are freed first, the largest ones ahead, until as much is freed as is then allocated: a run of ever
 * larger batches replaces them and does not pile them up. The same batch again needs no allocation, and a smaller one only if
 * what is kept lies between the free pieces.
 *
 * <p>On a device the pool serves one stream: released memory may be used again at once, since whatever still uses it comes
 * earlier in the stream. Confined to one thread at a time.
 */
public final class MemoryPool {
    private static final long MEBIBYTE = 1 << 20;

    private final Allocator allocator;
    private final Set<Block> held = Collections.newSetFromMap(new IdentityHashMap<>());
    private final IdentityHashMap<Block, Piece> used = new IdentityHashMap<>();

    private final NavigableSet<Piece> free = new TreeSet<>(
            Comparator.<Piece>comparingLong(piece -> piece.bytes).thenComparingLong(piece -> piece.number));

    private long pieces;
    private long heldBytes;
    private long usedBytes;
    private long allocations;

    /** Some bytes of an allocation, in use or free, between its neighbours there. */
    private static final class Piece {
        private final Block allocation;
        private final long offset;
        private final long number;
        private long bytes;

        @Nullable
        private Piece before;

        @Nullable
        private Piece after;

        Piece(Block allocation, long offset, long bytes, long number) {
            this.allocation = allocation;
            this.offset = offset;
            this.bytes = bytes;
            this.number = number;
        }

        boolean isWhole() {
            return before == null && after == null;
        }

        /** Takes over the bytes of the next piece. */
        void join() {
            bytes += after.bytes;
            after = after.after;
            if (after != null) {
                after.before = this;
            }
        }
    }

    public MemoryPool(Allocator allocator) {
        this.allocator = allocator;
    }

    /** At least {@code bytes} of undefined content. */
    public Block take(long bytes) {
        long wanted = allocator.roundUp(bytes);
        Piece piece = free.ceiling(new Piece(null, 0, wanted, -1));
        if (piece == null) {
            piece = allocate(wanted);
        } else {
            free.remove(piece);
            cut(piece, wanted);
        }
        Block block = piece.isWhole() ? piece.allocation : allocator.part(piece.allocation, piece.offset, piece.bytes);
        used.put(block, piece);
        usedBytes += piece.bytes;
        return block;
    }

    /** Leaves what a piece has beyond {@code wanted} bytes free. */
    private void cut(Piece piece, long wanted) {
        if (piece.bytes == wanted) {
            return;
        }
        Piece rest = new Piece(piece.allocation, piece.offset + wanted, piece.bytes - wanted, pieces++);
        rest.before = piece;
        rest.after = piece.after;
        if (rest.after != null) {
            rest.after.before = rest;
        }
        piece.after = rest;
        piece.bytes = wanted;
        free.add(rest);
    }

    /** Makes a block of {@link #take} free for the next request. */
    public void release(Block block) {
        Piece piece = used.remove(block);
        usedBytes -= piece.bytes;
        if (piece.after != null && free.remove(piece.after)) {
            piece.join();
        }
        if (piece.before != null && free.remove(piece.before)) {
            piece = piece.before;
            piece.join();
        }
        free.add(piece);
    }

    private Piece allocate(long wanted) {
        long freed = 0;
        for (Iterator<Piece> largest = free.descendingIterator(); freed < wanted && largest.hasNext(); ) {
            Piece piece = largest.next();
            if (piece.isWhole()) {
                largest.remove();
                freed += piece.bytes;
                held.remove(piece.allocation);
                heldBytes -= piece.bytes;
                allocator.free(piece.allocation);
            }
        }
        Block allocation = allocator.allocate(wanted, this::holdings);
        allocations++;
        held.add(allocation);
        heldBytes += allocation.bytes();
        return new Piece(allocation, 0, allocation.bytes(), pieces++);
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

    /** Frees all memory, released or not. */
    public void close() {
        held.forEach(allocator::free);
        held.clear();
        used.clear();
        free.clear();
        heldBytes = 0;
        usedBytes = 0;
    }
}
