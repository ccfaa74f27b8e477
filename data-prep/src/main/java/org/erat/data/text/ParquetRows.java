package org.erat.data.text;

import static org.apache.spark.sql.functions.col;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.apache.commons.lang3.exception.ExceptionUtils;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.NumericType;
import org.erat.data.BadInputException;
import org.erat.data.storage.ExactPaths;

/** Rows of Parquet files, in the order of file names and of the rows in them, however Spark splits the files. */
final class ParquetRows implements TextRows {
    private static final int TEXT = 0;
    private static final int LABEL = 1;
    private static final int FILE = 2;
    private static final int ROW = 3;
    private static final int PAIR = 4;

    private final TextTask task;
    private final String path;
    private final Iterator<Row> rows;
    private Row last;

    ParquetRows(TextTask task, SparkSession spark, String path) {
        this.task = task;
        this.path = path;
        try {
            Dataset<Row> table = ExactPaths.reader(spark).parquet(path);
            List<Column> columns = new ArrayList<>(List.of(
                    column(table, task.text(), false),
                    column(table, task.label(), true).cast(DataTypes.StringType),
                    col("_metadata.file_path").as("file"),
                    col("_metadata.row_index").as("row")));
            if (task.textPair() != null) {
                columns.add(column(table, task.textPair(), false));
            }
            this.rows = table.select(columns.toArray(Column[]::new))
                    .orderBy("file", "row")
                    .toLocalIterator();
        } catch (BadInputException e) {
            throw e;
        } catch (Exception e) {
            // Spark's AnalysisException is a checked one that its Java interface does not declare.
            throw unreadable(e);
        }
    }

    @Override
    public TextRow read() throws IOException {
        try {
            if (!rows.hasNext()) {
                return null;
            }
            last = rows.next();
        } catch (RuntimeException e) {
            throw unreadable(e);
        }
        return new TextRow(
                value(TEXT, task.text()),
                task.textPair() == null ? null : value(PAIR, task.textPair()),
                value(LABEL, task.label()));
    }

    @Override
    public String place() {
        return last == null ? path : last.getString(FILE) + ", row " + (last.getLong(ROW) + 1);
    }

    @Override
    public void close() {}

    private String value(int index, String column) {
        if (last.isNullAt(index)) {
            throw new BadInputException(String.format(
                    "%s: column '%s' is null; leave out rows without a text or a label", place(), column));
        }
        return last.getString(index);
    }

    private Column column(Dataset<Row> table, String name, boolean label) {
        List<String> names = Arrays.asList(table.columns());
        int index = names.indexOf(name);
        if (index < 0) {
            throw Columns.missing(name, names, path);
        }
        DataType type = table.schema().apply(index).dataType();
        boolean usable = type.equals(DataTypes.StringType)
                || (label && (type instanceof NumericType || type.equals(DataTypes.BooleanType)));
        if (!usable) {
            throw new BadInputException(String.format(
                    "%s: column '%s' is of type %s; a text is a string, a label a string, a number or a boolean",
                    path, name, type.simpleString()));
        }
        return col("`" + name.replace("`", "``") + "`");
    }

    /** The first cause says what is wrong with the file; Spark wraps it in reports of tasks, with their stacks. */
    private BadInputException unreadable(Exception e) {
        Throwable cause = ExceptionUtils.getRootCause(e);
        String reason = String.valueOf(cause.getMessage()).lines().findFirst().orElse(cause.toString());
        return new BadInputException(String.format("%s cannot be read as Parquet: %s", path, reason), e);
    }
}
