package org.erat.training.round;

/**
 * What happened in a round.
 *
 * @param round number, from 0
 * @param rounds of the whole run
 * @param epoch from 0
 * @param step local steps of the run after this round
 * @param loss mean over the targets of the round
 * @param learningRate at the last step of the round
 * @param examples in the round, all shards
 * @param tokens in the round without padding, all shards
 * @param paddedTokens padding in the round, all shards
 * @param meanWidth mean number of active rows of an adapter and step
 * @param rowWeights n[block][row]: weight of the steps in which each row was trained, over the shards and the block's adapters
 * @param drift ‖mean(BA) − BA‖ / ‖mean(BA)‖ with the averaged B and A: what averaging A and B apart adds, or, where products
 *     are averaged, what the cut to R rows leaves out
 * @param bytesDown to one worker
 * @param bytesUp from all workers
 * @param seconds of the whole round
 * @param overheadSeconds of it beyond the slowest shard's local steps
 */
public record RoundReport(
        int round,
        int rounds,
        int epoch,
        int step,
        double loss,
        double learningRate,
        long examples,
        long tokens,
        long paddedTokens,
        double meanWidth,
        long[][] rowWeights,
        double drift,
        long bytesDown,
        long bytesUp,
        double seconds,
        double overheadSeconds) {}
