package org.erat.inference;

import java.io.IOException;
import java.io.OutputStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.erat.data.storage.AtomicOutput;

/** Lines in the order of ids, whatever the order in which tasks make them. */
public final class OrderedLines {
    /** Lines of one partition of the result: what the driver holds at a time. */
    static final int LINES_OF_A_PART = 1 << 14;

    private OrderedLines() {}

    /**
     * Makes the lines and writes them to a file, all or nothing.
     *
     * @param lines by id
     * @param ids above all ids, which are 0 or more
     */
    public static void write(JavaPairRDD<Long, String> lines, long ids, AtomicOutput output, ExampleProgress progress) {
        write(List.of(), sorted(lines, ids, progress), output);
    }

    /**
     * Makes the lines, which then lie on the disks of the executors.
     *
     * @return partition k holds the lines with ids from k · {@link #LINES_OF_A_PART} on, in order; to be read in this
     *     application
     */
    static JavaRDD<String> sorted(JavaPairRDD<Long, String> lines, long ids, ExampleProgress progress) {
        JavaPairRDD<Long, String> sorted = lines.repartitionAndSortWithinPartitions(new ById(ids));
        // Makes the lines; a job that reads the parts then finds their shuffled output.
        progress.await(sorted.foreachPartitionAsync(part -> {}));
        return sorted.values();
    }

    /** Writes lines to a file, all or nothing; the driver holds one partition at a time. */
    static void write(List<String> header, JavaRDD<String> lines, AtomicOutput output) {
        output.file(out -> {
            writeAll(header.iterator(), out);
            writeAll(lines.toLocalIterator(), out);
        });
    }

    private static void writeAll(Iterator<String> lines, OutputStream out) throws IOException {
        while (lines.hasNext()) {
            out.write((lines.next() + "\n").getBytes(StandardCharsets.UTF_8));
        }
    }

    /** Ranges of ids. */
    private static final class ById extends Partitioner implements Serializable {
        private static final long serialVersionUID = 1L;

        private final int parts;

        ById(long examples) {
            this.parts = Math.toIntExact((examples + LINES_OF_A_PART - 1) / LINES_OF_A_PART);
        }

        @Override
        public int numPartitions() {
            return parts;
        }

        @Override
        public int getPartition(Object key) {
            return (int) ((Long) key / LINES_OF_A_PART);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof ById that && that.parts == parts;
        }

        @Override
        public int hashCode() {
            return parts;
        }
    }
}
