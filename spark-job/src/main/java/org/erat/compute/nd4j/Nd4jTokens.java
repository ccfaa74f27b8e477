package org.erat.compute.nd4j;

import static org.erat.compute.nd4j.Nd4jTensor.array;

import java.util.Arrays;
import javax.annotation.Nullable;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.compute.Tokens;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Rows of tokens: embeddings on the way in, rotations; gathering and pooling on the way out. */
final class Nd4jTokens implements Tokens {
    private final Nd4jMemory memory;

    Nd4jTokens(Nd4jMemory memory) {
        this.memory = memory;
    }

    @Override
    public Tensor embeddings(
            Tensor words,
            @Nullable Tensor positionTable,
            @Nullable Tensor types,
            int[] tokenIds,
            int[] typeIds,
            int[] positions) {
        Shapes.checkEmbeddings(words, positionTable, types, tokenIds, typeIds, positions);
        INDArray sum = Nd4j.pullRows(array(words), 1, tokenIds);
        if (positionTable != null) {
            sum.addi(Nd4j.pullRows(array(positionTable), 1, positions));
        }
        if (types != null) {
            sum.addi(Nd4j.pullRows(array(types), 1, typeIds));
        }
        return memory.own(sum);
    }

    @Override
    public void rotate(Tensor x, int headWidth, Tensor angles, int[] positions) {
        Shapes.checkRotate("rotate", x, headWidth, angles, positions);
        rotate(array(x), headWidth, array(angles), positions, 1);
    }

    @Override
    public void rotateBackward(Tensor dy, int headWidth, Tensor angles, int[] positions) {
        Shapes.checkRotate("rotateBackward", dy, headWidth, angles, positions);
        rotate(array(dy), headWidth, array(angles), positions, -1);
    }

    private static void rotate(INDArray x, int headWidth, INDArray angles, int[] positions, int sign) {
        int half = headWidth / 2;
        INDArray rows = Nd4j.pullRows(angles.reshape('c', -1, headWidth), 1, positions);
        for (int head = 0; head < x.size(1); head += headWidth) {
            for (int pair = 0; pair < half; pair++) {
                INDArray cosine = rows.getColumn(pair);
                INDArray sine = rows.getColumn((long) half + pair).mul(sign);
                INDArray first = x.getColumn((long) head + pair);
                INDArray second = x.getColumn((long) head + half + pair);
                INDArray rotated = first.mul(cosine).subi(second.mul(sine));
                second.assign(second.mul(cosine).addi(first.mul(sine)));
                first.assign(rotated);
            }
        }
    }

    @Override
    public Tensor gather(Tensor x, int[] rows) {
        Shapes.checkGather(x, rows);
        return memory.own(Nd4j.pullRows(array(x), 1, rows));
    }

    @Override
    public Tensor gatherBackward(Tensor dy, int[] rows, long n) {
        Shapes.checkGatherBackward(dy, rows, n);
        INDArray gradient = array(dy);
        INDArray dx = Nd4j.zeros(memory.type(), n, gradient.size(1));
        for (int i = 0; i < rows.length; i++) {
            dx.getRow(rows[i]).assign(gradient.getRow(i));
        }
        return memory.own(dx);
    }

    @Override
    public Tensor meanPool(Tensor x, int[] lengths) {
        int tokens = Shapes.checkMeanPool(x, lengths);
        INDArray weighted = array(x).mulColumnVector(shares(lengths, tokens));
        return memory.own(
                weighted.reshape('c', lengths.length, tokens, weighted.size(1)).sum(1));
    }

    @Override
    public Tensor meanPoolBackward(Tensor dy, int[] lengths, int tokens) {
        Shapes.checkMeanPoolBackward(dy, lengths, tokens);
        return memory.own(array(dy).repeat(0, tokens).muliColumnVector(shares(lengths, tokens)));
    }

    /** Per row b·T+t the share of the token in its example's mean, zero on padding: [N]. */
    private INDArray shares(int[] lengths, int tokens) {
        double[] shares = new double[lengths.length * tokens];
        for (int b = 0; b < lengths.length; b++) {
            Arrays.fill(shares, b * tokens, b * tokens + lengths[b], 1.0 / lengths[b]);
        }
        return Nd4j.createFromArray(shares).castTo(memory.type());
    }
}
