package org.erat.data.tokenized;

import static org.apache.spark.sql.functions.array_sort;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.erat.data.BadInputException;
import org.erat.data.storage.ExactPaths;
import scala.collection.JavaConverters;

/**
 * A prompt and all completions that the examples of a split have for it.
 *
 * @param id of the first example with this prompt
 * @param prompt its text
 * @param tokenIds [T] its tokens as they stand before a completion in training: all up to the first token to predict
 * @param typeIds [T]
 * @param completions the texts of the completions, in the order of the examples; empty where they are not known
 */
public record PromptReferences(long id, String prompt, int[] tokenIds, int[] typeIds, List<String> completions) {
    private static final String FIRST = "first";
    private static final String ALL = "all";

    /** The name of the manifest's setting that says which tokens are predicted. */
    public static final String LOSS_ON = "loss-on";

    /** The value of {@link #LOSS_ON} where prompts are predicted too. */
    public static final String LOSS_ON_ALL = "all";

    /** The same at another place. */
    PromptReferences withId(long other) {
        return new PromptReferences(other, prompt, tokenIds, typeIds, completions);
    }

    /** This prompt with the completions of the same prompt of later examples. */
    PromptReferences and(PromptReferences later) {
        return new PromptReferences(
                id,
                prompt,
                tokenIds,
                typeIds,
                Stream.concat(completions.stream(), later.completions.stream()).toList());
    }

    static List<PromptReferences> read(SparkSession spark, String directory, Split split, Manifest manifest) {
        if (manifest.type() != TaskType.LANGUAGE_MODELING) {
            throw new BadInputException(
                    String.format("%s holds examples of %s, which have no prompts", directory, manifest.type()));
        }
        if (LOSS_ON_ALL.equals(manifest.settings().get(LOSS_ON))) {
            throw new BadInputException(String.format(
                    "%s was prepared with --loss-on all, so its tokens do not tell where a prompt ends: prepare the data to"
                            + " generate from with --loss-on completion",
                    directory));
        }
        List<Row> rows = ExactPaths.reader(spark)
                .schema(TokenizedDataset.schemaWithText(manifest.type(), manifest.labelled()))
                .parquet(new Path(directory, split.directory()).toString())
                .groupBy(col(TokenizedDataset.PROMPT))
                .agg(
                        min(struct(
                                        col(TokenizedDataset.ID),
                                        col(TokenizedDataset.INPUT_IDS),
                                        col(TokenizedDataset.TOKEN_TYPE_IDS),
                                        col(TokenizedDataset.LABEL)))
                                .as(FIRST),
                        array_sort(collect_list(struct(col(TokenizedDataset.ID), col(TokenizedDataset.COMPLETION))))
                                .as(ALL))
                .orderBy(col(FIRST + "." + TokenizedDataset.ID))
                .collectAsList();
        return rows.stream().map(row -> of(row, directory)).toList();
    }

    private static PromptReferences of(Row row, String directory) {
        if (row.isNullAt(0)) {
            throw new BadInputException(String.format(
                    "%s holds texts without prompts: to generate, prepare data with --prompt, --messages or a task that has"
                            + " prompts",
                    directory));
        }
        Row first = row.getStruct(1);
        int[] tokenIds = ints(first, 1);
        int[] labels = ints(first, 3);
        int length = 0;
        while (length < labels.length && labels[length] == Targets.NONE) {
            length++;
        }
        length = Math.min(length + 1, tokenIds.length);
        List<Row> all = row.getList(2);
        return new PromptReferences(
                first.getLong(0),
                row.getString(0),
                Arrays.copyOf(tokenIds, length),
                Arrays.copyOf(ints(first, 2), length),
                all.stream()
                        .filter(each -> !each.isNullAt(1))
                        .map(each -> each.getString(1))
                        .toList());
    }

    private static int[] ints(Row row, int column) {
        return JavaConverters.seqAsJavaList(row.<Integer>getSeq(column)).stream()
                .mapToInt(Integer::intValue)
                .toArray();
    }
}
