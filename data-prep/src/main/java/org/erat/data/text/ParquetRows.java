package org.erat.data.text;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.lang3.exception.ExceptionUtils;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.erat.data.BadInputException;
import org.erat.data.FileSignature;
import org.erat.data.JsonFields;
import org.erat.data.storage.ExactPaths;

/** Rows of Parquet files, in the order of file names and of the rows in them, however Spark splits the files. */
final class ParquetRows implements TextRows {
    private static final int TEXT = 0;
    private static final int LABEL = 1;
    private static final int FILE = 2;
    private static final int ROW = 3;
    private static final int KEPT = 4;
    private static final int PAIR = 5;

    /**
     * How values that JSON does not know become text: to the microsecond, and nulls too. In UTC, since offsets of other zones
     * once had seconds.
     */
    static final Map<String, String> AS_JSON = Map.of(
            "ignoreNullFields", "false",
            "timeZone", "UTC",
            "timestampFormat", "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
            "timestampNTZFormat", "yyyy-MM-dd'T'HH:mm:ss.SSSSSS");

    private final TextTask task;
    private final SparkSession spark;
    private final List<Path> files;
    private final Iterator<Row> rows;
    private final StructType keptTypes;
    private Row last;

    ParquetRows(TextTask task, KeptColumns keep, SparkSession spark, List<Path> files) {
        this.task = task;
        this.spark = spark;
        this.files = files;
        try {
            boolean hasLists = task.type().hasWords() || task.type().hasLabelSets();
            Dataset<Row> table = ExactPaths.reader(spark)
                    .options(partitions(files))
                    .parquet(files.stream().map(Path::toString).toArray(String[]::new));
            List<StructField> kept = kept(table, keep);
            this.keptTypes = new StructType(kept.toArray(StructField[]::new));
            List<Column> columns = new ArrayList<>(List.of(
                    column(table, task.text(), false),
                    label(table)
                            .cast(hasLists ? DataTypes.createArrayType(DataTypes.StringType) : DataTypes.StringType),
                    col("_metadata.file_path").as("file"),
                    col("_metadata.row_index").as("row"),
                    kept.isEmpty()
                            ? lit(null)
                            : to_json(
                                    struct(kept.stream()
                                            .map(field -> col(quoted(field.name())))
                                            .toArray(Column[]::new)),
                                    AS_JSON)));
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
        return textRow().keeping(last.isNullAt(KEPT) ? null : JsonFields.of(last.getString(KEPT)));
    }

    private TextRow textRow() {
        requireValue(TEXT, task.text());
        if (task.type().hasWords()) {
            List<String> words = last.getList(TEXT);
            int missing = words.indexOf(null);
            if (missing >= 0) {
                throw new BadInputException(String.format(
                        "%s: word %d of column '%s' is null; leave it out", place(), missing + 1, task.text()));
            }
            if (task.label() == null) {
                return new TextRow(words, List.of());
            }
            requireValue(LABEL, task.label());
            return new TextRow(words, last.getList(LABEL));
        }
        if (task.textPair() != null) {
            requireValue(PAIR, task.textPair());
        }
        if (task.type().hasLabelSets()) {
            if (task.label() != null) {
                requireValue(LABEL, task.label());
            }
            return TextRow.ofLabelSet(
                    last.getString(TEXT),
                    task.textPair() == null ? null : last.getString(PAIR),
                    task.label() == null ? List.of() : last.getList(LABEL));
        }
        return TextRow.of(
                last.getString(TEXT), task.textPair() == null ? null : last.getString(PAIR), last.getString(LABEL));
    }

    @Override
    public String place() {
        return last == null ? InputFiles.names(files) : last.getString(FILE) + ", row " + (last.getLong(ROW) + 1);
    }

    @Override
    public Optional<StructType> keptTypes() {
        return Optional.of(keptTypes);
    }

    @Override
    public void close() {}

    private List<StructField> kept(Dataset<Row> table, KeptColumns keep) {
        List<String> names = Arrays.asList(table.columns());
        keep.names().stream().filter(name -> !names.contains(name)).findFirst().ifPresent(name -> {
            throw Columns.missing(name, names, InputFiles.names(files));
        });
        return keep.among(names).stream()
                .map(name -> table.schema().apply(names.indexOf(name)))
                .toList();
    }

    /**
     * What the reader has to know of where the files are: the folder that all are below, where folders inside it are values
     * of columns, {@code lang=en}.
     */
    private static Map<String, String> partitions(List<Path> files) {
        if (files.stream().noneMatch(file -> file.getParent().toString().contains("="))) {
            return Map.of();
        }
        Path folder = files.get(0).getParent();
        while (folder.getParent() != null && (folder.getName().contains("=") || !isAbove(folder, files))) {
            folder = folder.getParent();
        }
        return Map.of("basePath", folder.toString());
    }

    private static boolean isAbove(Path folder, List<Path> files) {
        String start = folder + Path.SEPARATOR;
        return files.stream().allMatch(file -> file.toString().startsWith(start));
    }

    private void requireValue(int index, String column) {
        if (last.isNullAt(index)) {
            throw new BadInputException(
                    String.format("%s: column '%s' is null; leave out rows without a value", place(), column));
        }
    }

    private Column label(Dataset<Row> table) {
        return task.label() == null ? lit(null) : column(table, task.label(), true);
    }

    private Column column(Dataset<Row> table, String name, boolean label) {
        List<String> names = Arrays.asList(table.columns());
        int index = names.indexOf(name);
        if (index < 0) {
            throw Columns.missing(name, names, InputFiles.names(files));
        }
        DataType type = table.schema().apply(index).dataType();
        DataType element = type;
        boolean messages = task.columns() instanceof TextColumns.OfMessages;
        boolean hasWords = task.type().hasWords();
        boolean hasLabels = task.type().hasLabelSets();
        if (hasWords || (label && hasLabels)) {
            element = type instanceof ArrayType list ? list.elementType() : null;
        }
        if (messages && type instanceof ArrayType) {
            return to_json(col(quoted(name)));
        }
        boolean usable = (!messages && DataTypes.StringType.equals(element))
                || (label && (element instanceof NumericType || DataTypes.BooleanType.equals(element)));
        if (!usable) {
            throw new BadInputException(String.format(
                    "%s: column '%s' is of type %s; a text is a string, a label a string, a number or a boolean%s. Write"
                            + " the column so, or name another",
                    InputFiles.names(files),
                    name,
                    type.simpleString(),
                    hasWords
                            ? ", and words and their labels are arrays of such"
                            : messages
                                    ? ", and messages are an array"
                                    : hasLabels ? ", and the labels of an example are an array of such" : ""));
        }
        return col(quoted(name));
    }

    private static String quoted(String name) {
        return "`" + name.replace("`", "``") + "`";
    }

    /** The first cause says what is wrong with the file; Spark wraps it in reports of tasks, with their stacks. */
    private BadInputException unreadable(Exception e) {
        Throwable cause = ExceptionUtils.getRootCause(e);
        String message = cause.getMessage() == null ? "" : cause.getMessage();
        String reason = message.lines()
                .findFirst()
                .map(line -> cause instanceof ClassNotFoundException ? "there is no " + line : line)
                .orElse(cause.getClass().getSimpleName());
        return notParquet()
                .orElseGet(() -> new BadInputException(
                        String.format(
                                "%s cannot be read as Parquet: %s. Write it again as Spark reads it: names of columns that differ"
                                        + " in more than case; strings, whole numbers, floats or doubles; compressed with snappy,"
                                        + " gzip or zstd",
                                InputFiles.names(files), reason),
                        e));
    }

    /** The first file that does not begin as a Parquet file does. */
    private Optional<BadInputException> notParquet() {
        for (Path file : files) {
            try (InputStream in = file.getFileSystem(spark.sparkContext().hadoopConfiguration())
                    .open(file)) {
                byte[] head = in.readNBytes(FileSignature.BYTES);
                if (!new String(head, 0, Math.min(head.length, 4), StandardCharsets.ISO_8859_1).equals("PAR1")) {
                    return Optional.of(FileSignature.explain(
                            file.toString(),
                            head,
                            new BadInputException(file + " is not a Parquet file: check --format, or copy it again")));
                }
            } catch (IOException e) {
                return Optional.empty();
            }
        }
        return Optional.empty();
    }
}
