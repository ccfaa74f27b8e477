/**
 * The tokenized data set: Parquet files, their manifest, shards of packed examples and the length-bucketed mini-batches
 * made from them. Written by {@code org.erat.data.text}, read by the training job. Uses {@code org.erat.data}, Spark and
 * Hadoop's FileSystem; knows nothing of text, tokenizers or models.
 */
package org.erat.data.tokenized;
