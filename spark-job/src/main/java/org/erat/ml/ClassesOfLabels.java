package org.erat.ml;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.max;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.spark.ml.attribute.Attribute;
import org.apache.spark.ml.attribute.BinaryAttribute;
import org.apache.spark.ml.attribute.NominalAttribute;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StructField;
import org.erat.data.BadInputException;
import org.erat.data.text.ClassNames;
import scala.Option;

/** The classes that the labels of a DataFrame name. */
final class ClassesOfLabels {
    private ClassesOfLabels() {}

    /**
     * Names of the classes in the order of their indices: strings in the order of {@link ClassNames}, or for numbers the
     * names in the metadata of the column, else the numbers.
     *
     * @throws BadInputException if there are not two classes, or too many
     */
    static List<String> of(Dataset<Row> rows, ExampleColumns columns) {
        StructField field = rows.schema().apply(columns.label());
        List<String> names = field.dataType() instanceof NumericType
                ? named(field).orElseGet(() -> numbered(rows, columns.label()))
                : distinct(rows, columns);
        if (names.size() < 2) {
            throw new BadInputException("Column '" + columns.label() + "' has the labels " + names
                    + ", and classification needs two classes or more.");
        }
        return names;
    }

    private static Optional<List<String>> named(StructField field) {
        Attribute attribute = Attribute.fromStructField(field);
        Option<String[]> values = attribute instanceof NominalAttribute nominal
                ? nominal.values()
                : attribute instanceof BinaryAttribute binary ? binary.values() : Option.empty();
        return values.isDefined() ? Optional.of(Arrays.asList(values.get())) : Optional.empty();
    }

    private static List<String> numbered(Dataset<Row> rows, String label) {
        Row highest = rows.agg(max(col(TrainingFrame.quoted(label)).cast(DataTypes.DoubleType)))
                .head();
        double last = highest.isNullAt(0) ? -1 : highest.getDouble(0);
        if (!(last < ClassNames.MOST)) {
            throw tooMany(label);
        }
        return IntStream.rangeClosed(0, (int) last).mapToObj(Integer::toString).toList();
    }

    private static List<String> distinct(Dataset<Row> rows, ExampleColumns columns) {
        Column label = col(TrainingFrame.quoted(columns.label()));
        List<String> names = rows
                .select((columns.type().hasWords() ? explode(label) : label).as("label"))
                .distinct()
                .limit(ClassNames.MOST + 1)
                .collectAsList()
                .stream()
                .map(row -> row.getString(0))
                .filter(Objects::nonNull)
                .toList();
        if (names.size() > ClassNames.MOST) {
            throw tooMany(columns.label());
        }
        return ClassNames.inOrder(names);
    }

    private static BadInputException tooMany(String label) {
        return new BadInputException(String.format(
                "Column '%s' has more than %,d different labels. Is it the label? A number to predict is for AdapterRegressor.",
                label, ClassNames.MOST));
    }
}
