package org.erat.data.tokenized;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;
import org.erat.data.UsageException;
import org.erat.data.tokenized.Targets.Classes;
import org.erat.data.tokenized.Targets.LabelSets;
import org.erat.data.tokenized.Targets.Numbers;
import org.erat.data.tokenized.Targets.TokenClasses;

/**
 * Tokenized examples packed into a few primitive arrays, so that a shard of any size is a handful of objects to the
 * garbage collector and to the serializer. Immutable by agreement: the arrays that accessors return are not copies.
 *
 * <p>Example i holds the tokens {@code tokens[offsets[i]] .. tokens[offsets[i + 1] - 1]}.
 */
public final class PackedExamples implements Serializable {
    private static final long serialVersionUID = 3L;

    private final long[] ids;
    private final int[] offsets;
    private final int[] tokens;
    /** As long as {@code tokens}, or null where every token type is 0. */
    private final byte[] types;

    // The targets as arrays: Spark's Kryo cannot set the fields of a record. One of the two is null.
    private final int[] classes;
    private final float[] numbers;
    private final TaskType type;

    /** The first tokens of the words; null where examples have no words, or where their targets tell the words. */
    private final WordStarts wordStarts;

    /** The words themselves; null where they are not known or were not asked for. */
    private final String[][] words;

    /**
     * @param type of the targets
     * @param ids [n] id of each example
     * @param offsets [n+1] first token of each example, then the number of tokens
     * @param tokens [offsets[n]] token ids of all examples, one after the other
     * @param types [offsets[n]] token types 0..127, or null if all are 0
     * @param targets [n], or [offsets[n]] of token classes, or [n] label sets
     */
    public PackedExamples(TaskType type, long[] ids, int[] offsets, int[] tokens, byte[] types, Targets targets) {
        this(type, ids, offsets, tokens, types, targets, null, null);
    }

    PackedExamples(
            TaskType type,
            long[] ids,
            int[] offsets,
            int[] tokens,
            byte[] types,
            Targets targets,
            WordStarts wordStarts,
            String[][] words) {
        int size = ids.length;
        this.type = type;
        if (!TargetArrays.areOf(type, targets)
                || offsets.length != size + 1
                || TargetArrays.length(targets) != TargetArrays.length(type, size, tokens.length)
                || offsets[size] != tokens.length
                || (types != null && types.length != tokens.length)) {
            throw new IllegalArgumentException(String.format(
                    "%d ids, %d offsets, %d tokens, %s types and %d %s do not belong together",
                    size,
                    offsets.length,
                    tokens.length,
                    types == null ? "no" : types.length,
                    TargetArrays.length(targets),
                    targets.getClass().getSimpleName()));
        }
        this.ids = ids;
        this.offsets = offsets;
        this.tokens = tokens;
        this.types = types;
        this.numbers = targets instanceof Numbers regression ? regression.numbers() : null;
        this.classes = classes(targets);
        this.wordStarts = wordStarts;
        this.words = words;
    }

    private static int[] classes(Targets targets) {
        if (targets instanceof Classes perExample) {
            return perExample.classes();
        }
        if (targets instanceof LabelSets sets) {
            return sets.bits();
        }
        return targets instanceof TokenClasses perToken ? perToken.classes() : null;
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

    /** The type of the targets. */
    public TaskType type() {
        return type;
    }

    /** The targets of all examples: [n], or token classes aligned with the tokens of all examples. */
    public Targets targets() {
        return switch (type) {
            case CLASSIFICATION -> new Classes(classes);
            case MULTI_LABEL_CLASSIFICATION -> new LabelSets(classes);
            case REGRESSION -> new Numbers(numbers);
            case TOKEN_CLASSIFICATION, LANGUAGE_MODELING -> new TokenClasses(classes);
        };
    }

    /** The target of example i: one value, or the classes of its tokens. */
    public Targets target(int i) {
        Targets target = TargetArrays.ofType(type, TargetArrays.length(type, 1, length(i)));
        copyTarget(i, target, 0);
        return target;
    }

    /**
     * The words of example i of a token classification: where each of them starts.
     *
     * @return [words] index of the first token of each word, or -1 for a word that has none, because the tokenizer drops
     *     it or because it was cut away. Where the data do not say so, a word starts at each token with a target.
     */
    public int[] wordStarts(int i) {
        if (wordStarts != null) {
            return wordStarts.of(i);
        }
        if (!type.hasWords()) {
            throw new IllegalStateException("Examples of " + type + " have no words");
        }
        return IntStream.range(0, length(i))
                .filter(t -> classes[offsets[i] + t] != Targets.NONE)
                .toArray();
    }

    /** The words of example i; empty where they are not known or were not asked for. */
    public Optional<List<String>> words(int i) {
        return Optional.ofNullable(words).map(all -> List.of(all[i]));
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

    /** Copies the target of example i into {@code destination}, from position {@code at} on. */
    void copyTarget(int i, Targets destination, int at) {
        TargetArrays.copy(
                targets(),
                TargetArrays.length(type, i, offsets[i]),
                destination,
                at,
                TargetArrays.length(type, 1, length(i)));
    }

    /** Whether any token has a type other than 0. */
    public boolean hasTypes() {
        return types != null;
    }

    /**
     * The examples of a few rows.
     *
     * @param rows with the columns of {@link TokenizedDataset#schema}, the first of which is not read: examples are numbered
     *     from 0
     */
    public static PackedExamples of(TaskType type, List<Row> rows) {
        PackedExamplesBuilder packed = new PackedExamplesBuilder(type);
        for (Row row : rows) {
            packed.add(TokenizedExample.of(row, packed.size(), type));
        }
        return packed.build();
    }

    /**
     * One of all the examples of {@code pieces}, in the order of their ids.
     *
     * @param type the type of the targets of all pieces
     * @throws UsageException if they have more tokens than an array holds
     */
    static PackedExamples merged(TaskType type, Collection<PackedExamples> pieces) {
        PackedExamples[] sources = pieces.toArray(PackedExamples[]::new);
        int[] firsts = new int[sources.length + 1];
        for (int p = 0; p < sources.length; p++) {
            firsts[p + 1] = Math.addExact(firsts[p], sources[p].size());
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
        long tokenCount = pieces.stream().mapToLong(PackedExamples::tokenCount).sum();
        PackedExamplesBuilder merged = new PackedExamplesBuilder(type, size, tokenCount);
        for (int each : order) {
            int p = sourceOf[each];
            merged.add(sources[p].example(each - firsts[p]));
        }
        return merged.build();
    }

    private TokenizedExample example(int i) {
        int[] typeIds = new int[length(i)];
        if (types != null) {
            Arrays.setAll(typeIds, t -> type(i, t));
        }
        return new TokenizedExample(
                ids[i],
                Arrays.copyOfRange(tokens, offsets[i], offsets[i + 1]),
                typeIds,
                target(i),
                wordStarts == null ? null : wordStarts.of(i),
                words == null ? null : List.of(words[i]));
    }
}
