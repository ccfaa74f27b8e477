package org.erat.inference;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.from_json;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.stream.Stream;
import javax.annotation.Nullable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.erat.data.JsonFields;
import org.erat.data.UsageException;
import org.erat.data.storage.AtomicOutput;
import org.erat.data.text.TextToPredict.Kept;

/**
 * The file or folder of predictions. It appears whole or not at all.
 *
 * @param format how it is written
 * @param file where
 */
record PredictionOutput(PredictionFormat format, Path file, AtomicOutput output, Configuration hadoop) {
    /** Shows that a folder of Parquet files is one of predictions, which may be replaced. */
    static final String MARK = "_predictions";

    static PredictionOutput at(Path file, Configuration hadoop) {
        return new PredictionOutput(PredictionFormat.of(file), file, AtomicOutput.at(file, hadoop), hadoop);
    }

    /**
     * Checks, before long work, that it can be written.
     *
     * @throws UsageException if not
     */
    void require() {
        if (format == PredictionFormat.PARQUET) {
            output.requireFolder(MARK);
        } else {
            output.requireFile();
        }
    }

    /**
     * Checks that the columns that are kept can be written, and that none has the name of one that predict writes.
     *
     * @throws UsageException naming one that cannot
     */
    void requireColumns(StructType kept, PredictionColumns columns) {
        if (format == PredictionFormat.PARQUET) {
            Stream.of(kept.fields())
                    .filter(field -> hasOtherKeys(field.dataType()))
                    .findFirst()
                    .ifPresent(field -> {
                        throw new UsageException(String.format(
                                "Column '%s' is of type %s, and predict writes maps with strings as keys to Parquet. Name the"
                                        + " columns to keep with --keep and leave it out, or write %s as .jsonl.",
                                field.name(), field.dataType().simpleString(), file));
                    });
        }
        Set<String> names = new HashSet<>();
        for (String name : names(kept, columns)) {
            // Spark tells columns of Parquet apart without their case.
            if (!names.add(format == PredictionFormat.PARQUET ? name.toLowerCase(Locale.ROOT) : name)) {
                throw new UsageException("Two columns of " + file + " would be called '" + name
                        + "', one that is kept and one that predict writes. Name the columns to keep with --keep and"
                        + " leave it out, or rename it in the input.");
            }
        }
    }

    /** Whether there is a map whose keys are no strings, which JSON does not know. */
    private static boolean hasOtherKeys(DataType type) {
        if (type instanceof MapType map) {
            return !DataTypes.StringType.equals(map.keyType()) || hasOtherKeys(map.valueType());
        }
        if (type instanceof ArrayType array) {
            return hasOtherKeys(array.elementType());
        }
        return type instanceof StructType struct
                && Stream.of(struct.fields()).anyMatch(field -> hasOtherKeys(field.dataType()));
    }

    private List<String> names(StructType kept, PredictionColumns columns) {
        List<String> names = new ArrayList<>(List.of(kept.fieldNames()));
        names.addAll(
                format == PredictionFormat.CSV
                        ? PredictionCsv.header(columns)
                        : List.of(columns.types().fieldNames()));
        return names;
    }

    /**
     * Writes predictions.
     *
     * @param predictions JSON objects of {@code columns}, partition k for the k-th part of what is kept
     * @param kept null where nothing is
     */
    void write(SparkSession spark, JavaRDD<String> predictions, PredictionColumns columns, @Nullable Kept kept) {
        StructType keptTypes = kept == null ? new StructType() : kept.types();
        JavaRDD<String> objects = kept == null || keptTypes.isEmpty()
                ? predictions
                : predictions.mapPartitionsWithIndex((part, lines) -> joined(kept.ofPart(part), lines), true);
        switch (format) {
            case JSONL -> OrderedLines.write(List.of(), objects, output);
            case CSV -> {
                PredictionCsv csv = new PredictionCsv(List.of(keptTypes.fieldNames()), columns);
                OrderedLines.write(List.of(csv.header()), objects.map(csv::line), output);
            }
            case PARQUET -> {
                List<String> texts = Stream.of(keptTypes.fields())
                        .filter(field -> DataTypes.StringType.equals(field.dataType()))
                        .map(StructField::name)
                        .toList();
                JavaRDD<String> typed = texts.isEmpty() ? objects : objects.map(object -> withTexts(object, texts));
                writeParquet(spark, typed, all(keptTypes, columns.types()));
            }
        }
    }

    /** Spark would make texts of other values itself, and round the numbers among them. */
    private static String withTexts(String object, List<String> texts) throws IOException {
        Map<String, String> fields = JsonFields.of(object);
        for (String name : texts) {
            String text = fields.containsKey(name) ? JsonFields.text(fields.get(name)) : null;
            if (text != null) {
                fields.put(name, JsonFields.ofText(text));
            }
        }
        return JsonFields.object(fields);
    }

    private static StructType all(StructType kept, StructType columns) {
        StructType all = kept;
        for (StructField field : columns.fields()) {
            all = all.add(field);
        }
        return all;
    }

    private void writeParquet(SparkSession spark, JavaRDD<String> objects, StructType types) {
        Map<String, String> options = new HashMap<>(Kept.JSON_OPTIONS);
        options.put("mode", "FAILFAST");
        Dataset<String> texts = spark.createDataset(objects.rdd(), Encoders.STRING());
        output.wholeFolder(MARK, folder -> {
            texts.select(from_json(col("value"), types, options).as("row"))
                    .select("row.*")
                    .write()
                    .mode(SaveMode.Append)
                    .parquet(folder.toString());
            mark(folder);
        });
    }

    private void mark(Path folder) throws IOException {
        folder.getFileSystem(hadoop).create(new Path(folder, MARK), false).close();
    }

    /** Objects with the fields of two each. */
    private static Iterator<String> joined(Iterator<String> first, Iterator<String> second) {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return second.hasNext();
            }

            @Override
            public String next() {
                if (!first.hasNext()) {
                    throw new NoSuchElementException("More predictions than rows");
                }
                String kept = first.next();
                String predicted = second.next();
                String fields = kept.substring(1, kept.length() - 1);
                return fields.isEmpty() ? predicted : "{" + fields + "," + predicted.substring(1);
            }
        };
    }
}
