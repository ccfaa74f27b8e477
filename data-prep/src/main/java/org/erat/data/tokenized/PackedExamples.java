package org.erat.data.tokenized;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Collection;
import java.util.stream.IntStream;
import org.erat.data.UsageException;

/**
 * Tokenized examples packed into a few primitive arrays, so that a shard of any size is a handful of objects to the
 * garbage collector and to the serializer. Immutable by agreement: the arrays that accessors return are not copies.
 *
 * <p>Example i holds the tokens {@code tokens[offsets[i]] .. tokens[offsets[i + 1] - 1]}.
 */
public final class PackedExamples implements Serializable {
    private static final long serialVersionUID = 1L;

    private final long[] ids;
    private final int[] offsets;
    private final int[] tokens;
    /** As long as {@code tokens}, or null where every token type is 0. */
    private final byte[] types;

    private final float[] labels;

    /**
     * @param ids [n] id of each example
     * @param offsets [n+1] first token of each example, then the number of tokens
     * @param tokens [offsets[n]] token ids of all examples, one after the other
     * @param types [offsets[n]] token types 0..127, or null if all are 0
     * @param labels [n] class index or number
     */
    public PackedExamples(long[] ids, int[] offsets, int[] tokens, byte[] types, float[] labels) {
        int size = ids.length;
        if (offsets.length != size + 1
                || labels.length != size
                || offsets[size] != tokens.length
                || (types != null && types.length != tokens.length)) {
            throw new IllegalArgumentException(String.format(
                    "%d ids, %d offsets, %d tokens, %s types and %d labels do not belong together",
                    size, offsets.length, tokens.length, types == null ? "no" : types.length, labels.length));
        }
        this.ids = ids;
        this.offsets = offsets;
        this.tokens = tokens;
        this.types = types;
        this.labels = labels;
    }

    /** Number of examples n. */
    public int size() {
        return ids.length;
    }

    /** Number of tokens of all examples. */
    public int tokenCount() {
        return tokens.length;
    }

    /** Number of tokens of example i, at least 1. */
    public int length(int i) {
        return offsets[i + 1] - offsets[i];
    }

    /** Id of example i, unique within its split. */
    public long id(int i) {
        return ids[i];
    }

    /** Label of example i: the index of its class (exact up to 2^24), or the number to predict. */
    public float label(int i) {
        return labels[i];
    }

    /** Token t of example i, t &lt; length(i). */
    public int token(int i, int t) {
        return tokens[offsets[i] + t];
    }

    /** Type of token t of example i: 0 for the first text, 1 for the second. */
    public int type(int i, int t) {
        return types == null ? 0 : types[offsets[i] + t];
    }

    /** Copies the tokens of example i into {@code destination}, from position {@code at} on. */
    void copyTokens(int i, int[] destination, int at) {
        System.arraycopy(tokens, offsets[i], destination, at, length(i));
    }

    /** Whether any token has a type other than 0. */
    public boolean hasTypes() {
        return types != null;
    }

    /**
     * One of all the examples of {@code pieces}, in the order of their ids.
     *
     * @throws UsageException if they have more tokens than an array holds
     */
    static PackedExamples merged(Collection<PackedExamples> pieces) {
        PackedExamples[] sources = pieces.toArray(PackedExamples[]::new);
        int[] firsts = new int[sources.length + 1];
        long tokenCount = 0;
        boolean typed = false;
        for (int p = 0; p < sources.length; p++) {
            firsts[p + 1] = Math.addExact(firsts[p], sources[p].size());
            tokenCount += sources[p].tokenCount();
            typed |= sources[p].hasTypes();
        }
        if (tokenCount > Integer.MAX_VALUE - 8) {
            throw new UsageException(
                    String.format("A shard of %,d tokens does not fit into memory: raise training.shards", tokenCount));
        }
        int size = firsts[sources.length];
        int[] sourceOf = new int[size];
        for (int p = 0; p < sources.length; p++) {
            Arrays.fill(sourceOf, firsts[p], firsts[p + 1], p);
        }
        int[] order = IntStream.range(0, size)
                .boxed()
                .sorted((a, b) -> Long.compare(
                        sources[sourceOf[a]].id(a - firsts[sourceOf[a]]),
                        sources[sourceOf[b]].id(b - firsts[sourceOf[b]])))
                .mapToInt(Integer::intValue)
                .toArray();

        long[] ids = new long[size];
        int[] offsets = new int[size + 1];
        int[] tokens = new int[(int) tokenCount];
        byte[] types = typed ? new byte[tokens.length] : null;
        float[] labels = new float[size];
        for (int i = 0; i < size; i++) {
            PackedExamples source = sources[sourceOf[order[i]]];
            int from = order[i] - firsts[sourceOf[order[i]]];
            ids[i] = source.ids[from];
            labels[i] = source.labels[from];
            source.copyTokens(from, tokens, offsets[i]);
            if (source.types != null) {
                System.arraycopy(source.types, source.offsets[from], types, offsets[i], source.length(from));
            }
            offsets[i + 1] = offsets[i] + source.length(from);
        }
        return new PackedExamples(ids, offsets, tokens, types, labels);
    }
}
