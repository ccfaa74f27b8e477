package org.erat.data.tokenized;

import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.SparkSession;
import org.erat.data.BadInputException;
import org.erat.data.storage.ExactPaths;

/** The examples of a tokenized data set in a directory, as its Parquet files hold them. */
record ParquetExamples(SparkSession spark, String directory, TaskType type, boolean labelled) {
    /**
     * The examples of one split.
     *
     * @param withWords whether to read the words of a token classification too
     * @throws BadInputException if there is no such split
     */
    JavaRDD<TokenizedExample> of(Split split, boolean withWords) {
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
        String name = directory + "/" + split.directory();
        TaskType labels = type;
        boolean expected = labelled;
        return ExactPaths.reader(spark)
                .schema(withWords ? TokenizedDataset.schemaWithWords(type, labelled) : TokenizedDataset.schema(type))
                // Parquet writes a checksum with each page, and leaves it to the reader whether to look.
                .option("parquet.page.verify-checksum.enabled", true)
                .parquet(place.toString())
                .javaRDD()
                .mapPartitions(rows -> new CheckedRows(rows, name))
                .map(row -> {
                    if (expected && row.isNullAt(TokenizedExample.LABEL)) {
                        throw new BadInputException(name + " has an example without a label: prepare the data again");
                    }
                    return TokenizedExample.of(row, row.getLong(TokenizedExample.ID), labels);
                });
    }
}
