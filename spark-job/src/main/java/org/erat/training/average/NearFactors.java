package org.erat.training.average;

import java.util.Arrays;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.DiagonalMatrix;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.SingularValueDecomposition;
import org.erat.adapter.OrderedProduct;

/**
 * A product of rank r ≤ R as B'·A', whose A' stays near given rows. Any invertible M gives factors B·M⁻¹ and M·A of one
 * product, but AdamW trains each of them differently: its step has the same size for every element, so the norms of the rows
 * of A and B set how far a step goes, and second moments do not follow a change of basis. So A' takes from the given rows
 * what the product leaves free: their norms and angles, and as far as possible their directions.
 *
 * <p>With P = U·S·Vᵀ and the given Ā = L·Wᵀ, L = (ĀĀᵀ)^½: A' = L·Q·Vᵀ and B' = U·S·Qᵀ·L⁻¹, where Q is the orthogonal matrix
 * for which ‖A' − Ā‖ is least (the Procrustes problem: Schönemann, Psychometrika 31, 1966), the polar factor of L·Ā·V.
 * Where r &lt; R, V is filled up with directions of the given rows that are orthogonal to it, so no row of A' is zero.
 *
 * <p>Along an axis in which the given rows are dependent L is their mean length, so that no row of B' grows without bound.
 *
 * <p>Where the given rows span those of the product, A' = Ā: the average over one shard changes nothing, and shards with
 * equal A have the mean of their B. All in double precision, in Java alone: the same bits on any machine.
 *
 * @param a [R][in] rows of A'
 * @param b [R][out] rows of B'ᵀ
 */
record NearFactors(double[][] a, double[][] b) {
    /** Rows of A are dependent where a singular value is at or below this share of the largest. */
    private static final double DEPENDENT = 1e-4;

    /**
     * Factors of the first rows of a product.
     *
     * @param product in canonical order
     * @param needed r, its rows that count; the others are rounding
     * @param near [R][in] Ā, finite
     */
    static NearFactors of(OrderedProduct product, int needed, double[][] near) {
        RealMatrix given = new Array2DRowRealMatrix(near, false);
        SingularValueDecomposition ofGiven = new SingularValueDecomposition(given.transpose());
        double[] lengths = ofGiven.getSingularValues();
        double mean = given.getFrobeniusNorm() / Math.sqrt(near.length);
        double[] usable = Arrays.stream(lengths)
                .map(length -> length > DEPENDENT * lengths[0] ? length : mean)
                .toArray();
        RealMatrix axes = ofGiven.getV();
        RealMatrix root = scaled(axes, usable);
        RealMatrix inverse = scaled(
                axes,
                Arrays.stream(usable)
                        .map(length -> length == 0 ? 0 : 1 / length)
                        .toArray());
        RealMatrix directions = ofGiven.getU().multiply(ofGiven.getVT());

        RealMatrix right = new Array2DRowRealMatrix(near[0].length, near.length);
        RealMatrix left = new Array2DRowRealMatrix(product.b()[0].length, near.length);
        for (int row = 0; row < needed; row++) {
            // Rows of a pair share σ.
            RealMatrix a = new Array2DRowRealMatrix(product.a()[row]);
            double norm = a.getFrobeniusNorm();
            right.setColumnMatrix(row, a.scalarMultiply(1 / norm));
            left.setColumnMatrix(row, new Array2DRowRealMatrix(product.b()[row]).scalarMultiply(norm));
        }
        if (needed < near.length) {
            RealMatrix beside =
                    directions.subtract(right.multiply(right.transpose().multiply(directions)));
            RealMatrix free = new SingularValueDecomposition(beside).getU();
            for (int row = needed; row < near.length; row++) {
                right.setColumnMatrix(row, free.getColumnMatrix(row - needed));
            }
        }
        RealMatrix rotation = polar(root.multiply(given).multiply(right));
        RealMatrix a = root.multiply(rotation).multiply(right.transpose());
        RealMatrix b = left.multiply(rotation.transpose()).multiply(inverse);
        return new NearFactors(a.getData(), b.transpose().getData());
    }

    /** V·diag·Vᵀ. */
    private static RealMatrix scaled(RealMatrix axes, double[] diagonal) {
        return axes.multiply(new DiagonalMatrix(diagonal)).multiply(axes.transpose());
    }

    /** The orthogonal matrix nearest to a square one. */
    private static RealMatrix polar(RealMatrix matrix) {
        SingularValueDecomposition decomposition = new SingularValueDecomposition(matrix);
        return decomposition.getU().multiply(decomposition.getVT());
    }
}
