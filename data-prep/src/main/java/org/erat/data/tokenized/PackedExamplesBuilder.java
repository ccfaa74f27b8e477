package org.erat.data.tokenized;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.erat.data.UsageException;

/** Packs examples one at a time; its arrays grow as needed. */
final class PackedExamplesBuilder {
    private static final int LONGEST_ARRAY = Integer.MAX_VALUE - 8;

    private final TaskType type;
    private long[] ids;
    private int[] offsets;
    private int[] tokens;
    private byte[] types;
    private Targets targets;
    /** Null until an example with words comes; all examples have them or none. */
    private int[] wordOffsets;

    private int[] wordStarts = new int[0];
    /** Empty where the words themselves are not known. */
    private final List<String[]> words = new ArrayList<>();

    private boolean typed;
    private int size;

    /** For examples of an unknown number. */
    PackedExamplesBuilder(TaskType type) {
        this(type, 16, 256);
    }

    /**
     * With room for as many examples.
     *
     * @param type of their targets
     * @throws UsageException if they have more tokens than an array holds
     */
    PackedExamplesBuilder(TaskType type, int examples, long tokens) {
        if (tokens > LONGEST_ARRAY) {
            throw new UsageException(
                    String.format("A shard of %,d tokens does not fit into memory: raise training.shards", tokens));
        }
        this.type = type;
        this.ids = new long[examples];
        this.offsets = new int[examples + 1];
        this.tokens = new int[(int) tokens];
        this.types = new byte[(int) tokens];
        this.targets = TargetArrays.ofType(type, TargetArrays.length(type, examples, (int) tokens));
    }

    /** Adds an example without words. */
    PackedExamplesBuilder add(long id, int[] tokenIds, int[] typeIds, Targets target) {
        return add(new TokenizedExample(id, tokenIds, typeIds, target, null, null));
    }

    /** Adds an example. */
    PackedExamplesBuilder add(TokenizedExample example) {
        int[] tokenIds = example.tokenIds();
        int[] typeIds = example.typeIds();
        int length = tokenIds.length;
        int values = TargetArrays.length(type, 1, length);
        if (length == 0
                || typeIds.length != length
                || !TargetArrays.areOf(type, example.target())
                || TargetArrays.length(example.target()) != values) {
            throw new IllegalArgumentException(String.format(
                    "Example %d has %d tokens, %d token types and %d targets of %s, where the task is %s",
                    example.id(),
                    length,
                    typeIds.length,
                    TargetArrays.length(example.target()),
                    example.target().getClass().getSimpleName(),
                    type));
        }
        int start = reserve(length);
        System.arraycopy(tokenIds, 0, tokens, start, length);
        for (int t = 0; t < length; t++) {
            if (typeIds[t] < 0 || typeIds[t] > Byte.MAX_VALUE) {
                throw new IllegalArgumentException(
                        String.format("Example %d: token type %d", example.id(), typeIds[t]));
            }
            types[start + t] = (byte) typeIds[t];
            typed |= typeIds[t] != 0;
        }
        TargetArrays.copy(example.target(), 0, targets, TargetArrays.length(type, size, start), values);
        addWords(example);
        ids[size] = example.id();
        offsets[size + 1] = start + length;
        size++;
        return this;
    }

    /** Number of examples added. */
    int size() {
        return size;
    }

    /** All examples added so far, in the order of their addition. Nothing can be added afterwards. */
    PackedExamples build() {
        int tokenCount = offsets[size];
        return new PackedExamples(
                type,
                ids.length == size ? ids : Arrays.copyOf(ids, size),
                offsets.length == size + 1 ? offsets : Arrays.copyOf(offsets, size + 1),
                tokens.length == tokenCount ? tokens : Arrays.copyOf(tokens, tokenCount),
                typed ? Arrays.copyOf(types, tokenCount) : null,
                TargetArrays.resized(type, targets, TargetArrays.length(type, size, tokenCount)),
                wordOffsets == null
                        ? null
                        : new WordStarts(
                                Arrays.copyOf(wordOffsets, size + 1), Arrays.copyOf(wordStarts, wordOffsets[size])),
                words.isEmpty() ? null : words.toArray(String[][]::new));
    }

    /** Makes room for an example of {@code length} tokens and returns the position of the first. */
    private int reserve(int length) {
        int start = offsets[size];
        if (start > LONGEST_ARRAY - length) {
            throw new UsageException("A shard has more tokens than fit into memory: raise training.shards");
        }
        if (size == ids.length) {
            ids = Arrays.copyOf(ids, grown(size, size + 1));
            offsets = Arrays.copyOf(offsets, ids.length + 1);
            if (!type.perToken()) {
                targets = TargetArrays.resized(type, targets, TargetArrays.length(type, ids.length, 0));
            }
        }
        int end = start + length;
        if (end > tokens.length) {
            tokens = Arrays.copyOf(tokens, grown(tokens.length, end));
            types = Arrays.copyOf(types, tokens.length);
            if (type.perToken()) {
                targets = TargetArrays.resized(type, targets, tokens.length);
            }
        }
        return start;
    }

    private void addWords(TokenizedExample example) {
        int[] starts = example.wordStarts();
        if (example.words() != null) {
            words.add(example.words().toArray(String[]::new));
        }
        if (size > 0 && ((starts == null) != (wordOffsets == null) || (example.words() == null) != words.isEmpty())) {
            throw new IllegalArgumentException(
                    String.format("Example %d: of a shard's examples all have words or none", example.id()));
        }
        if (starts == null) {
            return;
        }
        if (wordOffsets == null || wordOffsets.length < offsets.length) {
            wordOffsets = wordOffsets == null ? new int[offsets.length] : Arrays.copyOf(wordOffsets, offsets.length);
        }
        int first = wordOffsets[size];
        int end = Math.addExact(first, starts.length);
        if (end > wordStarts.length) {
            wordStarts = Arrays.copyOf(wordStarts, grown(wordStarts.length, end));
        }
        System.arraycopy(starts, 0, wordStarts, first, starts.length);
        wordOffsets[size + 1] = end;
    }

    private static int grown(int capacity, int needed) {
        return (int) Math.min(LONGEST_ARRAY, Math.max(needed, capacity + (long) (capacity >> 1)));
    }
}
