package org.erat.compute.cuda;

import java.util.Arrays;
import javax.annotation.Nullable;
import org.erat.compute.Kernels.AttentionShape;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;

/** Rows of tokens: embeddings on the way in, pooling on the way out. The first token is the mean of one token. */
final class Tokens {
    private final Execution execution;

    Tokens(Execution execution) {
        this.execution = execution;
    }

    CudaTensor embeddings(
            Tensor words,
            Tensor positionTable,
            @Nullable Tensor types,
            int[] tokenIds,
            @Nullable int[] typeIds,
            int[] positions) {
        Shapes.checkEmbeddings(words, positionTable, types, tokenIds, typeIds, positions);
        Format format = execution.activations();
        CudaTensor[] given = {
            CudaTensor.of(words), CudaTensor.of(positionTable), types == null ? null : CudaTensor.of(types)
        };
        CudaTensor[] tables = Arrays.stream(given)
                .map(t -> t == null ? null : execution.in(format, t))
                .toArray(CudaTensor[]::new);
        int count = tokenIds.length;
        int[] ids = Arrays.copyOf(tokenIds, (types == null ? 2 : 3) * count);
        System.arraycopy(positions, 0, ids, count, count);
        if (types != null) {
            System.arraycopy(typeIds, 0, ids, 2 * count, count);
        }
        DevicePool.Block idsOnDevice = execution.upload(ids);
        CudaTensor y = execution.allocate(count, tables[0].columnsCount());
        CudaTensor last = types == null ? tables[0] : tables[2];
        // A table's rows are met in any order: a single one does not lie at its stride but still has to be aligned.
        Execution.Cells cells = execution.cellsOfRows(y, tables[0], tables[1], last);
        execution.run(cells.kernel("embeddings", format)
                .with(tables[0])
                .with(tables[1])
                .with(types == null ? 0 : last.address())
                .with(last.stride())
                .with(idsOnDevice.address())
                .with(y.address())
                .with(cells.rows())
                .with(cells.columns()));
        execution.pool().giveBack(idsOnDevice);
        for (int i = 0; i < given.length; i++) {
            Execution.release(given[i], tables[i]);
        }
        return y;
    }

    CudaTensor meanPool(Tensor x, AttentionShape shape) {
        return pool("meanPool", x, shape, shape.lengths());
    }

    CudaTensor firstToken(Tensor x, AttentionShape shape) {
        return pool("firstToken", x, shape, ones(shape));
    }

    CudaTensor meanPoolBackward(Tensor dy, AttentionShape shape) {
        return poolBackward("meanPoolBackward", dy, shape, shape.lengths());
    }

    CudaTensor firstTokenBackward(Tensor dy, AttentionShape shape) {
        return poolBackward("firstTokenBackward", dy, shape, ones(shape));
    }

    private CudaTensor pool(String primitive, Tensor x, AttentionShape shape, int[] lengths) {
        long width = Shapes.checkPool(primitive, x, shape);
        CudaTensor in = CudaTensor.of(x);
        CudaTensor y = execution.allocate(Format.F32, shape.batch(), width);
        Execution.Cells cells = execution.cellsOfRows(y, in);
        execution.run(cells.kernel("mean_pool", in.format())
                .with(in)
                .with(execution.lengths(lengths))
                .with(y.address())
                .with(shape.batch())
                .with(shape.tokens())
                .with(width));
        return y;
    }

    private CudaTensor poolBackward(String primitive, Tensor dy, AttentionShape shape, int[] lengths) {
        long width = Shapes.checkPoolBackward(primitive, dy, shape);
        CudaTensor gradient = CudaTensor.of(dy);
        CudaTensor dx = execution.allocate((long) shape.batch() * shape.tokens(), width);
        Execution.Cells cells = execution.cellsOfRows(dx, gradient);
        execution.run(cells.kernel("mean_pool_backward", gradient.format(), dx.format())
                .with(gradient)
                .with(execution.lengths(lengths))
                .with(dx.address())
                .with(cells.rows())
                .with(shape.tokens())
                .with(width));
        return dx;
    }

    private static int[] ones(AttentionShape shape) {
        int[] ones = new int[shape.batch()];
        Arrays.fill(ones, 1);
        return ones;
    }
}
