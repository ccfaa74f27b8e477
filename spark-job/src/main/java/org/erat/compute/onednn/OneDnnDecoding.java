package org.erat.compute.onednn;

import java.util.Arrays;
import org.erat.compute.Attention.Shape;
import org.erat.compute.memory.StridedTensor;
import org.erat.compute.onednn.OneDnnAttention.ProductKey;
import org.erat.compute.onednn.OneDnnAttention.Strides;
import org.erat.data.safetensors.Dtype;

/**
 * Attention of one query of each head and example over a cache. The G = A/K query heads of a key/value head follow each
 * other within a row, so they are the rows of one matrix: both products of an example are batches [K] of a few rows, which
 * read the keys and the values where they lie, once. Examples go one by one: oneDNN (3.11) gives wrong results for strided
 * batches in two dimensions of so few rows. Shapes follow from the number of tokens rounded up.
 */
final class OneDnnDecoding {
    /** Keys are read in multiples of this. */
    private static final int STEP = 64;

    private final Execution execution;

    OneDnnDecoding(Execution execution) {
        this.execution = execution;
    }

    /** The keys [from, to) of an example, of which the newest token sees some. */
    private record Keys(int from, int to) {
        static Keys of(Shape shape, int example) {
            int length = shape.lengths()[example];
            int end = Math.min(shape.tokens(), (length + STEP - 1) / STEP * STEP);
            int first = shape.mask().firstKey(length - 1) / STEP * STEP;
            return new Keys(Math.max(0, Math.min(first, end - STEP)), end);
        }

        int count() {
            return to - from;
        }
    }

    StridedTensor attend(StridedTensor qkv, StridedTensor cache, Shape shape) {
        keep(qkv, cache, shape);
        StridedTensor scores = execution.allocate(Dtype.F32, (long) shape.batch() * shape.heads(), shape.tokens());
        for (int b = 0; b < shape.batch(); b++) {
            scores(qkv, cache, shape, b, scores);
        }
        hideKeys(scores, shape);
        StridedTensor weights =
                qkv.dtype() == Dtype.F32 ? scores : execution.allocate(qkv.dtype(), scores.rows(), scores.columns());
        OneDnnAttention.softmax(execution, scores, weights);
        if (weights != scores) {
            scores.close();
        }
        StridedTensor y = execution.allocate(qkv.dtype(), shape.batch(), shape.queryWidth());
        for (int b = 0; b < shape.batch(); b++) {
            mix(weights, cache, shape, b, y);
        }
        weights.close();
        return y;
    }

    /** q[G,D]·k[T,D]ᵀ/√D of each key/value head of an example. */
    private void scores(StridedTensor qkv, StridedTensor cache, Shape shape, int example, StridedTensor scores) {
        Keys keys = Keys.of(shape, example);
        long width = shape.headWidth();
        ProductKey product = new ProductKey(
                1,
                shape.keyValueHeads(),
                group(shape),
                width,
                keys.count(),
                qkv.dtype(),
                Dtype.F32,
                new Strides(qkv.columns(), group(shape) * width, width, 1),
                ofKeys(cache, shape).transposed(),
                ofScores(shape),
                (float) (1 / Math.sqrt((double) width)),
                false,
                false);
        execution.run(
                OneDnnAttention.product(execution, product),
                OneDnnAttention.at(qkv, example * qkv.stride()),
                OneDnnAttention.at(cache, row(shape, example, keys) * cache.stride()),
                OneDnnAttention.at(scores, (long) example * shape.heads() * shape.tokens() + keys.from()));
    }

    /** w[G,T]·v[T,D] of each key/value head of an example. */
    private void mix(StridedTensor weights, StridedTensor cache, Shape shape, int example, StridedTensor y) {
        Keys keys = Keys.of(shape, example);
        long width = shape.headWidth();
        ProductKey product = new ProductKey(
                1,
                shape.keyValueHeads(),
                group(shape),
                keys.count(),
                width,
                cache.dtype(),
                cache.dtype(),
                ofScores(shape),
                ofKeys(cache, shape),
                new Strides(shape.queryWidth(), group(shape) * width, width, 1),
                1,
                false,
                false);
        execution.run(
                OneDnnAttention.product(execution, product),
                OneDnnAttention.at(weights, (long) example * shape.heads() * shape.tokens() + keys.from()),
                OneDnnAttention.at(cache, row(shape, example, keys) * cache.stride() + shape.keyValueWidth()),
                OneDnnAttention.at(y, (long) example * shape.queryWidth()));
    }

    /** G. */
    private static long group(Shape shape) {
        return shape.heads() / shape.keyValueHeads();
    }

    private static Strides ofScores(Shape shape) {
        long room = shape.tokens();
        return new Strides(shape.heads() * room, group(shape) * room, room, 1);
    }

    private static Strides ofKeys(StridedTensor cache, Shape shape) {
        return new Strides(shape.tokens() * cache.stride(), shape.headWidth(), cache.stride(), 1);
    }

    /** The row of the first of an example's keys. */
    private static long row(Shape shape, int example, Keys keys) {
        return (long) example * shape.tokens() + keys.from();
    }

    /** Writes key and value of the newest tokens to their rows of the cache. */
    private static void keep(StridedTensor qkv, StridedTensor cache, Shape shape) {
        StridedTensor newest = qkv.columns(shape.queryWidth(), shape.width());
        float[] row = new float[(int) newest.columns()];
        for (int b = 0; b < shape.batch(); b++) {
            HostBlock.getRow(newest, b, row);
            HostBlock.putRow(cache, (long) b * shape.tokens() + shape.lengths()[b] - 1, row);
        }
    }

    /** Masks the scores of the keys before the window and behind the newest token. */
    private static void hideKeys(StridedTensor scores, Shape shape) {
        float[] masked = new float[shape.tokens()];
        Arrays.fill(masked, OneDnnAttention.MASKED);
        for (int row = 0; row < scores.rows(); row++) {
            int length = shape.lengths()[row / shape.heads()];
            int first = HostBlock.index(scores, row);
            HostBlock.of(scores).floats().put(first, masked, 0, shape.mask().firstKey(length - 1));
            HostBlock.of(scores).floats().put(first + length, masked, length, shape.tokens() - length);
        }
    }
}
