package org.erat.data.text;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import javax.annotation.Nullable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.erat.data.Sha256;
import org.erat.data.tokenized.TaskType;

/**
 * Checked rows of one split on their way from the driver to the executors: files of JSON lines with a fixed number of
 * rows each, in order.
 */
final class StagedText implements Closeable {
    /** A few seconds of tokenization, and some megabytes of Parquet. */
    static final int ROWS_PER_PART = 16_384;

    private static final ObjectMapper JSON = JsonMapper.builder().build();

    private final FileSystem fs;
    private final Path folder;
    private final TaskType type;
    private final int rowsOfAPart;
    private final List<String> parts = new ArrayList<>();
    private final MessageDigest content = Sha256.start();
    private OutputStream out;
    private long rows;

    /**
     * @param type of the task
     * @param rowsOfAPart rows of each file but the last
     */
    StagedText(FileSystem fs, Path folder, TaskType type, int rowsOfAPart) {
        this.fs = fs;
        this.folder = folder;
        this.type = type;
        this.rowsOfAPart = rowsOfAPart;
    }

    /**
     * A row with its id.
     *
     * @param id position in its split, from 0
     * @param texts as in {@link TextRow}
     * @param labels as in {@link TextRow}
     * @param place where it was read, for messages
     * @param kept as in {@link TextRow}
     */
    record Row(
            long id,
            List<String> texts,
            List<String> labels,
            String place,
            @Nullable @JsonInclude(JsonInclude.Include.NON_NULL) Map<String, String> kept) {}

    /** Adds a row; its id is the number of rows before it. */
    void add(TextRow row, String place) throws IOException {
        if (rows % rowsOfAPart == 0) {
            close();
            Path part = new Path(folder, String.format("part-%05d.jsonl", parts.size()));
            out = fs.create(part, false);
            parts.add(part.toString());
        }
        out.write(JSON.writeValueAsBytes(new Row(rows, row.texts(), row.labels(), place, row.kept())));
        out.write('\n');
        rows++;
        if (type.perToken()) {
            // The number of texts keeps those of one row apart from those of the next.
            digest(Integer.toString(row.texts().size()));
        }
        if (type.hasLabelSets()) {
            digest(Integer.toString(row.labels().size()));
        }
        row.texts().forEach(this::digest);
        if (!type.perToken() && row.texts().size() == 1) {
            digest("");
        }
        row.labels().forEach(this::digest);
    }

    /** Number of rows added. */
    long rows() {
        return rows;
    }

    /** Paths of the files, in order. */
    List<String> parts() {
        return Collections.unmodifiableList(parts);
    }

    /** SHA-256 of texts, second texts (or an empty one) and labels, in order; ends the digest. */
    String contentSha256() {
        return Sha256.hex(content);
    }

    @Override
    public void close() throws IOException {
        if (out != null) {
            out.close();
            out = null;
        }
    }

    /** Reads the rows of one file back. */
    static MappingIterator<Row> read(Configuration hadoop, String part) throws IOException {
        Path path = new Path(part);
        InputStream bytes = path.getFileSystem(hadoop).open(path);
        return JSON.readerFor(Row.class).readValues(bytes);
    }

    /** Length first, so that no two lists of texts run into the same bytes. */
    private void digest(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        content.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
        content.update(bytes);
    }
}
