package org.erat.ml;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.ml.attribute.NominalAttribute;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.erat.data.UsageException;
import org.erat.data.tokenized.TaskType;

/**
 * The columns that a model adds, in this order: logits, probabilities, prediction, name of the class. An empty name leaves a
 * column out.
 *
 * @param classes names of the classes; empty where they are not known yet
 */
record PredictionSchema(AdapterStage<?> stage, List<String> classes) {
    /** The added columns. */
    List<StructField> fields() {
        AdapterParams params = stage.adapterParams();
        TaskType type = stage.taskType();
        DataType vector = SQLDataTypes.VectorType();
        return Stream.of(
                        stage.column(params.rawPredictionCol).map(name -> field(name, ofWords(vector))),
                        stage.column(params.probabilityCol).map(name -> field(name, ofWords(vector))),
                        stage.column(params.predictionCol).map(name -> prediction(name, type)),
                        stage.column(params.predictedLabelCol).map(name -> field(name, ofWords(DataTypes.StringType))))
                .flatMap(Optional::stream)
                .toList();
    }

    private StructField prediction(String name, TaskType type) {
        return switch (type) {
            case CLASSIFICATION ->
                classes.isEmpty()
                        ? field(name, DataTypes.DoubleType)
                        : DataTypes.createStructField(name, DataTypes.DoubleType, true, names(name));
            case REGRESSION -> field(name, DataTypes.DoubleType);
            case TOKEN_CLASSIFICATION -> field(name, ofWords(DataTypes.DoubleType));
            case MULTI_LABEL_CLASSIFICATION -> throw AdapterParams.noStageOf(type);
            case LANGUAGE_MODELING -> field(name, DataTypes.StringType);
        };
    }

    private Metadata names(String column) {
        return NominalAttribute.defaultAttr()
                .withName(column)
                .withValues(classes.toArray(String[]::new))
                .toMetadata();
    }

    private DataType ofWords(DataType one) {
        return stage.taskType().hasWords() ? DataTypes.createArrayType(one, true) : one;
    }

    private static StructField field(String name, DataType type) {
        return DataTypes.createStructField(name, type, true);
    }

    /**
     * The columns of a DataFrame after the model.
     *
     * @throws UsageException if one is there already
     */
    StructType after(StructType schema) {
        StructType all = schema;
        for (StructField field : fields()) {
            if (List.of(all.fieldNames()).contains(field.name())) {
                throw new UsageException(String.format(
                        "%s: the column '%s' is there already. Drop it, or name another one in the Param of the column.",
                        stage.uid(), field.name()));
            }
            all = all.add(field);
        }
        return all;
    }
}
