package org.erat.training;

import java.io.Serializable;
import java.util.List;

/**
 * What all shards share: parameters and optimizer state, one index space with the parameters first.
 *
 * @param parameterBlock flat parameters: adapters, then head
 * @param optimizerBlock optimizer state; empty where it does not travel
 */
public record SharedValues(FloatBlock parameterBlock, FloatBlock optimizerBlock) implements Serializable {
    public SharedValues(float[] parameters, float[] optimizer) {
        this(new FloatBlock(parameters), new FloatBlock(optimizer));
    }

    public float[] parameters() {
        return parameterBlock.values();
    }

    public float[] optimizer() {
        return optimizerBlock.values();
    }

    public SharedValues copy() {
        return new SharedValues(parameters().clone(), optimizer().clone());
    }

    /** The values of the rows that a shard has trained, in the order in which they travel. */
    public float[] pack(List<Slice> slices, int[][] rowWeights, long targets) {
        int length = 0;
        for (Slice slice : slices) {
            length += slice.length(slice.coverage(rowWeights, targets));
        }
        float[] packed = new float[length];
        int[] at = {0};
        for (Slice slice : slices) {
            int[] coverage = slice.coverage(rowWeights, targets);
            for (int row = 0; row < slice.rows(); row++) {
                if (coverage[row] > 0) {
                    slice.forEachRun(row, (from, to) -> {
                        copyOut(from, packed, at[0], to - from);
                        at[0] += to - from;
                    });
                }
            }
        }
        return packed;
    }

    /** The flat parameters of a shard after its local steps, which began from these. */
    public float[] parametersOf(ShardResult result, List<Slice> slices) {
        SharedValues ofShard = new SharedValues(parameters().clone(), optimizer());
        result.forEachPiece(slices, (number, coverage, first, length) -> {
            Slice slice = slices.get(number);
            int[] at = {first};
            for (int row = 0; row < slice.rows(); row++) {
                if (coverage[row] > 0) {
                    slice.forEachRun(row, (from, to) -> {
                        if (from < parameters().length) {
                            ofShard.copyIn(from, result.values().values(), at[0], to - from);
                        }
                        at[0] += to - from;
                    });
                }
            }
        });
        return ofShard.parameters();
    }

    /** Values from an index on. */
    public void copyOut(int from, float[] target, int at, int length) {
        if (from < parameters().length) {
            System.arraycopy(parameters(), from, target, at, length);
        } else {
            System.arraycopy(optimizer(), from - parameters().length, target, at, length);
        }
    }

    /** Takes over values that travelled. */
    public void copyIn(int from, float[] source, int at, int length) {
        if (from < parameters().length) {
            System.arraycopy(source, at, parameters(), from, length);
        } else {
            System.arraycopy(source, at, optimizer(), from - parameters().length, length);
        }
    }
}
