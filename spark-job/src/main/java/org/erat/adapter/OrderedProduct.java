package org.erat.adapter;

import java.util.Arrays;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.DiagonalMatrix;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.SingularValueDecomposition;

/**
 * Another factorization B'·A' = B·A of a low-rank product, in which row i is the i-th singular direction. Its first b rows
 * are the closest of all products of rank b in the Frobenius norm (Eckart and Young, 1936).
 *
 * <p>With thin decompositions B = P·S·Vᵀ, Aᵀ = Q·T·Wᵀ and S·Vᵀ·W·T = U·Σ·Zᵀ: B' = P·U, A' = Uᵀ·S·Vᵀ·A, then both rows of a
 * pair scaled to one norm. All in double precision, in Java alone: the same bits on any machine.
 *
 * @param a [R][in] rows of A'; zero where the product does not need them
 * @param b [R][out] rows of B'ᵀ; zero where the product does not need them
 * @param singularValues [R] σ of each row, falling; 0 for rows that the product does not need
 */
public record OrderedProduct(double[][] a, double[][] b, double[] singularValues) {
    /**
     * Orders a product.
     *
     * @param a [R][in] rows of A, finite
     * @param b [R][out] rows of Bᵀ, finite
     */
    public static OrderedProduct of(double[][] a, double[][] b) {
        RealMatrix rowsOfA = new Array2DRowRealMatrix(a, false);
        SingularValueDecomposition ofA = new SingularValueDecomposition(rowsOfA.transpose());
        SingularValueDecomposition ofB = new SingularValueDecomposition(new Array2DRowRealMatrix(b, false).transpose());
        RealMatrix core = ofB.getS().multiply(ofB.getVT());
        SingularValueDecomposition inner = new SingularValueDecomposition(
                core.multiply(ofA.getV()).multiply(new DiagonalMatrix(ofA.getSingularValues())));
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
