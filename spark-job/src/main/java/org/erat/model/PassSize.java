package org.erat.model;

import java.util.Collection;
import java.util.stream.Stream;
import org.erat.config.Activations;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Projection;
import org.erat.data.safetensors.Dtype;

/**
 * Bytes of the tensors of one pass in training, for a batch of one shape: a sum over what {@link BlockPass} saves, and over
 * what the backward pass of a block makes. Attention that does not keep its weights takes less.
 *
 * @param blocks L
 * @param input of one block, [N,H]
 * @param block all that the backward pass of one block reads
 * @param working the most that one block makes and closes again while all before it is kept
 */
public record PassSize(int blocks, long input, long block, long working) {
    /**
     * The sizes for N = {@code examples}·{@code tokens} rows.
     *
     * @param adapted projections that carry an adapter
     * @param rank rows of each adapter in the pass
     * @param tokens T, of an example with its padding
     * @param activations dtype of activations and their gradients
     */
    public static PassSize of(
            Architecture model, Collection<Projection> adapted, int rank, int examples, int tokens, Dtype activations) {
        long rows = (long) examples * tokens;
        long value = activations.bytes() * rows;
        long width = model.width();
        long query = model.out(Projection.QUERY);
        long queryKeyValue = query + 2L * model.out(Projection.KEY);
        long inner = model.feedForward().width();
        long maps = model.feedForward().gated() ? 2 : 1;
        long weights = (long) model.heads().query() * tokens;

        long saved = queryKeyValue + normalized(model) + weights + 2 * width + maps * inner;
        saved += any(adapted, Projection.QUERY, Projection.KEY, Projection.VALUE) ? width : 0;
        saved += any(adapted, Projection.ATTENTION_OUTPUT) ? query : 0;
        saved += any(adapted, Projection.GATE, Projection.INTERMEDIATE) ? width : 0;
        saved += any(adapted, Projection.OUTPUT) ? inner : 0;
        saved += (long) rank * adapted.size();

        // Gradients: of the residual and of the hidden states; of query, key, value, context and weights; of inner
        // values.
        long ofAttention = 2 * width + queryKeyValue + query + weights;
        long ofInner = model.feedForward().gated() ? 4 * inner : any(adapted, Projection.OUTPUT) ? 2 * inner : inner;
        long ofFeedForward = 3 * width + ofInner;
        // Scores in single precision of a block whose feed-forward part has saved nothing yet.
        long scores = activations == Dtype.BF16 ? 2 * weights - maps * inner - 2 * width : 0;
        long working = Math.max(scores, Math.max(ofAttention, ofFeedForward));
        return new PassSize(model.blocks(), value * width, value * saved + statistics(model, rows), value * working);
    }

    private static boolean any(Collection<Projection> adapted, Projection... projections) {
        return Stream.of(projections).anyMatch(adapted::contains);
    }

    /** Heads of query and key before their norm. */
    private static long normalized(Architecture model) {
        return model.heads().normalized() ? model.out(Projection.QUERY) + (long) model.out(Projection.KEY) : 0;
    }

    /** Of two norms, in single precision. */
    private static long statistics(Architecture model, long rows) {
        return 2 * Float.BYTES * rows * (model.norm().kind().centers() ? 2 : 1);
    }

    /** How many blocks, from the last one down, keep more than their input. The last one always does. */
    public int keptBlocks(Activations activations) {
        long room = activations.bytes() - input * (blocks + 1);
        return (int) Math.max(1, Math.min(blocks, room / Math.max(1, block - input)));
    }

    /** What a forward pass keeps, with the hidden states that it ends with. */
    public long keptBytes(Activations activations) {
        long kept = keptBlocks(activations);
        return kept * block + (blocks - kept) * input + input;
    }
}
