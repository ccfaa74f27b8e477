package org.erat.compute.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import org.erat.compute.Shapes;
import org.erat.compute.Tensor;

/**
 * Products of two tensors that change: the adapters' skinny ones. They go through {@code sgemm} and not through the
 * product primitive: as fast for these shapes within a factor of one and a half, and with nothing to create for each of
 * the many combinations of window and batch shape.
 */
final class SmallProducts {
    /**
     * A product aᵀ·b with fewer columns than a vector register is three times faster as (bᵀ·a)ᵀ; the transposition
     * costs little while the result is small.
     */
    private static final long NARROW = 32;

    private final Execution execution;
    private final Address left = new Address();
    private final Address right = new Address();
    private final Address result = new Address();

    SmallProducts(Execution execution) {
        this.execution = execution;
    }

    /** c = alpha·op(a)·op(b) + beta·c. */
    void product(Tensor a, boolean transposeA, Tensor b, boolean transposeB, double alpha, double beta, Tensor c) {
        Shapes.checkProduct(a, transposeA, b, transposeB, c);
        OneDnnTensor x = OneDnnTensor.of(a);
        OneDnnTensor y = OneDnnTensor.of(b);
        OneDnnTensor into = OneDnnTensor.of(c);
        long m = into.rowsCount();
        long n = into.columnsCount();
        long k = transposeA ? x.rowsCount() : x.columnsCount();
        if (transposeA && !transposeB && n < NARROW && m >= NARROW) {
            Block transposed = execution.take(Float.BYTES * n * m);
            multiply(y, true, x, false, n, m, k, alpha, 0, transposed.address(), m);
            addTransposed(transposed, beta, into);
            execution.release(transposed);
        } else {
            multiply(x, transposeA, y, transposeB, m, n, k, alpha, beta, into.address(), into.stride());
        }
    }

    private void multiply(
            OneDnnTensor a,
            boolean transposeA,
            OneDnnTensor b,
            boolean transposeB,
            long m,
            long n,
            long k,
            double alpha,
            double beta,
            long c,
            long strideOfC) {
        execution.useThreads();
        int status = dnnl_sgemm(
                (byte) (transposeA ? 'T' : 'N'),
                (byte) (transposeB ? 'T' : 'N'),
                m,
                n,
                k,
                (float) alpha,
                left.at(a.address()),
                a.stride(),
                right.at(b.address()),
                b.stride(),
                (float) beta,
                result.at(c),
                strideOfC);
        OneDnn.check(status, "execute sgemm [" + m + ", " + k + "]·[" + k + ", " + n + "]");
    }

    /** c[M,N] = transposed[N,M]ᵀ + beta·c. */
    private static void addTransposed(Block transposed, double beta, OneDnnTensor c) {
        int m = (int) c.rowsCount();
        int n = (int) c.columnsCount();
        float[] columns = new float[m * n];
        transposed.floats().get(0, columns);
        float[] row = new float[n];
        for (int i = 0; i < m; i++) {
            if (beta != 0) {
                c.getRow(i, row);
            }
            for (int j = 0; j < n; j++) {
                float value = columns[j * m + i];
                row[j] = beta == 0 ? value : value + (float) beta * row[j];
            }
            c.putRow(i, row);
        }
    }
}
