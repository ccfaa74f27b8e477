package org.erat.data.tokenized;

import java.util.List;
import org.apache.spark.sql.Row;
import org.erat.data.tokenized.Targets.Classes;
import org.erat.data.tokenized.Targets.LabelSets;
import org.erat.data.tokenized.Targets.Numbers;
import org.erat.data.tokenized.Targets.TokenClasses;
import scala.collection.JavaConverters;

/**
 * One tokenized example.
 *
 * @param id unique within its split
 * @param tokenIds [T] its tokens, T &ge; 1
 * @param typeIds [T] their types, 0..127
 * @param target one value, or [T] of token classes
 * @param wordStarts [words] index of each word's first token or -1; null where the example has no words, or where a word
 *     starts at each token with a target
 * @param words [words] the words themselves; null where they are not known or not asked for
 */
record TokenizedExample(long id, int[] tokenIds, int[] typeIds, Targets target, int[] wordStarts, List<String> words) {
    // Columns in the order of TokenizedDataset.schema.
    static final int ID = 0;
    static final int TOKENS = 1;
    static final int TYPES = 2;
    static final int LABEL = 3;
    static final int WORD_STARTS = 4;
    static final int WORDS = 5;

    /**
     * The example of a row with the columns of {@link TokenizedDataset#schema}; without token types all are 0, without a
     * label the target is {@link Targets#NONE}, not a number, or no class.
     */
    static TokenizedExample of(Row row, long id, TaskType type) {
        int[] tokenIds = ints(row, TOKENS);
        return new TokenizedExample(
                id,
                tokenIds,
                row.isNullAt(TYPES) ? new int[tokenIds.length] : ints(row, TYPES),
                switch (type) {
                    case CLASSIFICATION ->
                        new Classes(new int[] {row.isNullAt(LABEL) ? Targets.NONE : row.getInt(LABEL)});
                    case MULTI_LABEL_CLASSIFICATION ->
                        LabelSets.of(row.isNullAt(LABEL) ? new int[0] : ints(row, LABEL));
                    case REGRESSION -> new Numbers(new float[] {row.isNullAt(LABEL) ? Float.NaN : row.getFloat(LABEL)});
                    case TOKEN_CLASSIFICATION, LANGUAGE_MODELING -> new TokenClasses(ints(row, LABEL));
                },
                type.hasWords() && has(row, WORD_STARTS) ? ints(row, WORD_STARTS) : null,
                type.hasWords() && has(row, WORDS) ? texts(row, WORDS) : null);
    }

    /** The same without its words. */
    TokenizedExample withoutWords() {
        return new TokenizedExample(id, tokenIds, typeIds, target, wordStarts, null);
    }

    /** The same under another id. */
    TokenizedExample withId(long other) {
        return new TokenizedExample(other, tokenIds, typeIds, target, wordStarts, words);
    }

    private static boolean has(Row row, int column) {
        return row.size() > column && !row.isNullAt(column);
    }

    private static List<String> texts(Row row, int column) {
        return row.get(column) instanceof String[] made ? List.of(made) : row.getList(column);
    }

    static int[] ints(Row row, int column) {
        if (row.get(column) instanceof int[] made) {
            // Of a row that no DataFrame has held.
            return made;
        }
        List<Integer> values = JavaConverters.seqAsJavaList(row.<Integer>getSeq(column));
        return values.stream().mapToInt(Integer::intValue).toArray();
    }
}
