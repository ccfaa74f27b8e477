package org.erat.compute.onednn;

import org.erat.compute.Kernels.AttentionShape;
import org.erat.compute.Precision;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;

/** Rows of tokens: embeddings on the way in, pooling on the way out. */
final class Tokens {
    private final Execution execution;

    Tokens(Execution execution) {
        this.execution = execution;
    }

    OneDnnTensor embeddings(
            Tensor words, Tensor positionTable, Tensor types, int[] tokenIds, int[] typeIds, int[] positions) {
        Shapes.checkEmbeddings(words, positionTable, types, tokenIds, typeIds, positions);
        OneDnnTensor ofWord = OneDnnTensor.of(words);
        OneDnnTensor ofPosition = OneDnnTensor.of(positionTable);
        OneDnnTensor ofType = types == null ? null : OneDnnTensor.of(types);
        int width = (int) ofWord.columnsCount();
        OneDnnTensor y = execution.allocate(tokenIds.length, width);
        float[] sum = new float[width];
        float[] row = new float[width];
        for (int i = 0; i < tokenIds.length; i++) {
            ofWord.getRow(tokenIds[i], sum);
            ofPosition.getRow(positions[i], row);
            addTo(sum, row);
            if (ofType != null) {
                ofType.getRow(typeIds[i], row);
                addTo(sum, row);
            }
            y.putRow(i, sum);
        }
        return y;
    }

    OneDnnTensor meanPool(Tensor x, AttentionShape shape) {
        int width = (int) Shapes.checkPool("meanPool", x, shape);
        OneDnnTensor in = OneDnnTensor.of(x);
        OneDnnTensor y = execution.allocate(Precision.F32, shape.batch(), width);
        float[] sum = new float[width];
        float[] row = new float[width];
        for (int b = 0; b < shape.batch(); b++) {
            long first = (long) b * shape.tokens();
            in.getRow(first, sum);
            for (int t = 1; t < shape.lengths()[b]; t++) {
                in.getRow(first + t, row);
                addTo(sum, row);
            }
            scale(sum, 1f / shape.lengths()[b]);
            y.putRow(b, sum);
        }
        return y;
    }

    OneDnnTensor meanPoolBackward(Tensor dy, AttentionShape shape) {
        int width = (int) Shapes.checkPoolBackward("meanPoolBackward", dy, shape);
        OneDnnTensor gradient = OneDnnTensor.of(dy);
        OneDnnTensor dx = execution.allocate((long) shape.batch() * shape.tokens(), width);
        float[] zeros = new float[width];
        float[] row = new float[width];
        for (int b = 0; b < shape.batch(); b++) {
            gradient.getRow(b, row);
            scale(row, 1f / shape.lengths()[b]);
            for (int t = 0; t < shape.tokens(); t++) {
                dx.putRow((long) b * shape.tokens() + t, t < shape.lengths()[b] ? row : zeros);
            }
        }
        return dx;
    }

    OneDnnTensor firstToken(Tensor x, AttentionShape shape) {
        int width = (int) Shapes.checkPool("firstToken", x, shape);
        OneDnnTensor in = OneDnnTensor.of(x);
        OneDnnTensor y = execution.allocate(Precision.F32, shape.batch(), width);
        float[] row = new float[width];
        for (int b = 0; b < shape.batch(); b++) {
            in.getRow((long) b * shape.tokens(), row);
            y.putRow(b, row);
        }
        return y;
    }

    OneDnnTensor firstTokenBackward(Tensor dy, AttentionShape shape) {
        int width = (int) Shapes.checkPoolBackward("firstTokenBackward", dy, shape);
        OneDnnTensor gradient = OneDnnTensor.of(dy);
        OneDnnTensor dx = execution.allocate((long) shape.batch() * shape.tokens(), width);
        float[] zeros = new float[width];
        float[] row = new float[width];
        for (int b = 0; b < shape.batch(); b++) {
            gradient.getRow(b, row);
            for (int t = 0; t < shape.tokens(); t++) {
                dx.putRow((long) b * shape.tokens() + t, t == 0 ? row : zeros);
            }
        }
        return dx;
    }

    private static void addTo(float[] sum, float[] row) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += row[i];
        }
    }

    private static void scale(float[] row, float factor) {
        for (int i = 0; i < row.length; i++) {
            row[i] *= factor;
        }
    }
}
