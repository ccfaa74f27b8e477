package org.erat.inference;

import java.io.Serializable;
import java.util.List;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StructType;
import org.erat.data.tokenized.TaskType;

/**
 * What is written of a prediction, by name.
 *
 * @param type what is predicted
 * @param classes their names; empty for numbers
 * @param withId whether the id of the example is written
 * @param labelled whether the label is
 */
record PredictionColumns(TaskType type, List<String> classes, boolean withId, boolean labelled)
        implements Serializable {
    static final String ID = "id";
    static final String PREDICTION = "prediction";
    static final String PROBABILITIES = "probabilities";
    static final String LABEL = "label";
    static final String WORDS = "words";
    static final String PREDICTIONS = "predictions";
    static final String LABELS = "labels";

    /** The columns with their types. */
    StructType types() {
        StructType types = withId ? new StructType().add(ID, DataTypes.LongType) : new StructType();
        if (type.hasWords()) {
            ArrayType names = DataTypes.createArrayType(DataTypes.StringType);
            types = types.add(WORDS, names).add(PREDICTIONS, names);
            return labelled ? types.add(LABELS, names) : types;
        }
        if (type.hasLabelSets()) {
            ArrayType names = DataTypes.createArrayType(DataTypes.StringType);
            types = types.add(PREDICTIONS, names)
                    .add(PROBABILITIES, DataTypes.createMapType(DataTypes.StringType, DataTypes.DoubleType));
            return labelled ? types.add(LABELS, names) : types;
        }
        // The same decimals as in text.
        DataType value = type.hasClasses() ? DataTypes.StringType : DataTypes.DoubleType;
        types = types.add(PREDICTION, value);
        if (type.hasClasses()) {
            MapType byClass = DataTypes.createMapType(DataTypes.StringType, DataTypes.DoubleType);
            types = types.add(PROBABILITIES, byClass);
        }
        return labelled ? types.add(LABEL, value) : types;
    }
}
