package org.erat.compute.cuda;

import org.erat.compute.memory.StridedTensor;
import org.erat.data.safetensors.Dtype;

/**
 * A matrix product as BLAS has it, with matrices by columns: c[m,n] = alpha·op(a)[m,k]·op(b)[k,n] + beta·c, sums in f32.
 *
 * @param operands dtype of a and b
 * @param result dtype of c
 * @param strideA elements from one column of a to the next; likewise b and c
 * @param epilogue what becomes of the sums; a bias is a vector [m] in the result's dtype
 */
record Gemm(
        boolean transposeA,
        boolean transposeB,
        int m,
        int n,
        int k,
        Dtype operands,
        Dtype result,
        long strideA,
        long strideB,
        long strideC,
        float alpha,
        float beta,
        Epilogue epilogue) {

    /** The same for matrices by rows: read by columns each is its own transpose, and so is the result. */
    static Gemm ofRows(StridedTensor a, boolean transposeA, StridedTensor b, boolean transposeB, StridedTensor c) {
        return new Gemm(
                transposeB,
                transposeA,
                Math.toIntExact(c.columns()),
                Math.toIntExact(c.rows()),
                Math.toIntExact(transposeA ? a.rows() : a.columns()),
                a.dtype(),
                c.dtype(),
                b.stride(),
                a.stride(),
                c.stride(),
                1,
                0,
                Epilogue.NONE);
    }

    Gemm scaled(double newAlpha, double newBeta) {
        return new Gemm(
                transposeA,
                transposeB,
                m,
                n,
                k,
                operands,
                result,
                strideA,
                strideB,
                strideC,
                (float) newAlpha,
                (float) newBeta,
                epilogue);
    }

    Gemm endingIn(Epilogue newEpilogue) {
        return new Gemm(
                transposeA, transposeB, m, n, k, operands, result, strideA, strideB, strideC, alpha, beta, newEpilogue);
    }

    /** For messages: {@code [768,4096] = [768,768]ᵀ·[768,4096] by columns, BF16 to F32}. */
    @Override
    public String toString() {
        return "[" + m + "," + n + "] = "
                + (transposeA ? "[" + k + "," + m + "]ᵀ" : "[" + m + "," + k + "]") + "·"
                + (transposeB ? "[" + n + "," + k + "]ᵀ" : "[" + k + "," + n + "]")
                + " by columns at distances of " + strideC + ", " + strideA + " and " + strideB + ", " + operands
                + " to " + result + epilogue + (beta == 0 ? "" : ", added");
    }
}
