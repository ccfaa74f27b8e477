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
import org.apache.spark.sql.types.ArrayType;
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
            boolean perToken = task.type().perToken();
            Dataset<Row> table = ExactPaths.reader(spark).parquet(path);
            List<Column> columns = new ArrayList<>(List.of(
                    column(table, task.text(), false),
                    column(table, task.label(), true)
                            .cast(perToken ? DataTypes.createArrayType(DataTypes.StringType) : DataTypes.StringType),
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
        requireValue(TEXT, task.text());
        requireValue(LABEL, task.label());
        if (task.type().perToken()) {
            List<String> words = last.getList(TEXT);
            int missing = words.indexOf(null);
            if (missing >= 0) {
                throw new BadInputException(
                        String.format("%s: word %d of column '%s' is null", place(), missing + 1, task.text()));
            }
            return new TextRow(words, last.getList(LABEL));
        }
        if (task.textPair() != null) {
            requireValue(PAIR, task.textPair());
        }
        return TextRow.of(
                last.getString(TEXT), task.textPair() == null ? null : last.getString(PAIR), last.getString(LABEL));
    }

    @Override
    public String place() {
        return last == null ? path : last.getString(FILE) + ", row " + (last.getLong(ROW) + 1);
    }

    @Override
    public void close() {}

    private void requireValue(int index, String column) {
        if (last.isNullAt(index)) {
            throw new BadInputException(String.format(
                    "%s: column '%s' is null; leave out rows without a text or a label", place(), column));
        }
    }

    private Column column(Dataset<Row> table, String name, boolean label) {
        List<String> names = Arrays.asList(table.columns());
        int index = names.indexOf(name);
        if (index < 0) {
            throw Columns.missing(name, names, path);
        }
        DataType type = table.schema().apply(index).dataType();
        DataType element = type;
        boolean perToken = task.type().perToken();
        if (perToken) {
            element = type instanceof ArrayType list ? list.elementType() : null;
        }
        boolean usable = DataTypes.StringType.equals(element)
                || (label && (element instanceof NumericType || DataTypes.BooleanType.equals(element)));
        if (!usable) {
            throw new BadInputException(String.format(
                    "%s: column '%s' is of type %s; a text is a string, a label a string, a number or a boolean%s",
                    path,
                    name,
                    type.simpleString(),
                    perToken ? ", and words and their labels are arrays of such" : ""));
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
