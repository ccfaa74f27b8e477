package org.erat.compute.nd4j;

import static org.erat.compute.nd4j.Nd4jTensor.array;

import java.util.Arrays;
import org.erat.compute.Attention;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Attention as the formulas read: key and value are repeated for the query heads that read them. */
final class Nd4jAttention implements Attention {
    private final Nd4jMemory memory;

    Nd4jAttention(Nd4jMemory memory) {
        this.memory = memory;
    }

    @Override
    public Attended forward(Tensor qkv, Shape shape) {
        Shapes.checkAttention("attention", qkv, shape);
        Heads heads = new Heads(array(qkv), shape);
        INDArray scores =
                Nd4j.matmul(heads.query(), heads.key(), false, true, false).muli(scale(shape));
        INDArray weights = maskedSoftmax(scores, shape, seen(shape));
        Tensor y = memory.own(join(Nd4j.matmul(weights, heads.value()), shape, shape.heads()));
        return new Attended(y, memory.own(weights.reshape('c', -1, shape.tokens())), false);
    }

    @Override
    public Tensor backward(Tensor dy, Tensor qkv, Shape shape, Attended saved) {
        Shapes.checkAttentionBackward(dy, qkv, shape);
        Shapes.checkAttentionWeights(saved.kept(), shape);
        Heads heads = new Heads(array(qkv), shape);
        INDArray dContext = split(array(dy), shape, 0, shape.heads());
        INDArray weights =
                array(saved.kept()).reshape('c', (long) shape.batch() * shape.heads(), shape.tokens(), shape.tokens());
        INDArray dWeights = Nd4j.matmul(dContext, heads.value(), false, true, false);
        INDArray dScores =
                dWeights.sub(dWeights.mul(weights).sum(true, 2)).muli(weights).muli(scale(shape));
        INDArray dQuery = Nd4j.matmul(dScores, heads.key());
        INDArray dKey = Nd4j.matmul(dScores, heads.query(), true, false, false);
        INDArray dValue = Nd4j.matmul(weights, dContext, true, false, false);
        return memory.own(Nd4j.concat(
                1,
                join(dQuery, shape, shape.heads()),
                join(sumOfGroups(dKey, shape), shape, shape.keyValueHeads()),
                join(sumOfGroups(dValue, shape), shape, shape.keyValueHeads())));
    }

    @Override
    public Tensor decode(Tensor qkv, Tensor cache, Shape shape) {
        Shapes.checkDecode(qkv, cache, shape);
        long key = shape.queryWidth();
        for (int b = 0; b < shape.batch(); b++) {
            long newest = (long) b * shape.tokens() + shape.lengths()[b] - 1;
            array(cache.rows(newest, newest + 1))
                    .assign(array(qkv.rows(b, b + 1L).columns(key, shape.width())));
        }
        INDArray query = array(qkv.columns(0, key))
                .dup('c')
                .reshape('c', (long) shape.batch() * shape.heads(), 1, shape.headWidth());
        INDArray keys = repeated(split(array(cache), shape, 0, shape.keyValueHeads()), shape);
        INDArray values = repeated(split(array(cache), shape, shape.keyValueWidth(), shape.keyValueHeads()), shape);
        INDArray scores = Nd4j.matmul(query, keys, false, true, false).muli(scale(shape));
        INDArray weights = maskedSoftmax(scores, shape, seenByNewest(shape));
        return memory.own(Nd4j.matmul(weights, values).dup('c').reshape('c', shape.batch(), shape.queryWidth()));
    }

    private static double scale(Shape shape) {
        return 1 / Math.sqrt((double) shape.headWidth());
    }

    /** Query, key and value, each [B·A, T, D]. */
    private record Heads(INDArray query, INDArray key, INDArray value) {
        Heads(INDArray qkv, Shape shape) {
            this(
                    split(qkv, shape, 0, shape.heads()),
                    repeated(split(qkv, shape, shape.queryWidth(), shape.keyValueHeads()), shape),
                    repeated(
                            split(qkv, shape, shape.queryWidth() + shape.keyValueWidth(), shape.keyValueHeads()),
                            shape));
        }
    }

    /** {@code heads} heads of x [N,·] from column {@code first} on, as [B·heads, T, D]. */
    private static INDArray split(INDArray x, Shape shape, long first, int heads) {
        long width = (long) heads * shape.headWidth();
        INDArray part =
                Nd4j.create(x.data(), new long[] {x.size(0), width}, x.stride(), x.offset() + first * x.stride(1), 'c');
        return part.dup('c')
                .reshape('c', shape.batch(), shape.tokens(), heads, shape.headWidth())
                .permute(0, 2, 1, 3)
                .dup('c')
                .reshape('c', (long) shape.batch() * heads, shape.tokens(), shape.headWidth());
    }

    /** [B·heads, T, D] back to [N, heads·D]. */
    private static INDArray join(INDArray x, Shape shape, int heads) {
        return x.reshape('c', shape.batch(), heads, shape.tokens(), shape.headWidth())
                .permute(0, 2, 1, 3)
                .dup('c')
                .reshape('c', shape.rows(), (long) heads * shape.headWidth());
    }

    /** [B·K, T, D] to [B·A, T, D]: query head a reads key/value head ⌊a/(A/K)⌋. */
    private static INDArray repeated(INDArray x, Shape shape) {
        return x.repeat(0, shape.heads() / shape.keyValueHeads());
    }

    /** The backward pass of {@link #repeated}. */
    private static INDArray sumOfGroups(INDArray x, Shape shape) {
        int group = shape.heads() / shape.keyValueHeads();
        return x.reshape('c', x.size(0) / group, group, (long) shape.tokens() * shape.headWidth())
                .sum(1);
    }

    /** Softmax over the keys that each query sees; zero elsewhere, and where the query is padding. */
    private INDArray maskedSoftmax(INDArray scores, Shape shape, INDArray seen) {
        // Far below any score, so that the maximum is one of the keys in use; finite, so that no NaN comes of it.
        INDArray masked = scores.reshape('c', shape.batch(), shape.heads(), seen.size(2), shape.tokens())
                .add(seen.rsub(1).muli(-1e30));
        INDArray weights =
                Transforms.exp(masked.sub(masked.max(true, 3)), false).mul(seen);
        INDArray sums = weights.sum(true, 3);
        return weights.div(sums.add(sums.eq(0).castTo(memory.type()))).reshape('c', scores.shape());
    }

    /** [B, 1, T, T]: 1 where the query is no padding and sees the key. */
    private INDArray seen(Shape shape) {
        int tokens = shape.tokens();
        double[] seen = new double[shape.batch() * tokens * tokens];
        for (int b = 0; b < shape.batch(); b++) {
            int length = shape.lengths()[b];
            for (int query = 0; query < length; query++) {
                int row = (b * tokens + query) * tokens;
                Arrays.fill(
                        seen,
                        row + shape.mask().firstKey(query),
                        row + shape.mask().endOfKeys(query, length),
                        1);
            }
        }
        return Nd4j.createFromArray(seen).castTo(memory.type()).reshape('c', shape.batch(), 1, tokens, tokens);
    }

    /** [B, 1, 1, T]: 1 where the newest token sees the key. */
    private INDArray seenByNewest(Shape shape) {
        double[] seen = new double[shape.batch() * shape.tokens()];
        for (int b = 0; b < shape.batch(); b++) {
            int length = shape.lengths()[b];
            int row = b * shape.tokens();
            Arrays.fill(seen, row + shape.mask().firstKey(length - 1), row + length, 1);
        }
        return Nd4j.createFromArray(seen).castTo(memory.type()).reshape('c', shape.batch(), 1, 1, shape.tokens());
    }
}
