package org.erat.head;

import java.util.stream.IntStream;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.data.tokenized.Batch;

/** Reads the hidden states that a head looks at, forward and backward. */
record StateReader(Kernels kernels, HeadSpec.Readout readout) {
    /** [M,H] in single precision of hidden states [N,H]. */
    Tensor read(Tensor hidden, Batch batch) {
        return readout == HeadSpec.Readout.MEAN
                ? kernels.tokens().meanPool(hidden, batch.lengths())
                : kernels.tokens().gather(hidden, rows(batch));
    }

    /** The gradient [N,H] of the hidden states. */
    Tensor backward(Tensor dStates, Batch batch) {
        return readout == HeadSpec.Readout.MEAN
                ? kernels.tokens().meanPoolBackward(dStates, batch.lengths(), batch.tokens())
                : kernels.tokens().gatherBackward(dStates, rows(batch), (long) batch.size() * batch.tokens());
    }

    private int[] rows(Batch batch) {
        return switch (readout) {
            case FIRST_TOKEN ->
                IntStream.range(0, batch.size()).map(b -> b * batch.tokens()).toArray();
            case LAST_TOKEN ->
                IntStream.range(0, batch.size())
                        .map(b -> b * batch.tokens() + batch.lengths()[b] - 1)
                        .toArray();
            case TARGET_TOKENS -> batch.targets().tokens();
            case MEAN -> throw new IllegalStateException("A mean is of all tokens");
        };
    }
}
