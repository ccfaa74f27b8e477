package org.erat.adapter;

import java.util.Arrays;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.DiagonalMatrix;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.SingularValueDecomposition;

/**
 * The rows of an adapter in the order of what they contribute: another factorization B'·A' = B·A in which row i is the i-th
 * singular direction. Its first b rows are the closest of all adapters of rank b (Eckart and Young, 1936): closest in the
 * Frobenius norm of B·A, or, where moments of the inner activations u = A·x are given, in the mean square of the adapter's
 * output over the inputs that they come from.
 *
 * <p>With thin decompositions B = P·S·Vᵀ and S·Vᵀ·F = U·Σ·Wᵀ, where F·Fᵀ = A·Aᵀ or E[u·uᵀ]: B' = P·U, A' = Uᵀ·S·Vᵀ·A, then
 * both rows of a pair scaled to one norm. All in double precision, in Java alone: the same bits on any machine.
 *
 * @param values [n] all adapters, laid out as before; rows that the product does not need are zero
 * @param singularValues [slots][R] σ of each row, falling; 0 for rows that the product does not need
 */
public record CanonicalOrder(float[] values, double[][] singularValues) {
    /**
     * The order by the products alone.
     *
     * @param values [n or more] all adapters, laid out as {@code layout} says, finite
     */
    public static CanonicalOrder of(AdapterLayout layout, float[] values) {
        return of(layout, values, slot -> {
            SingularValueDecomposition a = new SingularValueDecomposition(
                    matrix(values, slot.rowOfA(0), slot.rank(), slot.in()).transpose());
            // Aᵀ = P·S·Vᵀ, so A·Aᵀ = (V·S)·(V·S)ᵀ.
            return a.getV().multiply(new DiagonalMatrix(a.getSingularValues()));
        });
    }

    /** A factor F [R,k] of the moments F·Fᵀ of a slot's inner activations. */
    @FunctionalInterface
    private interface Factor {
        RealMatrix of(AdapterLayout.Slot slot);
    }

    private static CanonicalOrder of(AdapterLayout layout, float[] values, Factor factor) {
        float[] ordered = new float[Math.toIntExact(layout.length())];
        double[][] singularValues = layout.slots().stream()
                .map(slot -> order(slot, values, factor.of(slot), ordered))
                .toArray(double[][]::new);
        return new CanonicalOrder(ordered, singularValues);
    }

    private static double[] order(AdapterLayout.Slot slot, float[] values, RealMatrix factor, float... ordered) {
        RealMatrix a = matrix(values, slot.rowOfA(0), slot.rank(), slot.in());
        SingularValueDecomposition b = new SingularValueDecomposition(
                matrix(values, slot.rowOfB(0), slot.rank(), slot.out()).transpose());
        RealMatrix core = b.getS().multiply(b.getVT());
        SingularValueDecomposition inner = new SingularValueDecomposition(core.multiply(factor));
        RealMatrix newB = b.getU().multiply(inner.getU());
        RealMatrix newA = inner.getUT().multiply(core).multiply(a);
        for (int row = 0; row < newA.getRowDimension(); row++) {
            double[] ofA = newA.getRow(row);
            // Columns of B' have norm 1.
            double balance = Math.sqrt(norm(ofA));
            put(ofA, balance == 0 ? 0 : 1 / balance, ordered, slot.rowOfA(row));
            put(newB.getColumn(row), balance, ordered, slot.rowOfB(row));
        }
        return Arrays.copyOf(inner.getSingularValues(), slot.rank());
    }

    private static RealMatrix matrix(float[] values, long from, int rows, int columns) {
        double[][] matrix = new double[rows][columns];
        int at = Math.toIntExact(from);
        for (double[] row : matrix) {
            for (int i = 0; i < columns; i++) {
                row[i] = values[at++];
            }
        }
        return new Array2DRowRealMatrix(matrix, false);
    }

    private static double norm(double... values) {
        return Math.sqrt(Arrays.stream(values).map(value -> value * value).sum());
    }

    private static void put(double[] row, double factor, float[] into, long from) {
        int at = Math.toIntExact(from);
        for (double value : row) {
            into[at++] = (float) (factor * value);
        }
    }
}
