package org.erat.compute.cuda;

import org.erat.compute.Attention.Shape;
import org.erat.compute.Shapes;
import org.erat.compute.memory.StridedTensor;
import org.erat.data.safetensors.Dtype;

/** Attention of the newest tokens over a cache: a kernel that keeps their keys and values, and one that attends. */
final class CudaDecoding {
    private static final int THREADS = 128;

    private final Execution execution;

    CudaDecoding(Execution execution) {
        this.execution = execution;
    }

    StridedTensor attend(StridedTensor qkv, StridedTensor cache, Shape shape) {
        Shapes.require(cache.isDense(), "decode: the cache is a view of columns");
        long lengths = execution.lengths(shape.lengths());
        StridedTensor newest = qkv.columns(shape.queryWidth(), shape.width());
        Execution.Cells cells = execution.cellsOfRows(newest, cache.rows(0, newest.rows()));
        execution.run(cells.kernel("keep_newest", qkv.dtype())
                .with(newest)
                .with(cache.address())
                .with(lengths)
                .with(cells.rows())
                .with(cells.columns())
                .with(shape.tokens()));
        long queries = (long) shape.batch() * shape.heads();
        StridedTensor scores = execution.allocate(Dtype.F32, queries, shape.tokens());
        StridedTensor y = execution.allocate(qkv.dtype(), shape.batch(), shape.queryWidth());
        int width = shape.headWidth() % 4 == 0 ? Execution.width(qkv, newest, cache, y) : 1;
        execution.run(execution
                .launch()
                .ofBlocks(
                        Execution.name("decode", width, qkv.dtype()),
                        queries,
                        shape.tokens(),
                        Math.toIntExact(queries),
                        THREADS)
                .with(qkv)
                .with(cache.address())
                .with(scores.address())
                .with(y.address())
                .with(lengths)
                .with(shape.tokens())
                .with(shape.heads())
                .with(shape.keyValueHeads())
                .with(shape.headWidth())
                .with(shape.mask().window())
                .withFloat((float) (1 / Math.sqrt((double) shape.headWidth()))));
        scores.close();
        return y;
    }
}
