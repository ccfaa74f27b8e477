package org.erat.training;

import java.io.Serializable;

/**
 * What a round starts from, broadcast to all shards: never base weights, never text.
 *
 * @param round number of the round over the whole run, from 0
 * @param firstStep number of its first local step over the whole run
 * @param skip batches of the epoch that earlier rounds used, in each shard
 * @param steps H, most local steps of a shard in this round
 * @param epoch from 0
 * @param encoded parameters, and optimizer state unless it starts anew or there is none
 */
public record RoundState(int round, int firstStep, int skip, int steps, int epoch, EncodedValues encoded)
        implements Serializable {

    /** The values as all shards receive them, which nobody writes to. */
    public SharedValues values(Encoding encoding) {
        return encoded.decoded(encoding);
    }

    /** Bytes of its numbers. */
    public long bytes() {
        return encoded.length() + 20L;
    }
}
