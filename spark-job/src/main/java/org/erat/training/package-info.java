/**
 * Distributed training: the TrainingMaster under dl4j-spark's SparkComputationGraph, the local steps of a shard, the
 * coverage-weighted average in shard order and the outer step. Start at {@code RoundLoop}, which
 * fits on a screen. May use every room but {@code cli} and {@code ml}.
 */
package org.erat.training;
