package org.erat.ml;

import java.io.Serializable;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import javax.annotation.Nullable;
import org.apache.spark.ml.param.Param;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StructType;
import org.erat.data.BadInputException;
import org.erat.data.NearestName;
import org.erat.data.UsageException;
import org.erat.data.text.FrameTokenizer;
import org.erat.data.tokenized.TaskType;

/**
 * Which columns of a DataFrame an example is read from.
 *
 * @param type of the task
 * @param text column of the text, the words or the prompt; null where there are token ids
 * @param pair column of the second text, or null
 * @param tokens column of the token ids, or null
 * @param types column of the token types, or null
 * @param label column of the label or the completion; null where it is not asked for
 * @param classes names of the classes in the order of their indices; empty where they are not known or not needed
 */
record ExampleColumns(
        TaskType type,
        @Nullable String text,
        @Nullable String pair,
        @Nullable String tokens,
        @Nullable String types,
        @Nullable String label,
        List<String> classes)
        implements Serializable {
    /**
     * The columns that a stage names.
     *
     * @param labelled whether the label is read
     * @throws UsageException if one is missing or of another type; names its Param and the fix
     */
    static ExampleColumns of(StructType schema, AdapterStage<?> stage, boolean labelled) {
        AdapterParams params = stage.adapterParams();
        TaskType type = stage.taskType();
        Optional<String> tokens = stage.column(params.tokensCol);
        String text = null;
        String pair = null;
        String types = null;
        if (tokens.isPresent()) {
            require(schema, stage, params.tokensCol, "an array of int", ExampleColumns::areInts);
            if (stage.column(params.textPairCol).isPresent()) {
                throw new UsageException(
                        stage.uid() + ": tokensCol and textPairCol are both set. Leave one of them out;"
                                + " of two texts as token ids, tokenTypesCol says which is which.");
            }
            types = stage.column(params.tokenTypesCol)
                    .map(name ->
                            require(schema, stage, params.tokenTypesCol, "an array of int", ExampleColumns::areInts))
                    .orElse(null);
        } else {
            text = type.hasWords()
                    ? require(schema, stage, params.textCol, "an array of strings", ExampleColumns::areStrings)
                    : require(schema, stage, params.textCol, "a string", DataTypes.StringType::equals);
            pair = stage.column(params.textPairCol)
                    .map(name -> require(schema, stage, params.textPairCol, "a string", DataTypes.StringType::equals))
                    .orElse(null);
        }
        String label = labelled ? label(schema, stage) : null;
        return new ExampleColumns(type, text, pair, tokens.orElse(null), types, label, List.of());
    }

    private static String label(StructType schema, AdapterStage<?> stage) {
        Param<String> param = stage.adapterParams().labelCol;
        return switch (stage.taskType()) {
            case CLASSIFICATION ->
                require(
                        schema,
                        stage,
                        param,
                        "a string or a number",
                        of -> of.equals(DataTypes.StringType) || of instanceof NumericType);
            case REGRESSION -> require(schema, stage, param, "a number", NumericType.class::isInstance);
            case TOKEN_CLASSIFICATION ->
                require(schema, stage, param, "an array of strings", ExampleColumns::areStrings);
            case MULTI_LABEL_CLASSIFICATION -> throw AdapterParams.noStageOf(stage.taskType());
            case LANGUAGE_MODELING -> require(schema, stage, param, "a string", DataTypes.StringType::equals);
        };
    }

    /** The column that a Param names. */
    static String require(
            StructType schema, AdapterStage<?> stage, Param<String> param, String what, Predicate<DataType> fits) {
        String name = stage.column(param)
                .orElseThrow(
                        () -> new UsageException(stage.uid() + ": set " + param.name() + ", " + param.doc() + "."));
        List<String> names = List.of(schema.fieldNames());
        if (!names.contains(name)) {
            throw new UsageException(String.format(
                    "%s: there is no column '%s'%s. Set %s to one of %s.",
                    stage.uid(), name, NearestName.hint(name, names), param.name(), String.join(", ", names)));
        }
        DataType type = schema.apply(name).dataType();
        if (!fits.test(type)) {
            throw new UsageException(String.format(
                    "%s: column '%s' (%s) is of type %s and has to be %s. Cast it, or set %s to another column.",
                    stage.uid(), name, param.name(), type.simpleString(), what, param.name()));
        }
        return name;
    }

    private static boolean areInts(DataType type) {
        return type instanceof ArrayType array && array.elementType().equals(DataTypes.IntegerType);
    }

    private static boolean areStrings(DataType type) {
        return type instanceof ArrayType array && array.elementType().equals(DataTypes.StringType);
    }

    /** The same with the names of the classes. */
    ExampleColumns withClasses(List<String> names) {
        return new ExampleColumns(type, text, pair, tokens, types, label, List.copyOf(names));
    }

    /** What decides whether two rows are the same but for their labels; all completions of a prompt are. */
    List<String> keys() {
        return Stream.of(text, pair, tokens, types).filter(name -> name != null).toList();
    }

    /** All columns that are read. */
    List<String> all() {
        return Stream.of(text, pair, tokens, types, label)
                .filter(name -> name != null)
                .toList();
    }

    /** Whether examples are token ids, and not texts. */
    boolean tokenized() {
        return tokens != null;
    }

    /** Texts and labels of a row. */
    FrameTokenizer.Text text(Row row) {
        List<String> texts = type.hasWords()
                ? strings(row, text)
                : pair == null ? List.of(string(row, text)) : List.of(string(row, text), string(row, pair));
        if (label == null) {
            return new FrameTokenizer.Text(texts, List.of());
        }
        return switch (type) {
            case MULTI_LABEL_CLASSIFICATION -> throw AdapterParams.noStageOf(type);
            case LANGUAGE_MODELING ->
                new FrameTokenizer.Text(List.of(filled(row, text), filled(row, label)), List.of());
            case TOKEN_CLASSIFICATION -> new FrameTokenizer.Text(texts, ofWords(row, texts.size()));
            case CLASSIFICATION -> new FrameTokenizer.Text(texts, List.of(className(row)));
            case REGRESSION -> new FrameTokenizer.Text(texts, List.of(Float.toString(number(row))));
        };
    }

    private List<String> ofWords(Row row, int words) {
        List<String> labels = strings(row, label);
        if (labels.size() != words) {
            throw new BadInputException(String.format(
                    "A row has %d words in '%s' but %d labels in '%s'. Give each word one label.",
                    words, text, labels.size(), label));
        }
        return labels;
    }

    /** Token ids of a row with its label, as the columns of a tokenized data set. */
    Row tokenized(Row row) {
        Object target = null;
        if (label != null) {
            target = type.hasClasses() ? (Object) classes.indexOf(className(row)) : (Object) number(row);
        }
        Object ofTypes = types == null ? null : value(row, types);
        return RowFactory.create(0L, value(row, tokens), ofTypes, target);
    }

    private String className(Row row) {
        Object value = value(row, label);
        if (value instanceof Number index) {
            double number = index.doubleValue();
            if (number != Math.rint(number) || number < 0 || number >= classes.size()) {
                throw new BadInputException(String.format(
                        "Column '%s' has the label %s, which is no class index from 0 to %d. Index the labels with Spark's"
                                + " StringIndexer, or cast them to strings.",
                        label, value, classes.size() - 1));
            }
            return classes.get((int) number);
        }
        return (String) value;
    }

    private float number(Row row) {
        float number = ((Number) value(row, label)).floatValue();
        if (!Float.isFinite(number)) {
            throw new BadInputException(String.format(
                    "Column '%s' has the label %s, which is not finite. Leave the row out.", label, number));
        }
        return number;
    }

    private String filled(Row row, String column) {
        String value = string(row, column);
        if (value.isBlank()) {
            throw new BadInputException(String.format("Column '%s' has an empty text. Leave the row out.", column));
        }
        return value;
    }

    private static String string(Row row, String column) {
        return (String) value(row, column);
    }

    private static List<String> strings(Row row, String column) {
        value(row, column);
        List<String> values = row.getList(row.fieldIndex(column));
        if (values.contains(null)) {
            throw new BadInputException(
                    String.format("Column '%s' has a list with a null in it. Leave the row out.", column));
        }
        return List.copyOf(values);
    }

    private static Object value(Row row, String column) {
        Object value = row.get(row.fieldIndex(column));
        if (value == null) {
            throw new BadInputException(
                    String.format("Column '%s' has a null. Leave out rows without a value.", column));
        }
        return value;
    }
}
