package org.erat.data.tokenized;

import java.util.Arrays;
import javax.annotation.Nullable;

/**
 * One mini-batch of B examples padded at the right to T tokens, the length of the longest.
 *
 * @param tokenIds [B,T] row-major; padding after each example's length
 * @param typeIds [B,T] row-major; 0 in the padding
 * @param lengths [B] number of real tokens, 1..T
 * @param ids [B] ids of the examples
 * @param targets [B], or [B,T] of token classes with {@link Targets#NONE} in the padding
 * @param arrangement of the tokens; null where their positions are their order and they see what the model's mask says
 */
public record Batch(
        int[] tokenIds, int[] typeIds, int[] lengths, long[] ids, Targets targets, @Nullable Arrangement arrangement) {
    /** Tokens in their order. */
    public Batch(int[] tokenIds, int[] typeIds, int[] lengths, long[] ids, Targets targets) {
        this(tokenIds, typeIds, lengths, ids, targets, null);
    }

    public Batch {
        int values = targets instanceof Targets.TokenClasses ? tokenIds.length : lengths.length * perExample(targets);
        boolean known = !(targets instanceof Targets.Unknown);
        if (lengths.length == 0
                || tokenIds.length % lengths.length != 0
                || typeIds.length != tokenIds.length
                || ids.length != lengths.length
                || (arrangement != null
                        && (arrangement.positions().length != tokenIds.length
                                || arrangement.visibility().to().length != tokenIds.length))
                || (known && TargetArrays.length(targets) != values)) {
            throw new IllegalArgumentException(String.format(
                    "%d token ids, %d type ids, %d lengths, %d ids and %d targets do not make a batch",
                    tokenIds.length, typeIds.length, lengths.length, ids.length, targets.count()));
        }
    }

    /** Values of the target of an example, where it does not belong to tokens. */
    private static int perExample(Targets targets) {
        return targets instanceof Targets.LabelSets ? Targets.LabelSets.WORDS : 1;
    }

    /** Number of examples B. */
    public int size() {
        return lengths.length;
    }

    /** Padded length T. */
    public int tokens() {
        return tokenIds.length / lengths.length;
    }

    /** Number of real tokens, at most B·T. */
    public long tokenCount() {
        long count = 0;
        for (int length : lengths) {
            count += length;
        }
        return count;
    }

    /**
     * The examples [from, to), padded to the same length T.
     *
     * @return this where they are all of them
     */
    public Batch part(int from, int to) {
        if (from == 0 && to == size()) {
            return this;
        }
        int first = from * tokens();
        int last = to * tokens();
        return new Batch(
                Arrays.copyOfRange(tokenIds, first, last),
                Arrays.copyOfRange(typeIds, first, last),
                Arrays.copyOfRange(lengths, from, to),
                Arrays.copyOfRange(ids, from, to),
                targets instanceof Targets.TokenClasses
                        ? TargetArrays.part(targets, first, last)
                        : TargetArrays.part(targets, from * perExample(targets), to * perExample(targets)),
                arrangement == null ? null : arrangement.part(first, last));
    }

    /**
     * The examples of {@code indices}, at least one, in that order.
     *
     * @param padTokenId what the padding is filled with
     */
    public static Batch of(PackedExamples examples, int[] indices, int padTokenId) {
        int size = indices.length;
        if (size == 0) {
            throw new IllegalArgumentException("A batch of no examples");
        }
        int[] lengths = new int[size];
        long[] ids = new long[size];
        int longest = 0;
        for (int b = 0; b < size; b++) {
            lengths[b] = examples.length(indices[b]);
            ids[b] = examples.id(indices[b]);
            longest = Math.max(longest, lengths[b]);
        }
        int[] tokenIds = new int[Math.multiplyExact(size, longest)];
        int[] typeIds = new int[tokenIds.length];
        TaskType type = examples.type();
        Targets targets = TargetArrays.ofType(type, TargetArrays.length(type, size, tokenIds.length));
        for (int b = 0; b < size; b++) {
            int row = b * longest;
            examples.copyTokens(indices[b], tokenIds, row);
            Arrays.fill(tokenIds, row + lengths[b], row + longest, padTokenId);
            examples.copyTarget(indices[b], targets, TargetArrays.length(type, b, row));
            if (examples.hasTypes()) {
                for (int t = 0; t < lengths[b]; t++) {
                    typeIds[row + t] = examples.type(indices[b], t);
                }
            }
        }
        return new Batch(tokenIds, typeIds, lengths, ids, targets);
    }
}
