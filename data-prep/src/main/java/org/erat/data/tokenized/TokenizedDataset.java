package org.erat.data.tokenized;

import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.erat.data.BadInputException;
import org.erat.data.Sha256;
import org.erat.data.UsageException;
import org.erat.data.storage.Storage;
import scala.Tuple2;

/**
 * A tokenized data set: its manifest, and its examples as logical shards. It is {@linkplain #open opened} from a directory
 * on any Hadoop FileSystem, or made {@linkplain #of of DataFrames}.
 */
public final class TokenizedDataset {
    /** Columns; {@link #schema} has their types. */
    public static final String ID = "id";

    public static final String INPUT_IDS = "input_ids";
    public static final String TOKEN_TYPE_IDS = "token_type_ids";
    public static final String LABEL = "label";
    public static final String WORD_STARTS = "word_starts";
    public static final String WORDS = "words";
    public static final String PROMPT = "prompt";
    public static final String COMPLETION = "completion";

    private static final String DATA_FRAME = "DataFrame";

    private final String directory;
    private final Manifest manifest;
    private final Source examples;
    private final Prompts prompts;
    /** What to do where a split does not hold the ids that it should. */
    private final String repair;

    private TokenizedDataset(String directory, Manifest manifest, Source examples, Prompts prompts, String repair) {
        this.directory = directory;
        this.manifest = manifest;
        this.examples = examples;
        this.prompts = prompts;
        this.repair = repair;
    }

    /** Where examples come from. */
    @FunctionalInterface
    private interface Source {
        JavaRDD<TokenizedExample> of(Split split, boolean withWords);
    }

    /** Where prompts come from. */
    @FunctionalInterface
    private interface Prompts {
        List<PromptReferences> of(Split split);
    }

    /**
     * Opens the data set in {@code directory}; reads its manifest only.
     *
     * @throws BadInputException if there is no data set, or one of another version
     */
    public static TokenizedDataset open(SparkSession spark, String directory) {
        Manifest manifest = Manifest.read(spark.sparkContext().hadoopConfiguration(), Storage.path(directory));
        ParquetExamples files = new ParquetExamples(spark, directory, manifest.type(), manifest.labelled());
        return new TokenizedDataset(
                directory,
                manifest,
                files::of,
                split -> PromptReferences.read(spark, directory, split, manifest),
                "files are missing or doubled, prepare the data again");
    }

    /**
     * A data set of DataFrames with the columns of {@link #schema}. Where the column {@code id} is missing, rows are
     * numbered in their order; where {@code token_type_ids} is missing, all are 0; where {@code word_starts} is missing, a
     * word starts at each token with a label; where {@code words} is missing, predictions do not name them. Other columns are ignored. Both DataFrames are read here once, to count and
     * check them, and again for their shards: cache them if they are expensive. They must give the same rows each time.
     *
     * @param train the training split, at least one row
     * @param validation the validation split; may have no rows
     * @return a data set whose {@link #directory} is {@code "DataFrame"}
     * @throws BadInputException if a column is missing or of another type, or a row cannot be used
     */
    public static TokenizedDataset of(DatasetDescription description, Dataset<Row> train, Dataset<Row> validation) {
        Map<Split, JavaRDD<TokenizedExample>> examples = new EnumMap<>(Split.class);
        Map<Split, DataFrameExamples.Totals> totals = new EnumMap<>(Split.class);
        for (Split split : List.of(Split.TRAIN, Split.VALIDATION)) {
            DataFrameExamples rows = new DataFrameExamples(
                    DATA_FRAME + "/" + split,
                    description.type(),
                    description.labelNames().size(),
                    split == Split.TRAIN);
            examples.put(split, rows.of(split == Split.TRAIN ? train : validation));
            totals.put(split, rows.totals(examples.get(split)));
        }
        DataFrameExamples.Totals first = totals.get(Split.TRAIN);
        DataFrameExamples.Totals second = totals.get(Split.VALIDATION);
        if (first.examples == 0) {
            throw new BadInputException("The training DataFrame has no rows");
        }
        Manifest manifest = new Manifest(
                Manifest.version(description.type(), true),
                description.task(),
                description.type(),
                description.labelNames(),
                description.metrics(),
                description.tokenizerSha256(),
                Math.max(first.longest, second.longest),
                Math.max(first.highestTokenId, second.highestTokenId),
                first.summary(),
                second.summary(),
                Sha256.of((first.contentDigest() + second.contentDigest()).getBytes(StandardCharsets.UTF_8)),
                DATA_FRAME,
                Map.of());
        return new TokenizedDataset(
                DATA_FRAME,
                manifest,
                (split, withWords) ->
                        withWords ? examples.get(split) : examples.get(split).map(TokenizedExample::withoutWords),
                split -> {
                    throw new BadInputException(
                            "A DataFrame has no texts of prompts: prepare the data with prepare-data to generate from them");
                },
                "an id is there twice, or the rows changed since they were counted");
    }

    /**
     * A data set without labels whose rows are made when they are read, and which has a validation split only.
     *
     * @param place where the rows come from, for messages
     * @param manifest what they are
     * @param rows of {@link #schemaWithText} without labels, with ids 0..n-1
     */
    public static TokenizedDataset ofRows(String place, Manifest manifest, Dataset<Row> rows) {
        TaskType type = manifest.type();
        return new TokenizedDataset(
                place,
                manifest,
                (split, withWords) ->
                        rows.javaRDD().map(row -> TokenizedExample.of(row, row.getLong(TokenizedExample.ID), type)),
                split -> {
                    throw new BadInputException(place + " has no prompts");
                },
                "the rows changed since they were counted");
    }

    /** The same examples in the validation split alone: those of training, validation and test, numbered in this order. */
    public TokenizedDataset inOneSplit() {
        return new TokenizedDataset(
                directory,
                manifest.inOneSplit(),
                (split, withWords) -> allExamples(withWords),
                split -> allPrompts(),
                repair);
    }

    /** Each prompt once, with its completions in all splits. */
    private List<PromptReferences> allPrompts() {
        Map<String, PromptReferences> all = new LinkedHashMap<>();
        long first = 0;
        for (Split split : Split.values()) {
            long count = examples(split, 0);
            if (count > 0) {
                for (PromptReferences prompt : prompts.of(split)) {
                    all.merge(prompt.prompt(), prompt.withId(first + prompt.id()), PromptReferences::and);
                }
                first += count;
            }
        }
        return List.copyOf(all.values());
    }

    private JavaRDD<TokenizedExample> allExamples(boolean withWords) {
        JavaRDD<TokenizedExample> all = null;
        long first = 0;
        for (Split split : Split.values()) {
            long count = examples(split, 0);
            if (count > 0) {
                long offset = first;
                JavaRDD<TokenizedExample> ofSplit =
                        examples.of(split, withWords).map(example -> example.withId(offset + example.id()));
                all = all == null ? ofSplit : all.union(ofSplit);
                first += count;
            }
        }
        if (all == null) {
            throw new BadInputException(directory + " has no examples: prepare the data again");
        }
        return all;
    }

    /**
     * Checks that the examples have labels.
     *
     * @throws BadInputException if they have none
     */
    public void requireLabels() {
        if (!manifest.labelled()) {
            throw new BadInputException(String.format(
                    "%s has no labels, which training and evaluate need: prepare the data with a column of labels"
                            + " (--label), or use predict",
                    directory));
        }
    }

    /** What the data set is. */
    public Manifest manifest() {
        return manifest;
    }

    /** Where the data set is, for messages: its directory, or {@code "DataFrame"}. */
    public String directory() {
        return directory;
    }

    /**
     * Schema of a task of type {@code type}.
     *
     * <ul>
     *   <li>{@code id}: 0..n-1, once each.
     *   <li>{@code input_ids}, {@code token_type_ids}: [T], special tokens included.
     *   <li>{@code label}: index of the class, the number to predict, or the indices of all classes of the example; of a token classification [T], the class of each
     *       token or {@link Targets#NONE}; of language modeling [T], {@code label[i]} is {@code input_ids[i + 1]} where
     *       that token is to be predicted, else {@link Targets#NONE}, as for the last token.
     *   <li>{@code word_starts}, of a token classification only: [words], index of each word's first token, or -1 for a
     *       word that the tokenizer drops or that was cut away. It says how many words a row has, with or without labels.
     * </ul>
     */
    public static StructType schema(TaskType type) {
        ArrayType ints = DataTypes.createArrayType(DataTypes.IntegerType, false);
        StructType schema = new StructType()
                .add(ID, DataTypes.LongType, false)
                .add(INPUT_IDS, ints, false)
                .add(TOKEN_TYPE_IDS, ints, false);
        return switch (type) {
            case CLASSIFICATION -> schema.add(LABEL, DataTypes.IntegerType, false);
            case MULTI_LABEL_CLASSIFICATION -> schema.add(LABEL, ints, false);
            case REGRESSION -> schema.add(LABEL, DataTypes.FloatType, false);
            case LANGUAGE_MODELING -> schema.add(LABEL, ints, false);
            case TOKEN_CLASSIFICATION -> schema.add(LABEL, ints, false).add(WORD_STARTS, ints, false);
        };
    }

    /**
     * {@link #schema} with the column {@code words} of a token classification: [words], the words themselves, which no
     * training reads. Predictions name them.
     *
     * @param labelled whether each example has a label; else the column {@code label} is null, or where labels belong to tokens
     *     {@link Targets#NONE} for each
     */
    public static StructType schemaWithWords(TaskType type, boolean labelled) {
        StructType schema = schema(type);
        if (type.hasWords()) {
            return schema.add(WORDS, DataTypes.createArrayType(DataTypes.StringType, false), true);
        }
        StructField[] fields = schema.fields();
        if (!labelled && !type.perToken()) {
            fields[TokenizedExample.LABEL] =
                    DataTypes.createStructField(LABEL, fields[TokenizedExample.LABEL].dataType(), true);
        }
        return new StructType(fields);
    }

    /**
     * All columns that a data set in a directory has: those of {@link #schemaWithWords}, and of language modeling the texts
     * {@code prompt} and {@code completion}, which no training reads. They are null where a text is no answer to another.
     * {@link #references} reads them.
     */
    public static StructType schemaWithText(TaskType type, boolean labelled) {
        StructType schema = schemaWithWords(type, labelled);
        return type == TaskType.LANGUAGE_MODELING
                ? schema.add(PROMPT, DataTypes.StringType, true).add(COMPLETION, DataTypes.StringType, true)
                : schema;
    }

    /**
     * The prompts of a split, each once, with all completions that the examples have for it: what is generated from, and
     * what it is compared with. In the order of their first examples.
     *
     * @throws BadInputException if the examples are not prompts with completions
     */
    public List<PromptReferences> references(Split split) {
        return prompts.of(split);
    }

    /**
     * The examples of {@code split} in {@code shards} partitions of one element each; partition k is shard k. Example id
     * belongs to shard id mod {@code shards}, and a shard is in the order of ids. This does not depend on the cluster or on
     * the layout of the files. The sizes of shards differ by one at most. Not cached.
     *
     * @param limit most examples, spread evenly over the data set so that a sorted one keeps its mixture; 0 for all
     * @throws UsageException if {@code shards} is below 1 or above the number of examples
     */
    public JavaRDD<PackedExamples> shards(Split split, int shards, int limit) {
        return shards(split, shards, limit, false);
    }

    /** The same with the words of a token classification, where the data set holds them. */
    public JavaRDD<PackedExamples> shardsWithWords(Split split, int shards) {
        return shards(split, shards, 0, true);
    }

    private JavaRDD<PackedExamples> shards(Split split, int shards, int limit, boolean withWords) {
        long all = manifest.summary(split).examples();
        long kept = examples(split, limit);
        if (shards < 1) {
            throw new UsageException(String.format("%d shards: training.shards must be at least 1", shards));
        }
        if (shards > kept) {
            throw new UsageException(String.format(
                    "%d shards of %d examples (%s of %s): lower training.shards to %d or less",
                    shards, kept, split, directory, kept));
        }
        Sharding sharding = new Sharding(manifest.type(), shards, kept, all);
        String damage = String.format(
                "%s/%s does not hold the ids 0..%d once each, as its manifest says: %s",
                directory, split, all - 1, repair);
        return examples.of(split, withWords)
                .mapPartitionsToPair(sharding::pieces)
                .partitionBy(new ByShard(shards))
                .mapPartitionsWithIndex(
                        (shard, pieces) ->
                                List.of(sharding.shard(pieces, shard, damage)).iterator(),
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

    /**
     * Which example goes to which shard.
     *
     * @param kept number of examples that the limit keeps
     * @param all number of examples
     */
    private record Sharding(TaskType type, int shards, long kept, long all) implements Serializable {
        /** Place of an example among those that the limit keeps, every (all/kept)-th, or -1. */
        private long place(long id) {
            return id * kept % all < kept ? id * kept / all : -1;
        }

        /** Packs the rows of one partition by shard, so that few large objects are shuffled and not every row. */
        Iterator<Tuple2<Integer, PackedExamples>> pieces(Iterator<TokenizedExample> examples) {
            LocalFolders.nameWhereFull();
            PackedExamplesBuilder[] builders = new PackedExamplesBuilder[shards];
            while (examples.hasNext()) {
                TokenizedExample example = examples.next();
                long place = place(example.id());
                if (place < 0) {
                    continue;
                }
                int shard = (int) (place % shards);
                if (builders[shard] == null) {
                    builders[shard] = new PackedExamplesBuilder(type);
                }
                builders[shard].add(example);
            }
            List<Tuple2<Integer, PackedExamples>> pieces = new ArrayList<>();
            for (int shard = 0; shard < shards; shard++) {
                if (builders[shard] != null) {
                    pieces.add(new Tuple2<>(shard, builders[shard].build()));
                }
            }
            return pieces.iterator();
        }

        /** Merges the pieces of one shard; complains with {@code damage} where they are not all of it. */
        PackedExamples shard(Iterator<Tuple2<Integer, PackedExamples>> pieces, int shard, String damage) {
            LocalFolders.nameWhereFull();
            List<PackedExamples> parts = new ArrayList<>();
            pieces.forEachRemaining(piece -> parts.add(piece._2()));
            PackedExamples merged = PackedExamples.merged(type, parts);
            long expected = (kept - shard + shards - 1) / shards;
            // The ids of a whole data set are 0..n-1, so those of a shard are known.
            boolean whole = merged.size() == expected;
            for (int i = 0; whole && i < merged.size(); i++) {
                whole = place(merged.id(i)) == shard + (long) i * shards;
            }
            if (!whole) {
                throw new BadInputException(damage);
            }
            return merged;
        }
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
