package org.erat.compute;

import java.nio.Buffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import javax.annotation.Nullable;

/** Checks of the arguments that every implementation makes; each error names the primitive, the operand and its shape. */
public final class Shapes {
    private Shapes() {}

    /** Throws unless {@code shape} is that of a vector or a matrix with at least one element. */
    public static void checkTensor(long... shape) {
        require(shape.length == 1 || shape.length == 2, "tensor: shape %s is neither a vector nor a matrix", shape);
        for (long size : shape) {
            require(size > 0, "tensor: shape %s has an empty dimension", shape);
        }
    }

    /** Rows of {@code tensor}, which must be a matrix. */
    public static long rows(String primitive, String operand, Tensor tensor) {
        return matrix(primitive, operand, tensor)[0];
    }

    /** Columns of {@code tensor}, which must be a matrix. */
    public static long columns(String primitive, String operand, Tensor tensor) {
        return matrix(primitive, operand, tensor)[1];
    }

    private static long[] matrix(String primitive, String operand, Tensor tensor) {
        long[] shape = tensor.shape();
        require(shape.length == 2, "%s: %s must be a matrix but has shape %s", primitive, operand, shape);
        return shape;
    }

    /** Throws unless {@code tensor} has exactly the shape {@code expected}. */
    public static void checkShape(String primitive, String operand, Tensor tensor, long... expected) {
        long[] shape = tensor.shape();
        require(
                Arrays.equals(shape, expected),
                "%s: %s has shape %s where %s is needed",
                primitive,
                operand,
                shape,
                expected);
    }

    /** Throws unless 0 ≤ from &lt; to ≤ size. */
    public static void checkRange(String primitive, long from, long to, long size) {
        require(0 <= from && from < to && to <= size, "%s: [%s, %s) is not within [0, %s)", primitive, from, to, size);
    }

    /** Throws unless {@code rows · columns} elements from {@code from} on are within a tensor that is no view. */
    public static void checkMatrix(Tensor tensor, boolean view, long from, long rows, long columns) {
        long[] shape = tensor.shape();
        require(
                !view && from >= 0 && rows > 0 && columns > 0 && from + rows * columns <= size(shape),
                "matrix: [%s, %s] from element %s on is not within a dense tensor of shape %s",
                rows,
                columns,
                from,
                shape);
    }

    /** Throws unless op(a) [M,K], op(b) [K,N] and c [M,N] fit. */
    public static void checkMatmul(Tensor a, boolean transposeA, Tensor b, boolean transposeB, Tensor c) {
        long[] left = matrix("matmul", "a", a);
        long[] right = matrix("matmul", "b", b);
        long[] result = matrix("matmul", "c", c);
        long m = left[transposeA ? 1 : 0];
        long k = left[transposeA ? 0 : 1];
        long kOfB = right[transposeB ? 1 : 0];
        long n = right[transposeB ? 0 : 1];
        require(
                k == kOfB && result[0] == m && result[1] == n,
                "matmul: a %s%s, b %s%s and c %s do not fit",
                left,
                transposeA ? " transposed" : "",
                right,
                transposeB ? " transposed" : "",
                result);
    }

    /** Throws unless {@code shape} is one of an attention and qkv is [N,(A+2K)·D]. */
    public static void checkAttention(String primitive, Tensor qkv, Attention.Shape shape) {
        checkAttentionShape(primitive, shape);
        checkShape(primitive, "qkv", qkv, shape.rows(), shape.width());
    }

    /** Throws unless {@code shape} is one of a causal attention, qkv is [B,(A+2K)·D] and the cache [B·T,2K·D]. */
    public static void checkDecode(Tensor qkv, Tensor cache, Attention.Shape shape) {
        checkAttentionShape("decode", shape);
        require(shape.tokens() > 1, "decode: a cache with room for one token");
        checkShape("decode", "qkv", qkv, shape.batch(), shape.width());
        checkShape("decode", "cache", cache, shape.rows(), 2L * shape.keyValueWidth());
    }

    private static void checkAttentionShape(String primitive, Attention.Shape shape) {
        require(
                shape.batch() > 0 && shape.tokens() > 0,
                "%s: %s examples of %s tokens",
                primitive,
                shape.batch(),
                shape.tokens());
        require(
                shape.heads() > 0
                        && shape.keyValueHeads() > 0
                        && shape.headWidth() > 0
                        && shape.heads() % shape.keyValueHeads() == 0,
                "%s: %s heads and %s key/value heads of width %s do not fit",
                primitive,
                shape.heads(),
                shape.keyValueHeads(),
                shape.headWidth());
        require(
                shape.lengths().length == shape.batch(),
                "%s: %s lengths for %s examples",
                primitive,
                shape.lengths().length,
                shape.batch());
        checkLengths(primitive, shape.lengths(), shape.tokens());
        checkVisibility(primitive, shape);
    }

    private static void checkVisibility(String primitive, Attention.Shape shape) {
        if (shape.visibility() == null) {
            return;
        }
        require(
                !shape.mask().hidesKeys(shape.tokens()),
                "%s: a mask that hides keys and a visibility besides",
                primitive);
        int intervals = shape.visibility().to().length;
        require(
                intervals == shape.rows(),
                "%s: the visibility of %s tokens where there are %s",
                primitive,
                intervals,
                shape.rows());
        for (int example = 0; example < shape.batch(); example++) {
            int length = shape.lengths()[example];
            for (int query = 0; query < shape.tokens(); query++) {
                int from = shape.firstKey(example, query);
                int to = shape.endOfKeys(example, query);
                require(
                        from >= 0 && from <= to && to <= (query < length ? length : shape.tokens()),
                        "%s: keys %s to %s, seen from token %s of an example of %s",
                        primitive,
                        from,
                        to,
                        query,
                        length);
            }
        }
    }

    private static void checkLengths(String primitive, int[] lengths, long tokens) {
        for (int length : lengths) {
            require(length >= 1 && length <= tokens, "%s: length %s is not within 1..%s", primitive, length, tokens);
        }
    }

    /** Throws unless qkv is [N,(A+2K)·D] and dy is [N,A·D]. */
    public static void checkAttentionBackward(Tensor dy, Tensor qkv, Attention.Shape shape) {
        checkAttention("attentionBackward", qkv, shape);
        checkShape("attentionBackward", "dy", dy, shape.rows(), shape.queryWidth());
    }

    /** Throws unless the softmax that a forward pass kept is [B·A·T, T]. */
    public static void checkAttentionWeights(Tensor weights, Attention.Shape shape) {
        checkShape(
                "attentionBackward", "the softmax kept", weights, shape.rows() * shape.heads(), (long) shape.tokens());
    }

    /** Throws unless {@code values} holds as many elements as {@code shape} has. */
    public static void checkFrozen(FloatBuffer values, long... shape) {
        checkTensor(shape);
        require(
                values.remaining() == size(shape),
                "frozen: %s values where shape %s needs %s",
                values.remaining(),
                shape,
                size(shape));
    }

    /** The output width of each of the stacked maps. */
    public static int[] checkFrozenLinear(List<FrozenValues> weights, FloatBuffer[] biases, int in) {
        require(
                !weights.isEmpty() && weights.size() == biases.length,
                "frozenLinear: %s weights and %s biases",
                weights.size(),
                biases.length);
        int[] outs = new int[weights.size()];
        for (int i = 0; i < outs.length; i++) {
            outs[i] = biases[i].remaining();
            int values = weights.get(i).size();
            require(
                    in > 0 && outs[i] > 0 && values == (long) in * outs[i],
                    "frozenLinear: weight %s has %s values where [%s, %s] is needed",
                    i,
                    values,
                    outs[i],
                    in);
        }
        return outs;
    }

    /** O of a map whose weight is a table [O,I], given that there is a bias [O]. */
    public static int checkTable(Tensor table, FloatBuffer bias) {
        long out = rows("frozenLinear", "table", table);
        require(bias.remaining() == out, "frozenLinear: bias has %s values where %s are needed", bias.remaining(), out);
        return Math.toIntExact(out);
    }

    /** Throws unless weight and bias [H] and the statistics [N] fit x [N,H]. */
    public static void checkLayerNorm(
            String primitive, Tensor x, Tensor weight, Tensor bias, Tensor mean, Tensor rstd) {
        long[] size = matrix(primitive, "x", x);
        checkShape(primitive, "weight", weight, size[1]);
        checkShape(primitive, "bias", bias, size[1]);
        checkShape(primitive, "mean", mean, size[0]);
        checkShape(primitive, "rstd", rstd, size[0]);
    }

    /** Throws unless weight [H] and rstd [N] fit x [N,H]. */
    public static void checkRmsNorm(String primitive, Tensor x, Tensor weight, Tensor rstd) {
        long[] size = matrix(primitive, "x", x);
        checkShape(primitive, "weight", weight, size[1]);
        checkShape(primitive, "rstd", rstd, size[0]);
    }

    /** T, given that x is [B·T,H] with B = lengths.length and every length is within 1..T. */
    public static int checkMeanPool(Tensor x, int[] lengths) {
        long[] size = matrix("meanPool", "x", x);
        require(
                lengths.length > 0 && size[0] % lengths.length == 0,
                "meanPool: x has shape %s, whose rows are not those of %s examples",
                size,
                lengths.length);
        int tokens = Math.toIntExact(size[0] / lengths.length);
        checkLengths("meanPool", lengths, tokens);
        return tokens;
    }

    /** H of the dy [B,H] of {@link #checkMeanPool}. */
    public static long checkMeanPoolBackward(Tensor dy, int[] lengths, int tokens) {
        long width = columns("meanPoolBackward", "dy", dy);
        checkShape("meanPoolBackward", "dy", dy, lengths.length, width);
        checkLengths("meanPoolBackward", lengths, tokens);
        return width;
    }

    /** H of the x [N,H] whose rows are gathered. */
    public static long checkGather(Tensor x, int[] rows) {
        long[] size = matrix("gather", "x", x);
        require(rows.length > 0, "gather: no rows");
        checkIndices("gather", "rows", rows, size[0]);
        return size[1];
    }

    /** Row of dy [M,H] that belongs to each of {@code n} rows; −1 for those that were not gathered. */
    public static int[] checkGatherBackward(Tensor dy, int[] rows, long n) {
        long width = columns("gatherBackward", "dy", dy);
        require(rows.length > 0, "gatherBackward: no rows");
        checkShape("gatherBackward", "dy", dy, rows.length, width);
        checkIndices("gatherBackward", "rows", rows, n);
        int[] sources = new int[Math.toIntExact(n)];
        Arrays.fill(sources, -1);
        for (int i = 0; i < rows.length; i++) {
            require(sources[rows[i]] < 0, "gatherBackward: rows holds %s twice", rows[i]);
            sources[rows[i]] = i;
        }
        return sources;
    }

    /** Throws unless the tables are of one width and every id is a row of its table. */
    public static void checkEmbeddings(
            Tensor words,
            @Nullable Tensor positionTable,
            @Nullable Tensor types,
            int[] tokenIds,
            @Nullable int[] typeIds,
            @Nullable int[] positions) {
        long width = columns("embeddings", "words", words);
        require(tokenIds.length > 0, "embeddings: no tokens");
        checkIds("words", words, width, "tokenIds", tokenIds, tokenIds.length);
        if (positionTable != null) {
            checkIds("positionTable", positionTable, width, "positions", positions, tokenIds.length);
        }
        if (types != null) {
            checkIds("types", types, width, "typeIds", typeIds, tokenIds.length);
        }
    }

    /** Throws unless {@code table} is of this width and every id is one of its rows. */
    private static void checkIds(
            String operand, Tensor table, long width, String ids, @Nullable int[] values, int count) {
        long rowsOfTable = rows("embeddings", operand, table);
        checkShape("embeddings", operand, table, rowsOfTable, width);
        require(
                values != null && values.length == count,
                "embeddings: %s has %s entries where %s are needed",
                ids,
                values == null ? "no" : values.length,
                count);
        checkIndices("embeddings", ids, values, rowsOfTable);
    }

    /** Throws unless x is [N,A·D] with D even, angles are [P·D] and every position is within 0..P−1. */
    public static void checkRotate(String primitive, Tensor x, int headWidth, Tensor angles, int[] positions) {
        long[] size = matrix(primitive, "x", x);
        long[] table = angles.shape();
        require(
                headWidth > 0 && headWidth % 2 == 0 && size[1] % headWidth == 0,
                "%s: x has shape %s, which is not one of heads of the even width %s",
                primitive,
                size,
                headWidth);
        require(
                table.length == 1 && table[0] % headWidth == 0,
                "%s: angles have shape %s, which is not one of positions times %s",
                primitive,
                table,
                headWidth);
        require(positions.length == size[0], "%s: %s positions for x of shape %s", primitive, positions.length, size);
        checkIndices(primitive, "positions", positions, table[0] / headWidth);
    }

    private static void checkIndices(String primitive, String operand, int[] indices, long rowsOfTable) {
        for (int index : indices) {
            require(
                    index >= 0 && index < rowsOfTable,
                    "%s: %s holds %s, outside the %s rows",
                    primitive,
                    operand,
                    index,
                    rowsOfTable);
        }
    }

    /** Throws unless classes [M] are columns of logits [M,C], 0 ≤ smoothing &lt; 1 and losses are [M]. */
    public static void checkCrossEntropy(Tensor logits, int[] classes, double smoothing, Tensor losses) {
        long[] size = matrix("crossEntropy", "logits", logits);
        require(classes.length == size[0], "crossEntropy: %s classes for logits of shape %s", classes.length, size);
        for (int one : classes) {
            require(one >= 0 && one < size[1], "crossEntropy: class %s is not within 0..%s", one, size[1] - 1);
        }
        require(smoothing >= 0 && smoothing < 1, "crossEntropy: smoothing %s is not within [0, 1)", smoothing);
        checkShape("crossEntropy", "losses", losses, size[0]);
    }

    /** Throws unless logits are [M,C], targets [M,C] within 0..1 and losses [M]. */
    public static void checkBinaryCrossEntropy(Tensor logits, float[] targets, Tensor losses) {
        long[] size = matrix("binaryCrossEntropy", "logits", logits);
        require(
                targets.length == size[0] * size[1],
                "binaryCrossEntropy: %s targets for logits of shape %s",
                targets.length,
                size);
        for (float target : targets) {
            require(target >= 0 && target <= 1, "binaryCrossEntropy: target %s is not within [0, 1]", target);
        }
        checkShape("binaryCrossEntropy", "losses", losses, size[0]);
    }

    /** Throws unless outputs are [M,1], targets [M] and losses [M]. */
    public static void checkSquaredError(Tensor outputs, float[] targets, Tensor losses) {
        checkShape("squaredError", "outputs", outputs, targets.length, 1);
        checkShape("squaredError", "losses", losses, targets.length);
    }

    /** Throws unless losses and gradient are vectors and summary is [4]. */
    public static void checkClip(Tensor losses, Tensor gradient, Tensor summary) {
        require(losses.shape().length == 1, "clip: losses %s are no vector", losses.shape());
        require(gradient.shape().length == 1, "clip: gradient %s is no vector", gradient.shape());
        checkShape("clip", "summary", summary, Update.SUMMARY);
    }

    /** Throws unless every segment is within vectors of parameters, gradient and moments, and counts its step. */
    public static void checkAdamW(
            List<AdamW.Segment> segments, Tensor parameters, Tensor gradient, Tensor state, Tensor summary) {
        require(parameters.shape().length == 1, "adamW: parameters %s are no vector", parameters.shape());
        require(state.shape().length == 1, "adamW: state %s is no vector", state.shape());
        checkShape("adamW", "gradient", gradient, parameters.shape());
        checkShape("adamW", "summary", summary, Update.SUMMARY);
        long size = parameters.shape()[0];
        long moments = state.shape()[0];
        for (AdamW.Segment segment : segments) {
            checkRange("adamW: parameters", segment.from(), segment.from() + segment.length(), size);
            checkRange("adamW: first moments", segment.first(), segment.first() + segment.length(), moments);
            checkRange("adamW: second moments", segment.second(), segment.second() + segment.length(), moments);
            require(segment.steps() >= 1, "adamW: %s steps, this one included", segment.steps());
        }
    }

    /** Throws unless 0 ≤ rate &lt; 1 and the mask begins between two pairs of its elements. */
    public static void checkDropout(double rate, long first) {
        require(rate >= 0 && rate < 1, "dropout: rate %s is not within [0, 1)", rate);
        require(first >= 0 && first % 2 == 0, "dropout: first element %s is not an even number", first);
    }

    /**
     * Given that u is [N,R] and there are R factors, or R for each example of {@code tokens} rows: factors from one row's
     * example to the next, which is 0 where all examples have the same ones.
     */
    public static int checkScaleColumns(Tensor u, float[] factors, int tokens) {
        long[] size = matrix("scaleColumns", "u", u);
        if (factors.length == size[1]) {
            return 0;
        }
        require(
                tokens > 0 && size[0] % tokens == 0 && factors.length == size[0] / tokens * size[1],
                "scaleColumns: u %s with %s tokens an example and %s factors do not fit",
                size,
                tokens,
                factors.length);
        return (int) size[1];
    }

    /** Throws unless {@code into} has as many values from its position to its limit as {@code tensor} has elements. */
    public static void checkDownload(Tensor tensor, Buffer into) {
        long elements = size(tensor.shape());
        require(into.remaining() == elements, "download: shape %s into %s values", tensor.shape(), into.remaining());
    }

    /** Throws unless {@code values} has as many values from its position to its limit as {@code shape} has elements. */
    public static void checkUpload(Buffer values, long... shape) {
        checkTensor(shape);
        require(values.remaining() == size(shape), "upload: %s values into shape %s", values.remaining(), shape);
    }

    private static long size(long... shape) {
        long elements = 1;
        for (long one : shape) {
            elements = Math.multiplyExact(elements, one);
        }
        return elements;
    }

    /**
     * Throws {@link IllegalArgumentException} with the formatted message unless {@code condition} holds; arrays of longs
     * print as shapes.
     */
    public static void require(boolean condition, String message, Object... arguments) {
        if (!condition) {
            Object[] printable = new Object[arguments.length];
            for (int i = 0; i < arguments.length; i++) {
                printable[i] = arguments[i] instanceof long[] shape ? Arrays.toString(shape) : arguments[i];
            }
            throw new IllegalArgumentException(String.format(message, printable));
        }
    }
}
