package org.erat.training;

/**
 * What all shards share: parameters and optimizer state, one index space with the parameters first.
 *
 * @param parameters flat: adapters, then head
 * @param optimizer state; empty where it does not travel
 */
public record SharedValues(float[] parameters, float[] optimizer) {
    public SharedValues copy() {
        return new SharedValues(parameters.clone(), optimizer.clone());
    }

    /** The flat parameters of a shard after its local steps, which began from these. */
    public float[] parametersOf(ShardResult result, Encoding encoding) {
        SharedValues ofShard = new SharedValues(parameters.clone(), optimizer);
        result.forEachPiece(encoding, (number, coverage, first, length) -> {
            Slice slice = encoding.slices().get(number);
            float[] values = encoding.decode(slice, coverage, result.values(), first, this);
            int[] at = {0};
            for (int row = 0; row < slice.rows(); row++) {
                if (coverage[row] > 0) {
                    slice.forEachRun(row, (from, to) -> {
                        if (from < parameters.length) {
                            ofShard.copyIn(from, values, at[0], to - from);
                        }
                        at[0] += to - from;
                    });
                }
            }
        });
        return ofShard.parameters;
    }

    /** Values from an index on. */
    public void copyOut(int from, float[] target, int at, int length) {
        if (from < parameters.length) {
            System.arraycopy(parameters, from, target, at, length);
        } else {
            System.arraycopy(optimizer, from - parameters.length, target, at, length);
        }
    }

    /** Takes over values. */
    public void copyIn(int from, float[] source, int at, int length) {
        if (from < parameters.length) {
            System.arraycopy(source, at, parameters, from, length);
        } else {
            System.arraycopy(source, at, optimizer, from - parameters.length, length);
        }
    }
}
