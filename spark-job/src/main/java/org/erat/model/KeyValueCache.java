package org.erat.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.erat.compute.Attention.Shape;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.data.architecture.Architecture;

/**
 * Keys and values of the tokens that a language model has read, so that the next token of each of S sequences costs one row
 * of every product. {@link Transformer#prefill} fills it, {@link Transformer#decode} adds tokens to each sequence, and
 * {@link #forgetNewest} drops one.
 *
 * <p>In the dtype of activations: L·S·T·2K·D values, where T, the room for tokens of a sequence, grows in steps of
 * {@value #STEP}. Confined to one thread, as its kernels are.
 */
public final class KeyValueCache implements AutoCloseable {
    /** Shapes of primitives follow from T, so it takes few values. */
    static final int STEP = 64;

    /** What is moved of a sequence begins and ends at a multiple of this, for the same reason. */
    private static final int MOVED_STEP = 16;

    private final Kernels kernels;
    private final Architecture architecture;
    private final int keyFrom;
    private final int keyValueWidth;
    private final List<Tensor> blocks = new ArrayList<>();
    private int[] lengths;
    private int room;

    /** k, tokens of each sequence that are read at a time. */
    private int newest;

    /**
     * A cache that a prefill is to fill.
     *
     * @param promptLengths [S] tokens of the prompts
     */
    KeyValueCache(Kernels kernels, Architecture architecture, int... promptLengths) {
        this.kernels = kernels;
        this.architecture = architecture;
        Architecture.Heads heads = architecture.heads();
        this.keyFrom = heads.query() * heads.width();
        this.keyValueWidth = 2 * heads.keyValue() * heads.width();
        this.lengths = promptLengths.clone();
        this.room = roundUp(IntStream.of(lengths).max().orElseThrow() + 1, STEP);
        for (int block = 0; block < architecture.blocks(); block++) {
            blocks.add(allocate(lengths.length, room));
        }
    }

    private static int roundUp(int count, int step) {
        return (count + step - 1) / step * step;
    }

    /** Zeros: a key that is not seen has weight zero, and its value has to be finite. */
    private Tensor allocate(int sequences, int roomOfEach) {
        Tensor tensor = kernels.memory().allocate((long) sequences * roomOfEach, keyValueWidth);
        kernels.pointwise().fill(tensor, 0);
        return tensor;
    }

    /** S. */
    public int sequences() {
        return lengths.length;
    }

    /** Tokens of a sequence so far. */
    public int length(int sequence) {
        return lengths[sequence];
    }

    /** Keeps what a block has made of the prompts. */
    void keep(int block, Tensor qkv, Shape prompts) {
        Tensor keysAndValues = qkv.columns(keyFrom, prompts.width());
        for (int s = 0; s < lengths.length; s++) {
            long from = (long) s * prompts.tokens();
            kernels.pointwise()
                    .assign(
                            keysAndValues.rows(from, from + prompts.tokens()),
                            rows(blocks.get(block), s, 0, prompts.tokens()));
        }
    }

    /** Makes room for k more tokens of each sequence, and counts them. */
    void advance(int count) {
        newest = count;
        for (int s = 0; s < lengths.length; s++) {
            lengths[s] += count;
        }
        int longest = IntStream.of(lengths).max().orElseThrow();
        if (longest > room) {
            int before = room;
            int[] all = IntStream.range(0, lengths.length).toArray();
            move(all, before, roundUp(longest, STEP));
        }
    }

    /** Drops the newest token of each sequence. */
    public void forgetNewest() {
        for (int s = 0; s < lengths.length; s++) {
            lengths[s]--;
        }
    }

    /**
     * The newest tokens' attention in a block, each to itself and all before it.
     *
     * @param qkv [k·S,(A+2K)·D], the first of all sequences before the second of any
     * @return [k·S,A·D]
     */
    Tensor attend(int block, Tensor qkv) {
        if (newest == 1) {
            return kernels.attention().decode(qkv, blocks.get(block), shape(block));
        }
        int sequences = lengths.length;
        Tensor all = kernels.memory()
                .allocate((long) newest * sequences, shape(block).queryWidth());
        for (int i = 0; i < newest; i++) {
            long from = (long) i * sequences;
            try (Tensor context = kernels.attention()
                    .decode(qkv.rows(from, from + sequences), blocks.get(block), shapeUpTo(i, block))) {
                kernels.pointwise().assign(context, all.rows(from, from + sequences));
            }
        }
        return all;
    }

    /** Of the newest tokens' attention in a block. */
    Shape shape(int block) {
        return shapeUpTo(newest - 1, block);
    }

    /** As if the i-th of the newest tokens, from 0, were the last. */
    private Shape shapeUpTo(int i, int block) {
        Architecture.Heads heads = architecture.heads();
        int[] upTo =
                IntStream.of(lengths).map(length -> length - newest + 1 + i).toArray();
        return new Shape(
                lengths.length, room, heads.query(), heads.keyValue(), heads.width(), architecture.mask(block), upTo);
    }

    /** Positions of the newest tokens, [k·S]. */
    int[] positions() {
        return IntStream.range(0, newest)
                .flatMap(i -> IntStream.of(lengths).map(length -> length - newest + i))
                .toArray();
    }

    /**
     * Keeps some sequences, in another order or more than once.
     *
     * @param sources for each sequence from here on the one that it continues
     */
    public void select(int... sources) {
        int[] selected = IntStream.of(sources).map(source -> lengths[source]).toArray();
        int longest = IntStream.of(selected).max().orElseThrow();
        if (sources.length != lengths.length) {
            move(sources, Math.min(room, roundUp(longest, MOVED_STEP)), roundUp(longest + 1, STEP));
        } else {
            rearrange(sources, 0, longest);
        }
        lengths = selected;
    }

    /**
     * The same for as many sequences as there are, of which each has its first tokens in common with the one that it
     * continues: only what comes after these moves.
     *
     * @param common [S] tokens that a sequence has in common with its source
     */
    public void reorder(int[] sources, int... common) {
        int from = Integer.MAX_VALUE;
        for (int s = 0; s < sources.length; s++) {
            if (sources[s] != s) {
                from = Math.min(from, common[s]);
            }
        }
        int[] selected = IntStream.of(sources).map(source -> lengths[source]).toArray();
        rearrange(sources, from, IntStream.of(selected).max().orElseThrow());
        lengths = selected;
    }

    /** Copies the first {@code count} tokens of the sources to a cache with another room. */
    private void move(int[] sources, int count, int newRoom) {
        for (int block = 0; block < blocks.size(); block++) {
            Tensor moved = allocate(sources.length, newRoom);
            try (Tensor old = blocks.get(block)) {
                for (int s = 0; s < sources.length; s++) {
                    Tensor kept = rows(old, sources[s], 0, Math.min(count, newRoom));
                    long first = (long) s * newRoom;
                    kernels.pointwise().assign(kept, moved.rows(first, first + Math.min(count, newRoom)));
                }
            }
            blocks.set(block, moved);
        }
        room = newRoom;
    }

    /** Copies the tokens [from, to) of the sources to the sequences in their places. */
    private void rearrange(int[] sources, int from, int to) {
        int[] changed =
                IntStream.range(0, sources.length).filter(s -> sources[s] != s).toArray();
        int first = from / MOVED_STEP * MOVED_STEP;
        int end = Math.min(room, roundUp(to, MOVED_STEP));
        if (changed.length == 0 || first >= end) {
            return;
        }
        for (Tensor block : blocks) {
            List<Tensor> copies = Arrays.stream(changed)
                    .mapToObj(s -> kernels.pointwise().copy(rows(block, sources[s], first, end)))
                    .toList();
            for (int i = 0; i < changed.length; i++) {
                kernels.pointwise().assign(copies.get(i), rows(block, changed[i], first, end));
                copies.get(i).close();
            }
        }
    }

    /** Rows of the tokens [from, to) of a sequence. */
    private Tensor rows(Tensor block, int sequence, int from, int to) {
        long first = (long) sequence * room;
        return block.rows(first + from, first + to);
    }

    @Override
    public void close() {
        blocks.forEach(Tensor::close);
    }
}
