/**
 * The device of a task: which GPU Spark has assigned to it, under which number this process sees that GPU, and whether
 * anything here can compute on it. The one place below {@code training} that asks Spark about the current task. May use
 * {@code org.erat.data}, {@code compute.nd4j} and Spark.
 */
package org.erat.compute.device;
