/**
 * The run directory on any Hadoop file system: what is left of a run that is killed. It has the configuration, the lease
 * of the driver at work, metrics, atomic checkpoints that are verified when they are read, provenance and the success
 * marker. Start at {@link org.erat.checkpoint.RunDirectory}. May use {@code org.erat.data} and {@code
 * org.erat.data.storage}; knows nothing of networks, of Spark jobs or of what the numbers in a checkpoint mean.
 */
package org.erat.checkpoint;
