package org.erat.data.tokenized;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.erat.data.storage.ExactPaths;
import org.erat.data.storage.Storage;
import scala.Tuple2;
import scala.collection.JavaConverters;

/** A tokenized data set on any Hadoop FileSystem: its manifest, and its examples as logical shards. */
public final class TokenizedDataset {
    /** Columns of the Parquet files; {@code label} is an int for classification and a float for regression. */
    public static final String ID = "id";

    public static final String INPUT_IDS = "input_ids";
    public static final String TOKEN_TYPE_IDS = "token_type_ids";
    public static final String LABEL = "label";

    private final SparkSession spark;
    private final String directory;
    private final Manifest manifest;

    private TokenizedDataset(SparkSession spark, String directory, Manifest manifest) {
        this.spark = spark;
        this.directory = directory;
        this.manifest = manifest;
    }

    /**
     * Opens the data set in {@code directory}; reads its manifest only.
     *
     * @throws BadInputException if there is no data set, or one of another version
     */
    public static TokenizedDataset open(SparkSession spark, String directory) {
        Manifest manifest = Manifest.read(spark.sparkContext().hadoopConfiguration(), Storage.path(directory));
        return new TokenizedDataset(spark, directory, manifest);
    }

    /** What the data set is. */
    public Manifest manifest() {
        return manifest;
    }

    /** Where the data set is. */
    public String directory() {
        return directory;
    }

    /** Schema of the Parquet files of a task of type {@code type}. */
    public static StructType schema(TaskType type) {
        return new StructType()
                .add(ID, DataTypes.LongType, false)
                .add(INPUT_IDS, DataTypes.createArrayType(DataTypes.IntegerType, false), false)
                .add(TOKEN_TYPE_IDS, DataTypes.createArrayType(DataTypes.IntegerType, false), false)
                .add(LABEL, type == TaskType.CLASSIFICATION ? DataTypes.IntegerType : DataTypes.FloatType, false);
    }

    /**
     * The examples of {@code split} in {@code shards} partitions of one element each; partition k is shard k. Example id
     * belongs to shard id mod {@code shards}, and a shard is in the order of ids, whatever the cluster and the layout of
     * the files; so shards differ by one example at most. Not cached.
     *
     * @param limit most examples, spread evenly over the data set so that a sorted one keeps its mixture; 0 for all
     * @throws UsageException if {@code shards} is below 1 or above the number of examples
     */
    public JavaRDD<PackedExamples> shards(Split split, int shards, int limit) {
        long all = manifest.summary(split).examples();
        long examples = examples(split, limit);
        if (shards < 1) {
            throw new UsageException(String.format("%d shards: training.shards must be at least 1", shards));
        }
        if (shards > examples) {
            throw new UsageException(String.format(
                    "%d shards of %d examples (%s of %s): lower training.shards to %d or less",
                    shards, examples, split, directory, examples));
        }
        String place = directory + "/" + split.directory();
        return rows(split)
                .javaRDD()
                .mapPartitionsToPair(rows -> pieces(new IntactRows(rows, place), shards, examples, all))
                .partitionBy(new ByShard(shards))
                .mapPartitionsWithIndex(
                        (shard, pieces) -> List.of(shard(pieces, place, shard, shards, examples, all))
                                .iterator(),
                        true);
    }

    /** All examples of {@code split} in {@code shards} partitions. */
    public JavaRDD<PackedExamples> shards(Split split, int shards) {
        return shards(split, shards, 0);
    }

    /** Examples of {@code split} under a limit, 0 for none. */
    public long examples(Split split, int limit) {
        long all = manifest.summary(split).examples();
        return limit == 0 ? all : Math.min(limit, all);
    }

    /** Place of an example among the {@code kept} of {@code all} that a limit keeps, or -1: every (all/kept)-th stays. */
    private static long place(long id, long kept, long all) {
        return id * kept % all < kept ? id * kept / all : -1;
    }

    private Dataset<Row> rows(Split split) {
        Path place = new Path(directory, split.directory());
        try {
            if (!place.getFileSystem(spark.sparkContext().hadoopConfiguration()).exists(place)) {
                throw new BadInputException(String.format(
                        "%s does not exist, though %s/%s names it: prepare the data again",
                        place, directory, Manifest.FILE));
            }
        } catch (java.io.IOException e) {
            throw new BadInputException(String.format("%s cannot be read: %s", place, e.getMessage()), e);
        }
        return ExactPaths.reader(spark)
                .schema(schema(manifest.type()))
                // Parquet writes a checksum with each page, and leaves it to the reader whether to look.
                .option("parquet.page.verify-checksum.enabled", true)
                .parquet(place.toString());
    }

    /** Packs the rows of one file partition by shard, so that few large objects are shuffled and not every row. */
    private static Iterator<Tuple2<Integer, PackedExamples>> pieces(
            Iterator<Row> rows, int shards, long kept, long all) {
        LocalFolders.nameWhereFull();
        PackedExamplesBuilder[] builders = new PackedExamplesBuilder[shards];
        while (rows.hasNext()) {
            Row row = rows.next();
            long id = row.getLong(0);
            long place = place(id, kept, all);
            if (place < 0) {
                continue;
            }
            int shard = (int) (place % shards);
            if (builders[shard] == null) {
                builders[shard] = new PackedExamplesBuilder();
            }
            builders[shard].add(id, ints(row, 1), ints(row, 2), ((Number) row.get(3)).floatValue());
        }
        List<Tuple2<Integer, PackedExamples>> pieces = new ArrayList<>();
        for (int shard = 0; shard < shards; shard++) {
            if (builders[shard] != null) {
                pieces.add(new Tuple2<>(shard, builders[shard].build()));
            }
        }
        return pieces.iterator();
    }

    private static int[] ints(Row row, int column) {
        List<Integer> values = JavaConverters.seqAsJavaList(row.<Integer>getSeq(column));
        return values.stream().mapToInt(Integer::intValue).toArray();
    }

    private static PackedExamples shard(
            Iterator<Tuple2<Integer, PackedExamples>> pieces,
            String directory,
            int shard,
            int shards,
            long examples,
            long all) {
        LocalFolders.nameWhereFull();
        List<PackedExamples> parts = new ArrayList<>();
        pieces.forEachRemaining(piece -> parts.add(piece._2()));
        PackedExamples merged = PackedExamples.merged(parts);
        long expected = (examples - shard + shards - 1) / shards;
        // The ids of a whole data set are 0..n-1, so those of a shard are known: any other means lost or doubled files.
        boolean whole = merged.size() == expected;
        for (int i = 0; whole && i < merged.size(); i++) {
            whole = place(merged.id(i), examples, all) == shard + (long) i * shards;
        }
        if (!whole) {
            throw new BadInputException(String.format(
                    "%s does not hold the ids 0..%d once each, as its manifest says: files are missing or doubled,"
                            + " prepare the data again",
                    directory, all - 1));
        }
        return merged;
    }

    /** Sends key k to partition k. */
    private static final class ByShard extends Partitioner {
        private static final long serialVersionUID = 1L;

        private final int shards;

        ByShard(int shards) {
            this.shards = shards;
        }

        @Override
        public int numPartitions() {
            return shards;
        }

        @Override
        public int getPartition(Object key) {
            return (Integer) key;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof ByShard that && that.shards == shards;
        }

        @Override
        public int hashCode() {
            return shards;
        }
    }
}
