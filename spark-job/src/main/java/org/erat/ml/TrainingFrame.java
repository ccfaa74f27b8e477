package org.erat.ml;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.shiftrightunsigned;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;
import org.erat.data.BadInputException;
import org.erat.data.text.FrameTokenizer;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.job.TrainingData;

/**
 * The rows that an estimator trains on, tokenized, and kept on the executors until this is closed. Rows of a DataFrame have
 * no order that one could rely on: they are sorted by a hash of what is in them, so that the same rows give the same run
 * whatever order and partitions they come in.
 *
 * @param data both splits
 * @param validationRows how many rows quality can be measured on
 * @param kept what is released at the end
 */
record TrainingFrame(TrainingData data, long validationRows, Dataset<Row> kept, Broadcast<FrameTokenizer> tokenizer)
        implements AutoCloseable {
    private static final String VALIDATION = "validation";
    private static final int ROWS_TOGETHER = 256;

    /** Bits of a hash that a double holds. */
    private static final int FRACTION_BITS = 53;

    /**
     * Tokenizes the rows.
     *
     * @param columns with the names of the classes
     * @throws BadInputException if a row cannot be used, or a split has none
     */
    static TrainingFrame of(
            Dataset<Row> frame, AdapterStage<?> stage, ExampleColumns columns, FrameTokenizer tokenizer) {
        Broadcast<FrameTokenizer> sent = JavaSparkContext.fromSparkContext(
                        frame.sparkSession().sparkContext())
                .broadcast(tokenizer);
        Dataset<Row> sorted = sorted(tokenized(frame, stage, columns, sent)).persist(StorageLevel.MEMORY_AND_DISK());
        boolean usable = false;
        try {
            TokenizedDataset data = TokenizedDataset.of(
                    tokenizer.description(), sorted.where(not(col(VALIDATION))), sorted.where(col(VALIDATION)));
            usable = true;
            return new TrainingFrame(
                    TrainingData.of(data), data.manifest().validation().examples(), sorted, sent);
        } finally {
            if (!usable) {
                sorted.unpersist(false);
                sent.destroy();
            }
        }
    }

    private static Dataset<Row> tokenized(
            Dataset<Row> frame, AdapterStage<?> stage, ExampleColumns columns, Broadcast<FrameTokenizer> tokenizer) {
        List<Column> read = new ArrayList<>(
                columns.all().stream().map(name -> frame.col(quoted(name))).toList());
        // A name that no column has, so that one column may be read as several.
        read.add(isForValidation(frame, stage, columns).as(VALIDATION + stage.uid()));
        StructType schema = schema(columns);
        return frame.select(read.toArray(Column[]::new))
                .mapPartitions(
                        (MapPartitionsFunction<Row, Row>) rows -> tokenizedPart(rows, columns, tokenizer),
                        Encoders.row(schema));
    }

    private static Column isForValidation(Dataset<Row> frame, AdapterStage<?> stage, ExampleColumns columns) {
        AdapterParams params = stage.adapterParams();
        if (stage.column(params.validationIndicatorCol).isPresent()) {
            return frame.col(quoted(ExampleColumns.require(
                    frame.schema(), stage, params.validationIndicatorCol, "a boolean", DataTypes.BooleanType::equals)));
        }
        Column[] hashed = Stream.concat(
                        Stream.of(lit(stage.getSeed())), columns.keys().stream().map(name -> frame.col(quoted(name))))
                .toArray(Column[]::new);
        return shiftrightunsigned(xxhash64(hashed), Long.SIZE - FRACTION_BITS)
                .multiply(lit(Math.scalb(1.0, -FRACTION_BITS)))
                .lt(lit(stage.getValidationFraction()));
    }

    static String quoted(String name) {
        return "`" + name.replace("`", "``") + "`";
    }

    /** The columns of a tokenized data set that training reads, without ids, and the split. */
    private static StructType schema(ExampleColumns columns) {
        StructType schema = new StructType();
        for (StructField field : TokenizedDataset.schema(columns.type()).fields()) {
            if (!field.name().equals(TokenizedDataset.ID)) {
                // Token ids of the caller's may hold nulls, which are refused by name later.
                schema = schema.add(
                        field.name(),
                        field.dataType() instanceof ArrayType array
                                ? DataTypes.createArrayType(array.elementType(), true)
                                : field.dataType(),
                        true);
            }
        }
        return schema.add(VALIDATION, DataTypes.BooleanType, false);
    }

    private static Iterator<Row> tokenizedPart(
            Iterator<Row> rows, ExampleColumns columns, Broadcast<FrameTokenizer> tokenizer) {
        int width = schema(columns).size();
        if (columns.tokenized()) {
            return new RowChunks(
                    rows,
                    ROWS_TOGETHER,
                    chunk -> chunk.stream()
                            .map(row -> trainingRow(columns.tokenized(row), row, width))
                            .toList(),
                    () -> {});
        }
        FrameTokenizer.Opened opened = tokenizer.value().open();
        return new RowChunks(
                rows,
                ROWS_TOGETHER,
                chunk -> {
                    List<Row> tokenized =
                            opened.tokenized(chunk.stream().map(columns::text).toList());
                    List<Row> all = new ArrayList<>(chunk.size());
                    for (int i = 0; i < chunk.size(); i++) {
                        all.add(trainingRow(tokenized.get(i), chunk.get(i), width));
                    }
                    return all;
                },
                opened::close);
    }

    /** Without the id, and without what training does not read. */
    private static Row trainingRow(Row tokenized, Row source, int width) {
        Object[] values = new Object[width];
        for (int column = 0; column < width - 1; column++) {
            values[column] = tokenized.get(column + 1);
        }
        Object validation = source.get(source.size() - 1);
        if (validation == null) {
            throw new BadInputException("The validationIndicatorCol has a null. Give true or false in each row.");
        }
        values[width - 1] = validation;
        return RowFactory.create(values);
    }

    private static Dataset<Row> sorted(Dataset<Row> rows) {
        Column[] content = Stream.of(rows.columns())
                .filter(name -> !name.equals(VALIDATION))
                .map(rows::col)
                .toArray(Column[]::new);
        Column[] order =
                Stream.concat(Stream.of(xxhash64(content)), Stream.of(content)).toArray(Column[]::new);
        return rows.orderBy(order);
    }

    /** Releases the rows. */
    @Override
    public void close() {
        kept.unpersist(false);
        tokenizer.destroy();
    }
}
