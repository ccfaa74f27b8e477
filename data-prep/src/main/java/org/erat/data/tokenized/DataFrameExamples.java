package org.erat.data.tokenized;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.commons.lang3.exception.ExceptionUtils;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructField;
import org.erat.data.BadInputException;
import org.erat.data.NearestName;
import org.erat.data.Sha256;
import org.erat.data.tokenized.Targets.Classes;
import org.erat.data.tokenized.Targets.LabelSets;
import org.erat.data.tokenized.Targets.Numbers;
import org.erat.data.tokenized.Targets.TokenClasses;

/**
 * The examples of a DataFrame with the columns of {@link TokenizedDataset#schema}, checked one by one as they are read.
 *
 * @param name what the DataFrame is, for messages
 * @param classes number of classes; 0 where the type has none
 * @param training whether each row is trained on, and so needs a target
 */
record DataFrameExamples(String name, TaskType type, int classes, boolean training) implements Serializable {
    private static final List<String> OPTIONAL = List.of(
            TokenizedDataset.ID, TokenizedDataset.TOKEN_TYPE_IDS, TokenizedDataset.WORD_STARTS, TokenizedDataset.WORDS);

    /** Counts of one split. Not a record: Spark's Kryo cannot set a record's fields. */
    static final class Totals implements Serializable {
        private static final long serialVersionUID = 1L;

        long examples;
        long tokens;
        int longest;
        int highestTokenId;
        long lowestId = Long.MAX_VALUE;
        long highestId = -1;
        /** Exclusive or of the SHA-256 of all examples, which include the ids: the order of the rows does not matter. */
        final byte[] content = new byte[32];

        private Totals add(TokenizedExample example) {
            examples++;
            tokens += example.tokenIds().length;
            longest = Math.max(longest, example.tokenIds().length);
            highestTokenId = Math.max(
                    highestTokenId, Arrays.stream(example.tokenIds()).max().orElseThrow());
            lowestId = Math.min(lowestId, example.id());
            highestId = Math.max(highestId, example.id());
            combine(digest(example));
            return this;
        }

        private Totals add(Totals other) {
            examples += other.examples;
            tokens += other.tokens;
            longest = Math.max(longest, other.longest);
            highestTokenId = Math.max(highestTokenId, other.highestTokenId);
            lowestId = Math.min(lowestId, other.lowestId);
            highestId = Math.max(highestId, other.highestId);
            combine(other.content);
            return this;
        }

        private void combine(byte[] digest) {
            for (int i = 0; i < content.length; i++) {
                content[i] ^= digest[i];
            }
        }

        /** Digest of ids, tokens, types and labels, in hexadecimal; the same on any cluster. */
        String contentDigest() {
            return HexFormat.of().formatHex(content);
        }

        SplitSummary summary() {
            return new SplitSummary(examples, tokens, longest, 0);
        }
    }

    /**
     * The examples of {@code frame}. Without a column {@code id} they are numbered in the order of the rows.
     *
     * @throws BadInputException if a column is missing or of another type
     */
    JavaRDD<TokenizedExample> of(Dataset<Row> frame) {
        List<String> names = Arrays.asList(frame.columns());
        Column[] columns = Arrays.stream(
                        TokenizedDataset.schemaWithWords(type, true).fields())
                .map(field -> column(frame, names, field))
                .toArray(Column[]::new);
        JavaRDD<Row> rows = frame.select(columns).javaRDD();
        return names.contains(TokenizedDataset.ID)
                ? rows.map(row -> checked(row, id(row)))
                : rows.zipWithIndex().map(numbered -> checked(numbered._1(), numbered._2()));
    }

    /**
     * Counts examples in one pass.
     *
     * @throws BadInputException if a row cannot be used, or ids are not 0..n-1
     */
    Totals totals(JavaRDD<TokenizedExample> examples) {
        Totals totals;
        try {
            totals = examples.aggregate(new Totals(), Totals::add, Totals::add);
        } catch (Exception e) {
            // Spark reports what a task throws as the cause of an error of its own.
            if (ExceptionUtils.getRootCause(e) instanceof BadInputException bad) {
                throw new BadInputException(bad.getMessage(), e);
            }
            throw e;
        }
        if (totals.examples > 0 && (totals.lowestId != 0 || totals.highestId != totals.examples - 1)) {
            throw new BadInputException(String.format(
                    "%s has %,d rows with ids from %d to %d: ids are 0..%d, once each. Leave out the column '%s' to number"
                            + " the rows",
                    name,
                    totals.examples,
                    totals.lowestId,
                    totals.highestId,
                    totals.examples - 1,
                    TokenizedDataset.ID));
        }
        return totals;
    }

    private Column column(Dataset<Row> frame, List<String> names, StructField field) {
        int index = names.indexOf(field.name());
        if (index < 0) {
            if (OPTIONAL.contains(field.name())) {
                return lit(null).cast(field.dataType()).as(field.name());
            }
            throw new BadInputException(String.format(
                    "%s has no column '%s'%s. Its columns are %s",
                    name, field.name(), NearestName.hint(field.name(), names), String.join(", ", names)));
        }
        String expected = field.dataType().simpleString();
        String actual = frame.schema().apply(index).dataType().simpleString();
        boolean fits = actual.equals(expected)
                || (expected.equals("bigint") && actual.equals("int"))
                || (expected.equals("float") && actual.equals("double"));
        if (!fits) {
            throw new BadInputException(String.format(
                    "%s: column '%s' is of type %s, but %s is expected for %s: cast it",
                    name, field.name(), actual, expected, type));
        }
        // Spark does not cast an array that may hold nulls to one that may not.
        return actual.equals(expected) ? col(field.name()) : col(field.name()).cast(field.dataType());
    }

    private long id(Row row) {
        if (row.isNullAt(TokenizedExample.ID)) {
            throw new BadInputException(String.format("%s: a row has no %s", name, TokenizedDataset.ID));
        }
        return row.getLong(TokenizedExample.ID);
    }

    private TokenizedExample checked(Row row, long id) {
        refuseNull(row, id, TokenizedExample.TOKENS, TokenizedDataset.INPUT_IDS);
        refuseNull(row, id, TokenizedExample.LABEL, TokenizedDataset.LABEL);
        for (int column = 0; column < row.size(); column++) {
            if (row.get(column) instanceof scala.collection.Seq<?> values && values.contains(null)) {
                throw bad(id, "a list holds a null");
            }
        }
        if (type.hasLabelSets()) {
            checkClasses(id, 0, TokenizedExample.ints(row, TokenizedExample.LABEL));
        }
        TokenizedExample example = TokenizedExample.of(row, id, type);
        int length = example.tokenIds().length;
        if (length == 0) {
            throw bad(id, TokenizedDataset.INPUT_IDS + " is empty");
        }
        if (Arrays.stream(example.tokenIds()).anyMatch(token -> token < 0)) {
            throw bad(id, TokenizedDataset.INPUT_IDS + " holds a number below 0");
        }
        if (example.typeIds().length != length
                || Arrays.stream(example.typeIds()).anyMatch(type -> type < 0 || type > Byte.MAX_VALUE)) {
            throw bad(id, String.format("%s is not %d numbers from 0 to 127", TokenizedDataset.TOKEN_TYPE_IDS, length));
        }
        checkTarget(example);
        if (type.hasWords()) {
            checkWords(example);
        }
        return example;
    }

    private void checkTarget(TokenizedExample example) {
        if (example.target() instanceof Numbers numbers) {
            if (!Float.isFinite(numbers.numbers()[0])) {
                throw bad(example.id(), "label " + numbers.numbers()[0] + " is not finite");
            }
            return;
        }
        if (example.target() instanceof LabelSets) {
            return;
        }
        boolean perToken = example.target() instanceof TokenClasses;
        int[] labels = perToken ? ((TokenClasses) example.target()).classes() : ((Classes) example.target()).classes();
        int lowest = perToken ? Targets.NONE : 0;
        if (perToken && labels.length != example.tokenIds().length) {
            throw bad(example.id(), String.format("%d labels for %d tokens", labels.length, example.tokenIds().length));
        }
        if (type == TaskType.LANGUAGE_MODELING) {
            checkNextTokens(example, labels);
        }
        if (type.hasClasses()) {
            checkClasses(example.id(), lowest, labels);
        }
        if (training && perToken && example.target().count() == 0) {
            throw bad(example.id(), "no token has a label to train on: leave the row out");
        }
    }

    private void checkClasses(long id, int lowest, int... labels) {
        for (int label : labels) {
            if (label < lowest || label >= classes) {
                throw bad(id, String.format("label %d is not a class, which are %d..%d", label, lowest, classes - 1));
            }
        }
    }

    private void checkNextTokens(TokenizedExample example, int... labels) {
        int last = labels.length - 1;
        for (int t = 0; t <= last; t++) {
            if (labels[t] != Targets.NONE && (t == last || labels[t] != example.tokenIds()[t + 1])) {
                throw bad(
                        example.id(),
                        String.format(
                                "label %d of token %d is not the next token: give the id of the next token, or %d where it is"
                                        + " not to be predicted, as after the last",
                                labels[t], t, Targets.NONE));
            }
        }
    }

    private void checkWords(TokenizedExample example) {
        int length = example.tokenIds().length;
        int starts = example.wordStarts() == null ? example.target().count() : example.wordStarts().length;
        if (example.words() != null && example.words().size() != starts) {
            throw bad(
                    example.id(),
                    String.format(
                            "%s has %d words where %s and labels tell of %d",
                            TokenizedDataset.WORDS, example.words().size(), TokenizedDataset.WORD_STARTS, starts));
        }
        if (example.wordStarts() != null
                && IntStream.of(example.wordStarts()).anyMatch(start -> start < -1 || start >= length)) {
            throw bad(
                    example.id(),
                    String.format("%s holds a number that is not -1..%d", TokenizedDataset.WORD_STARTS, length - 1));
        }
    }

    private void refuseNull(Row row, long id, int column, String columnName) {
        if (row.isNullAt(column)) {
            throw bad(id, columnName + " is null");
        }
    }

    private BadInputException bad(long id, String problem) {
        return new BadInputException(String.format("%s, row with id %d: %s", name, id, problem));
    }

    private static byte[] digest(TokenizedExample example) {
        MessageDigest digest = Sha256.start();
        digest.update(ByteBuffer.allocate(Long.BYTES).putLong(example.id()).array());
        update(digest, example.tokenIds());
        update(digest, example.typeIds());
        if (example.target() instanceof Numbers numbers) {
            update(digest, new int[] {Float.floatToIntBits(numbers.numbers()[0])});
        } else if (example.target() instanceof Classes one) {
            update(digest, one.classes());
        } else if (example.target() instanceof LabelSets sets) {
            update(digest, sets.classes(0));
        } else {
            update(digest, ((TokenClasses) example.target()).classes());
        }
        return digest.digest();
    }

    /** Length first, so that no two lists of arrays give the same bytes. */
    private static void update(MessageDigest digest, int[] values) {
        ByteBuffer bytes =
                ByteBuffer.allocate(Integer.BYTES * (values.length + 1)).putInt(values.length);
        for (int value : values) {
            bytes.putInt(value);
        }
        digest.update(bytes.array());
    }
}
