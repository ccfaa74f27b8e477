package org.erat.adapter;

import java.util.Arrays;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.DiagonalMatrix;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.SingularValueDecomposition;

/**
 * Another factorization B'·A' = B·A of a low-rank product, in which row i is the i-th singular direction. Its first b rows
 * are the closest of all products of rank b (Eckart and Young, 1936): in the Frobenius norm, or, where the second moments
 * M = E[u·uᵀ] of u = A·x over some inputs x are given, in the mean square of the output over these inputs.
 *
 * <p>With thin decompositions B = P·S·Vᵀ and S·Vᵀ·F = U·Σ·Zᵀ, where F·Fᵀ is A·Aᵀ or M: B' = P·U, A' = Uᵀ·S·Vᵀ·A, then both
 * rows of a pair scaled to one norm. All in double precision, in Java alone: the same bits on any machine.
 *
 * @param a [R][in] rows of A'; zero where the product does not need them
 * @param b [R][out] rows of B'ᵀ; zero where the product does not need them
 * @param singularValues [R] σ of each row, falling; 0 for rows that the product does not need
 */
public record OrderedProduct(double[][] a, double[][] b, double[] singularValues) {
    /**
     * Orders a product by its Frobenius norm.
     *
     * @param a [R][in] rows of A, finite
     * @param b [R][out] rows of Bᵀ, finite
     */
    public static OrderedProduct of(double[][] a, double[][] b) {
        SingularValueDecomposition ofA = new SingularValueDecomposition(new Array2DRowRealMatrix(a, false).transpose());
        return of(a, b, ofA.getV().multiply(new DiagonalMatrix(ofA.getSingularValues())));
    }

    /**
     * Orders a product by the mean square of its output.
     *
     * @param a [R][in] rows of A, finite
     * @param b [R][out] rows of Bᵀ, finite
     * @param moments [R][R] M, symmetric and without negative eigenvalues
     */
    public static OrderedProduct of(double[][] a, double[][] b, double[][] moments) {
        SingularValueDecomposition ofMoments = new SingularValueDecomposition(new Array2DRowRealMatrix(moments, false));
        double[] roots =
                Arrays.stream(ofMoments.getSingularValues()).map(Math::sqrt).toArray();
        return of(a, b, ofMoments.getU().multiply(new DiagonalMatrix(roots)));
    }

    private static OrderedProduct of(double[][] a, double[][] b, RealMatrix factor) {
        RealMatrix rowsOfA = new Array2DRowRealMatrix(a, false);
        SingularValueDecomposition ofB = new SingularValueDecomposition(new Array2DRowRealMatrix(b, false).transpose());
        RealMatrix core = ofB.getS().multiply(ofB.getVT());
        SingularValueDecomposition inner = new SingularValueDecomposition(core.multiply(factor));
        RealMatrix newB = ofB.getU().multiply(inner.getU());
        RealMatrix newA = inner.getUT().multiply(core).multiply(rowsOfA);
        int rank = a.length;
        double[][] orderedA = new double[rank][a[0].length];
        double[][] orderedB = new double[rank][b[0].length];
        for (int row = 0; row < newA.getRowDimension(); row++) {
            // Columns of B' have norm 1.
            double balance = Math.sqrt(newA.getRowVector(row).getNorm());
            if (balance > 0) {
                orderedA[row] = newA.getRowVector(row).mapDivide(balance).toArray();
                orderedB[row] = newB.getColumnVector(row).mapMultiply(balance).toArray();
            }
        }
        return new OrderedProduct(orderedA, orderedB, Arrays.copyOf(inner.getSingularValues(), rank));
    }
}
