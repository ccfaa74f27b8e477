package org.erat.compute;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import org.erat.compute.Kernels.AttentionShape;

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
        long size = Arrays.stream(shape).reduce(1, Math::multiplyExact);
        require(
                !view && from >= 0 && rows > 0 && columns > 0 && from + rows * columns <= size,
                "matrix: [%s, %s] from element %s on is not within a dense tensor of shape %s",
                rows,
                columns,
                from,
                shape);
    }

    /** Throws unless op(a) [M,K], op(b) [K,N] and c [M,N] fit. */
    public static void checkProduct(Tensor a, boolean transposeA, Tensor b, boolean transposeB, Tensor c) {
        long[] left = matrix("product", "a", a);
        long[] right = matrix("product", "b", b);
        long[] result = matrix("product", "c", c);
        long m = left[transposeA ? 1 : 0];
        long k = left[transposeA ? 0 : 1];
        long kOfB = right[transposeB ? 1 : 0];
        long n = right[transposeB ? 0 : 1];
        require(
                k == kOfB && result[0] == m && result[1] == n,
                "product: a %s%s, b %s%s and c %s do not fit",
                left,
                transposeA ? " transposed" : "",
                right,
                transposeB ? " transposed" : "",
                result);
    }

    /** Throws unless {@code shape} describes examples of 1..T tokens. */
    public static void checkAttention(String primitive, AttentionShape shape) {
        require(
                shape.batch() > 0 && shape.tokens() > 0 && shape.heads() > 0,
                "%s: %s examples of %s tokens with %s heads",
                primitive,
                shape.batch(),
                shape.tokens(),
                shape.heads());
        require(
                shape.lengths().length == shape.batch(),
                "%s: %s lengths for %s examples",
                primitive,
                shape.lengths().length,
                shape.batch());
        for (int length : shape.lengths()) {
            require(
                    length >= 1 && length <= shape.tokens(),
                    "%s: length %s is not within 1..%s",
                    primitive,
                    length,
                    shape.tokens());
        }
    }

    /** H, given that qkv is [N,3H] and H is a multiple of A. */
    public static int checkAttention(String primitive, Tensor qkv, AttentionShape shape) {
        checkAttention(primitive, shape);
        long[] size = matrix(primitive, "qkv", qkv);
        long rows = (long) shape.batch() * shape.tokens();
        require(
                size[0] == rows && size[1] % (3L * shape.heads()) == 0,
                "%s: qkv has shape %s where [%s, 3H] with H a multiple of %s heads is needed",
                primitive,
                size,
                rows,
                shape.heads());
        return (int) (size[1] / 3);
    }

    /** H, given that qkv is [N,3H], H is a multiple of A and dy is [N,H]. */
    public static int checkAttentionBackward(Tensor dy, Tensor qkv, AttentionShape shape) {
        int width = checkAttention("attentionBackward", qkv, shape);
        checkShape("attentionBackward", "dy", dy, (long) shape.batch() * shape.tokens(), width);
        return width;
    }

    /** Throws unless {@code weights} is [B·A·T, T]. */
    public static void checkAttentionWeights(Tensor weights, AttentionShape shape) {
        long rows = (long) shape.batch() * shape.heads() * shape.tokens();
        checkShape("attentionBackward", "the attention weights kept", weights, rows, shape.tokens());
    }

    /** Throws unless {@code values} holds as many elements as {@code shape} has. */
    public static void checkFrozen(FloatBuffer values, long... shape) {
        checkTensor(shape);
        long elements = 1;
        for (long size : shape) {
            elements *= size;
        }
        require(
                values.remaining() == elements,
                "frozen: %s values where shape %s needs %s",
                values.remaining(),
                shape,
                elements);
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

    /** Throws unless gain and bias [H] and the statistics [N] fit x [N,H]. */
    public static void checkLayerNorm(
            String primitive, Tensor x, Tensor gain, Tensor bias, Tensor mean, Tensor inverseDeviation) {
        long[] size = matrix(primitive, "x", x);
        checkShape(primitive, "gain", gain, size[1]);
        checkShape(primitive, "bias", bias, size[1]);
        checkShape(primitive, "mean", mean, size[0]);
        checkShape(primitive, "inverseDeviation", inverseDeviation, size[0]);
    }

    /** H of the x [N,H] that is pooled. */
    public static long checkPool(String primitive, Tensor x, AttentionShape shape) {
        checkAttention(primitive, shape);
        long width = columns(primitive, "x", x);
        checkShape(primitive, "x", x, (long) shape.batch() * shape.tokens(), width);
        return width;
    }

    /** H of the dy [B,H] of a pooled tensor. */
    public static long checkPoolBackward(String primitive, Tensor dy, AttentionShape shape) {
        checkAttention(primitive, shape);
        long width = columns(primitive, "dy", dy);
        checkShape(primitive, "dy", dy, shape.batch(), width);
        return width;
    }

    /** Throws unless the three tables are of one width and every id is a row of its table. */
    public static void checkEmbeddings(
            Tensor words, Tensor positionTable, Tensor types, int[] tokenIds, int[] typeIds, int[] positions) {
        long width = columns("embeddings", "words", words);
        long rowsOfPositions = rows("embeddings", "positionTable", positionTable);
        checkShape("embeddings", "positionTable", positionTable, rowsOfPositions, width);
        require(tokenIds.length > 0, "embeddings: no tokens");
        checkIds("tokenIds", tokenIds, tokenIds.length, rows("embeddings", "words", words));
        checkIds("positions", positions, tokenIds.length, rowsOfPositions);
        if (types != null) {
            long rowsOfTypes = rows("embeddings", "types", types);
            checkShape("embeddings", "types", types, rowsOfTypes, width);
            checkIds("typeIds", typeIds, tokenIds.length, rowsOfTypes);
        }
    }

    /** Throws unless every id is a row of {@code table}. */
    private static void checkIds(String operand, int[] ids, int count, long rowsOfTable) {
        require(ids.length == count, "embeddings: %s has %s entries where %s are needed", operand, ids.length, count);
        for (int id : ids) {
            require(
                    id >= 0 && id < rowsOfTable,
                    "embeddings: %s holds %s, outside the table's %s rows",
                    operand,
                    id,
                    rowsOfTable);
        }
    }

    /** Throws unless targets [B,C] and losses [B] fit outputs [B,C]. */
    public static void checkLoss(Tensor outputs, long[] targets, Tensor losses) {
        long[] size = matrix("loss", "outputs", outputs);
        require(Arrays.equals(size, targets), "loss: outputs %s and targets %s do not fit", size, targets);
        checkShape("loss", "losses", losses, size[0]);
    }

    /** Throws unless losses and gradient are vectors and summary is [4]. */
    public static void checkSummary(Tensor losses, Tensor gradient, Tensor summary) {
        require(losses.shape().length == 1, "summarise: losses %s are no vector", losses.shape());
        require(gradient.shape().length == 1, "summarise: gradient %s is no vector", gradient.shape());
        checkShape("summarise", "summary", summary, Kernels.SUMMARY);
    }

    /** Throws unless every stretch is within vectors of parameters, gradients and moments, and has been moved. */
    public static void checkAdamW(
            List<AdamW.Stretch> stretches, Tensor parameters, Tensor gradient, Tensor state, Tensor summary) {
        require(parameters.shape().length == 1, "adamW: parameters %s are no vector", parameters.shape());
        require(state.shape().length == 1, "adamW: state %s is no vector", state.shape());
        checkShape("adamW", "gradient", gradient, parameters.shape());
        checkShape("adamW", "summary", summary, Kernels.SUMMARY);
        for (AdamW.Stretch stretch : stretches) {
            checkRange(
                    "adamW: parameters",
                    stretch.from(),
                    stretch.from() + stretch.length(),
                    parameters.shape()[0]);
            checkRange("adamW: first moments", stretch.first(), stretch.first() + stretch.length(), state.shape()[0]);
            checkRange(
                    "adamW: second moments", stretch.second(), stretch.second() + stretch.length(), state.shape()[0]);
            require(stretch.steps() >= 1, "adamW: %s steps, this one included", stretch.steps());
        }
    }

    /** Throws unless 0 ≤ rate &lt; 1. */
    public static void checkRate(double rate) {
        require(rate >= 0 && rate < 1, "dropout: rate %s is not within [0, 1)", rate);
    }

    /** B, given that u has B·tokens rows and factors B·R entries. */
    public static int checkScaleByExample(Tensor u, float[] factors, int tokens) {
        long[] size = matrix("scaleByExample", "u", u);
        require(
                tokens > 0 && size[0] % tokens == 0 && factors.length == size[0] / tokens * size[1],
                "scaleByExample: u %s with %s tokens an example and %s factors do not fit",
                size,
                tokens,
                factors.length);
        return (int) (size[0] / tokens);
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
