/**
 * The tokenized data set. Start with {@link org.erat.data.tokenized.TokenizedDataset}: it is opened from a directory of
 * Parquet files with a {@link org.erat.data.tokenized.Manifest}, or made of DataFrames, and gives shards of
 * {@link org.erat.data.tokenized.PackedExamples}. {@link org.erat.data.tokenized.LengthBuckets} groups their examples by
 * length, and {@link org.erat.data.tokenized.Batch} pads them. Directories are written by {@code org.erat.data.text} and
 * read by the training job. Uses {@code org.erat.data}, {@code org.erat.data.storage}, Spark and Hadoop's FileSystem;
 * knows nothing of text, tokenizers or models.
 */
package org.erat.data.tokenized;
