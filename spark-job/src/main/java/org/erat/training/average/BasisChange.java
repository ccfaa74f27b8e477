package org.erat.training.average;

import java.util.Arrays;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.SingularValueDecomposition;

/**
 * The change from the rows of (B, A) to those of (B', A'), by least squares: A' ≈ T_A·A and B'ᵀ ≈ T_B·Bᵀ.
 *
 * <p>Moments follow it. Take an exact change, A' = T·A and B' = B·T⁻¹, so T_A = T and T_B = T⁻ᵀ. With A = T⁻¹·A' the
 * gradient of A' is T⁻ᵀ·∂A = T_B·∂A; with Bᵀ = Tᵀ·B'ᵀ the gradient of B'ᵀ is T·∂Bᵀ = T_A·∂Bᵀ. First moments are means of
 * gradients and transform as they do. Second moments take the squares of the coefficients, which is exact where the
 * gradients of the rows are uncorrelated. A count of steps is the mean weighted by these squares.
 *
 * <p>Rows hold a, b, and, in the order of {@link org.erat.learner.ParameterLayout#rowRanges}, the first moments of both,
 * their second moments, and their counts.
 *
 * @param ofA [R][R] T_A
 * @param ofB [R][R] T_B
 * @param in length of a
 * @param out length of b
 */
record BasisChange(double[][] ofA, double[][] ofB, int in, int out) {
    /** The change from old rows to new ones, which may hold state behind a and b. */
    static BasisChange between(double[][] before, double[][] after, int in, int out) {
        return new BasisChange(leastSquares(before, after, 0, in), leastSquares(before, after, in, in + out), in, out);
    }

    private static double[][] leastSquares(double[][] before, double[][] after, int from, int to) {
        return new SingularValueDecomposition(columns(before, from, to))
                .getSolver()
                .solve(columns(after, from, to))
                .transpose()
                .getData();
    }

    private static RealMatrix columns(double[][] rows, int from, int to) {
        double[][] part = Arrays.stream(rows)
                .map(row -> Arrays.copyOfRange(row, from, to))
                .toArray(double[][]::new);
        return new Array2DRowRealMatrix(part, false).transpose();
    }

    /** Writes the state of the old rows in the new basis. */
    void carryState(double[][] before, double[][] after) {
        double[][] squaresOfA = squares(ofA);
        double[][] squaresOfB = squares(ofB);
        int width = in + out;
        multiply(ofB, before, after, width, width + in);
        multiply(ofA, before, after, width + in, 2 * width);
        multiply(squaresOfB, before, after, 2 * width, 2 * width + in);
        multiply(squaresOfA, before, after, 2 * width + in, 3 * width);
        multiply(shares(squaresOfB), before, after, 3 * width, 3 * width + 1);
        multiply(shares(squaresOfA), before, after, 3 * width + 1, 3 * width + 2);
    }

    private static double[][] squares(double[][] matrix) {
        return Arrays.stream(matrix)
                .map(row -> Arrays.stream(row).map(value -> value * value).toArray())
                .toArray(double[][]::new);
    }

    /** Rows scaled to the sum 1; a row of zeros stays. */
    private static double[][] shares(double[][] weights) {
        return Arrays.stream(weights)
                .map(row -> {
                    double sum = Arrays.stream(row).sum();
                    return sum == 0
                            ? row
                            : Arrays.stream(row).map(weight -> weight / sum).toArray();
                })
                .toArray(double[][]::new);
    }

    /** Columns [from, to) of a product with rows. */
    private static void multiply(double[][] matrix, double[][] rows, double[][] product, int from, int to) {
        for (int i = 0; i < matrix.length; i++) {
            for (int j = 0; j < rows.length; j++) {
                double factor = matrix[i][j];
                for (int column = from; column < to; column++) {
                    product[i][column] += factor * rows[j][column];
                }
            }
        }
    }
}
