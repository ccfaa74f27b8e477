/**
 * The run directory: what survives a run that is killed. Configuration, atomic checkpoints that are verified when read,
 * metrics, provenance and the success marker, on any Hadoop file system. May use {@code org.erat.data} and
 * {@code org.erat.data.storage}; knows nothing of networks, Spark jobs or what the numbers in a checkpoint mean.
 */
package org.erat.checkpoint;
