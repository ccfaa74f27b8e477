package org.erat.compute.onednn;

import javax.annotation.Nullable;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.compute.Tokens;
import org.erat.compute.memory.StridedTensor;
import org.erat.data.safetensors.Dtype;

/** Rows of tokens: embeddings on the way in, rotations; gathering and pooling on the way out. */
final class OneDnnTokens implements Tokens {
    private final Execution execution;

    OneDnnTokens(Execution execution) {
        this.execution = execution;
    }

    @Override
    public StridedTensor embeddings(
            Tensor words,
            @Nullable Tensor positionTable,
            @Nullable Tensor types,
            int[] tokenIds,
            int[] typeIds,
            int[] positions) {
        Shapes.checkEmbeddings(words, positionTable, types, tokenIds, typeIds, positions);
        StridedTensor ofWord = HostBlock.tensor(words);
        StridedTensor ofPosition = positionTable == null ? null : HostBlock.tensor(positionTable);
        StridedTensor ofType = types == null ? null : HostBlock.tensor(types);
        int width = (int) ofWord.columns();
        StridedTensor y = execution.allocate(tokenIds.length, width);
        float[] sum = new float[width];
        float[] row = new float[width];
        for (int i = 0; i < tokenIds.length; i++) {
            HostBlock.getRow(ofWord, tokenIds[i], sum);
            if (ofPosition != null) {
                HostBlock.getRow(ofPosition, positions[i], row);
                addTo(sum, row);
            }
            if (ofType != null) {
                HostBlock.getRow(ofType, typeIds[i], row);
                addTo(sum, row);
            }
            HostBlock.putRow(y, i, sum);
        }
        return y;
    }

    @Override
    public void rotate(Tensor x, int headWidth, Tensor angles, int[] positions) {
        Shapes.checkRotate("rotate", x, headWidth, angles, positions);
        rotate(HostBlock.tensor(x), headWidth, HostBlock.tensor(angles), positions, 1);
    }

    @Override
    public void rotateBackward(Tensor dy, int headWidth, Tensor angles, int[] positions) {
        Shapes.checkRotate("rotateBackward", dy, headWidth, angles, positions);
        rotate(HostBlock.tensor(dy), headWidth, HostBlock.tensor(angles), positions, -1);
    }

    private static void rotate(StridedTensor x, int headWidth, StridedTensor angles, int[] positions, int sign) {
        int half = headWidth / 2;
        int width = (int) x.columns();
        float[] row = new float[width];
        float[] ofPosition = new float[headWidth];
        for (int i = 0; i < positions.length; i++) {
            HostBlock.of(angles).floats().get(positions[i] * headWidth, ofPosition);
            HostBlock.getRow(x, i, row);
            for (int head = 0; head < width; head += headWidth) {
                for (int pair = 0; pair < half; pair++) {
                    float cosine = ofPosition[pair];
                    float sine = sign * ofPosition[half + pair];
                    float first = row[head + pair];
                    float second = row[head + half + pair];
                    row[head + pair] = first * cosine - second * sine;
                    row[head + half + pair] = second * cosine + first * sine;
                }
            }
            HostBlock.putRow(x, i, row);
        }
    }

    @Override
    public StridedTensor gather(Tensor x, int[] rows) {
        int width = (int) Shapes.checkGather(x, rows);
        StridedTensor in = HostBlock.tensor(x);
        StridedTensor y = execution.allocate(Dtype.F32, rows.length, width);
        float[] row = new float[width];
        for (int i = 0; i < rows.length; i++) {
            HostBlock.getRow(in, rows[i], row);
            HostBlock.putRow(y, i, row);
        }
        return y;
    }

    @Override
    public StridedTensor gatherBackward(Tensor dy, int[] rows, long n) {
        int[] sources = Shapes.checkGatherBackward(dy, rows, n);
        StridedTensor gradient = HostBlock.tensor(dy);
        int width = (int) gradient.columns();
        StridedTensor dx = execution.allocate(n, width);
        float[] zeros = new float[width];
        float[] row = new float[width];
        for (int i = 0; i < sources.length; i++) {
            if (sources[i] >= 0) {
                HostBlock.getRow(gradient, sources[i], row);
            }
            HostBlock.putRow(dx, i, sources[i] >= 0 ? row : zeros);
        }
        return dx;
    }

    @Override
    public StridedTensor meanPool(Tensor x, int[] lengths) {
        int tokens = Shapes.checkMeanPool(x, lengths);
        StridedTensor in = HostBlock.tensor(x);
        int width = (int) in.columns();
        StridedTensor y = execution.allocate(Dtype.F32, lengths.length, width);
        float[] sum = new float[width];
        float[] row = new float[width];
        for (int b = 0; b < lengths.length; b++) {
            long first = (long) b * tokens;
            HostBlock.getRow(in, first, sum);
            for (int t = 1; t < lengths[b]; t++) {
                HostBlock.getRow(in, first + t, row);
                addTo(sum, row);
            }
            scale(sum, 1f / lengths[b]);
            HostBlock.putRow(y, b, sum);
        }
        return y;
    }

    @Override
    public StridedTensor meanPoolBackward(Tensor dy, int[] lengths, int tokens) {
        int width = (int) Shapes.checkMeanPoolBackward(dy, lengths, tokens);
        StridedTensor gradient = HostBlock.tensor(dy);
        StridedTensor dx = execution.allocate((long) lengths.length * tokens, width);
        float[] zeros = new float[width];
        float[] row = new float[width];
        for (int b = 0; b < lengths.length; b++) {
            HostBlock.getRow(gradient, b, row);
            scale(row, 1f / lengths[b]);
            for (int t = 0; t < tokens; t++) {
                HostBlock.putRow(dx, (long) b * tokens + t, t < lengths[b] ? row : zeros);
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
