package org.erat.compute.cuda;

import javax.annotation.Nullable;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;
import org.erat.compute.Tokens;
import org.erat.compute.memory.Block;
import org.erat.compute.memory.StridedTensor;
import org.erat.data.safetensors.Dtype;

/** Rows of tokens: embeddings on the way in, rotations; gathering and pooling on the way out. */
final class CudaTokens implements Tokens {
    private final Execution execution;

    CudaTokens(Execution execution) {
        this.execution = execution;
    }

    /** A table in the dtype of activations and the address of the ids of its rows; zeros where there is no table. */
    private record Table(@Nullable StridedTensor given, @Nullable StridedTensor table, long ids) {
        long address() {
            return table == null ? 0 : table.address();
        }

        long stride() {
            return table == null ? 0 : table.stride();
        }

        void release() {
            if (table != null) {
                Execution.release(given, table);
            }
        }
    }

    private Table table(@Nullable Tensor tensor, long ids) {
        if (tensor == null) {
            return new Table(null, null, 0);
        }
        StridedTensor given = DeviceBlock.tensor(tensor);
        return new Table(given, execution.in(execution.activations(), given), ids);
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
        int count = tokenIds.length;
        int[] ids = new int[3 * count];
        System.arraycopy(tokenIds, 0, ids, 0, count);
        if (positionTable != null) {
            System.arraycopy(positions, 0, ids, count, count);
        }
        if (types != null) {
            System.arraycopy(typeIds, 0, ids, 2 * count, count);
        }
        Block onDevice = execution.upload(ids);
        long bytes = (long) Integer.BYTES * count;
        Table word = table(words, onDevice.address());
        Table position = table(positionTable, onDevice.address() + bytes);
        Table type = table(types, onDevice.address() + 2 * bytes);
        StridedTensor y = execution.allocate(count, word.table().columns());
        // A table's rows are met in any order: a single one does not lie at its stride but still has to be aligned.
        StridedTensor first = word.table();
        Execution.Cells cells = execution.cellsOfRows(
                y,
                first,
                position.table() == null ? first : position.table(),
                type.table() == null ? first : type.table());
        execution.run(with(cells.kernel("embeddings", execution.activations()), word, position, type)
                .with(y.address())
                .with(cells.rows())
                .with(cells.columns()));
        execution.memory().giveBack(onDevice);
        word.release();
        position.release();
        type.release();
        return y;
    }

    private static Launch with(Launch launch, Table... tables) {
        for (Table table : tables) {
            launch.with(table.address()).with(table.stride()).with(table.ids());
        }
        return launch;
    }

    @Override
    public void rotate(Tensor x, int headWidth, Tensor angles, int[] positions) {
        Shapes.checkRotate("rotate", x, headWidth, angles, positions);
        rotate(DeviceBlock.tensor(x), headWidth, DeviceBlock.single("rotate", "angles", angles), positions, 1);
    }

    @Override
    public void rotateBackward(Tensor dy, int headWidth, Tensor angles, int[] positions) {
        Shapes.checkRotate("rotateBackward", dy, headWidth, angles, positions);
        rotate(
                DeviceBlock.tensor(dy),
                headWidth,
                DeviceBlock.single("rotateBackward", "angles", angles),
                positions,
                -1);
    }

    private void rotate(StridedTensor x, int headWidth, StridedTensor angles, int[] positions, int sign) {
        int half = headWidth / 2;
        int width = half % 4 == 0 ? Execution.width(x, angles) : 1;
        execution.run(execution
                .launch()
                .ofCells(Execution.name("rotate", width, x.dtype()), x.rows(), x.columns() / 2, width)
                .with(x)
                .with(angles.address())
                .with(execution.positions(positions))
                .withFloat(sign)
                .with(x.rows())
                .with(x.columns() / 2)
                .with(half));
    }

    @Override
    public StridedTensor gather(Tensor x, int[] rows) {
        long width = Shapes.checkGather(x, rows);
        StridedTensor in = DeviceBlock.tensor(x);
        StridedTensor y = execution.allocate(Dtype.F32, rows.length, width);
        Block onDevice = execution.upload(rows);
        Execution.Cells cells = execution.cellsOfRows(y, in);
        execution.run(cells.kernel("gather", in.dtype())
                .with(in)
                .with(onDevice.address())
                .with(y.address())
                .with(cells.rows())
                .with(cells.columns()));
        execution.memory().giveBack(onDevice);
        return y;
    }

    @Override
    public StridedTensor gatherBackward(Tensor dy, int[] rows, long n) {
        int[] sources = Shapes.checkGatherBackward(dy, rows, n);
        StridedTensor gradient = DeviceBlock.tensor(dy);
        StridedTensor dx = execution.allocate(n, gradient.columns());
        Block onDevice = execution.upload(sources);
        Execution.Cells cells = execution.cellsOfRows(dx, gradient);
        execution.run(cells.kernel("gather_backward", gradient.dtype(), dx.dtype())
                .with(gradient)
                .with(onDevice.address())
                .with(dx.address())
                .with(cells.rows())
                .with(cells.columns()));
        execution.memory().giveBack(onDevice);
        return dx;
    }

    @Override
    public StridedTensor meanPool(Tensor x, int[] lengths) {
        int tokens = Shapes.checkMeanPool(x, lengths);
        StridedTensor in = DeviceBlock.tensor(x);
        StridedTensor y = execution.allocate(Dtype.F32, lengths.length, in.columns());
        Execution.Cells cells = execution.cellsOfRows(y, in);
        execution.run(cells.kernel("mean_pool", in.dtype())
                .with(in)
                .with(execution.lengths(lengths))
                .with(y.address())
                .with(cells.rows())
                .with(tokens)
                .with(cells.columns()));
        return y;
    }

    @Override
    public StridedTensor meanPoolBackward(Tensor dy, int[] lengths, int tokens) {
        long width = Shapes.checkMeanPoolBackward(dy, lengths, tokens);
        StridedTensor gradient = DeviceBlock.tensor(dy);
        StridedTensor dx = execution.allocate((long) lengths.length * tokens, width);
        Execution.Cells cells = execution.cellsOfRows(dx, gradient);
        execution.run(cells.kernel("mean_pool_backward", gradient.dtype(), dx.dtype())
                .with(gradient)
                .with(execution.lengths(lengths))
                .with(dx.address())
                .with(cells.rows())
                .with(tokens)
                .with(cells.columns()));
        return dx;
    }
}
