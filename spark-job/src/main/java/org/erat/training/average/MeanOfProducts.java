package org.erat.training.average;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.OrderedProduct;
import org.erat.training.SharedValues;
import org.erat.training.Slice;

/**
 * The mean of products: mean(BA) = Σᵢ Σ_k w_ki·b_ki·a_ki, with the weights of {@link SliceAverage}, cut to R rows. A row
 * that nobody trained enters once, as the round began. The stacked rows are ordered by {@link OrderedProduct}, whose first
 * R rows are the closest product of rank R. It is written in rows near the mean of the rows of A, see {@link NearFactors}:
 * a row goes on as what it was, with its optimizer state, which is averaged by rows. The rows mix: where one row of a slot
 * is updated, all are. Memory is that of the rows of all shards.
 */
final class MeanOfProducts implements SliceMean {
    /** A singular value at or below this share of the largest is rounding of floats. */
    private static final double NEGLIGIBLE = 1e-7;

    private final int number;
    private final Slice slice;
    private final AdapterLayout.Slot slot;
    private final SliceAverage rows;
    private final SharedValues shared;
    private final List<double[]> as = new ArrayList<>();
    private final List<double[]> bs = new ArrayList<>();

    /**
     * @param rows weights, and sums of the rows
     * @param shared what the round started from
     */
    MeanOfProducts(int number, Slice slice, AdapterLayout.Slot slot, SliceAverage rows, SharedValues shared) {
        this.number = number;
        this.slice = slice;
        this.slot = slot;
        this.rows = rows;
        this.shared = shared;
        for (int row = 0; row < slot.rank(); row++) {
            if (!rows.moved(row)) {
                stack(1, sharedRow(row), 0);
            }
        }
    }

    @Override
    public void add(int shard, float[] values) {
        int at = 0;
        for (int row = 0; row < slot.rank(); row++) {
            if (rows.moved(shard, row)) {
                stack(rows.weight(shard, row), values, at);
                at += rows.rowLength();
            }
        }
        rows.add(shard, values);
    }

    /** Adds one row to the stack: a and then b from an index on. */
    private void stack(double weight, float[] values, int from) {
        double[] a = new double[slot.in()];
        double[] b = new double[slot.out()];
        for (int i = 0; i < a.length; i++) {
            a[i] = values[from + i];
        }
        for (int o = 0; o < b.length; o++) {
            b[o] = weight * values[from + a.length + o];
        }
        as.add(a);
        bs.add(b);
    }

    /** A row with its state as the round began. */
    private float[] sharedRow(int row) {
        float[] values = new float[slice.rowLength()];
        int[] at = {0};
        slice.forEachRun(row, (from, to) -> {
            shared.copyOut(from, values, at[0], to - from);
            at[0] += to - from;
        });
        return values;
    }

    @Override
    public AveragedSlice result() {
        OrderedProduct mean = OrderedProduct.of(as.toArray(double[][]::new), bs.toArray(double[][]::new));
        double[] sigma = mean.singularValues();
        boolean[] moved = new boolean[slot.rank()];
        if (noRowMoved()) {
            return new AveragedSlice(number, moved, new float[0], new Drift.Squares(0, energy(sigma, 0)));
        }
        Arrays.fill(moved, true);
        int needed = 0;
        while (needed < slot.rank() && sigma[needed] > NEGLIGIBLE * sigma[0]) {
            needed++;
        }
        Drift.Squares drift = new Drift.Squares(energy(sigma, needed), energy(sigma, 0));
        return new AveragedSlice(number, moved, asSent(cut(mean, needed)), drift);
    }

    private boolean noRowMoved() {
        for (int row = 0; row < slot.rank(); row++) {
            if (rows.moved(row)) {
                return false;
            }
        }
        return true;
    }

    /** Σ σ² from an index on. */
    private static double energy(double[] sigma, int from) {
        double sum = 0;
        for (int i = from; i < sigma.length; i++) {
            sum += sigma[i] * sigma[i];
        }
        return sum;
    }

    /** R rows with their state. */
    private double[][] cut(OrderedProduct mean, int needed) {
        double[][] cut = new double[slot.rank()][];
        double[][] near = new double[slot.rank()][];
        for (int row = 0; row < cut.length; row++) {
            cut[row] = rows.moved(row) ? rows.average(row).clone() : doubles(sharedRow(row));
            near[row] = Arrays.copyOf(cut[row], slot.in());
        }
        NearFactors factors = NearFactors.of(mean, needed, near);
        for (int row = 0; row < cut.length; row++) {
            System.arraycopy(factors.a()[row], 0, cut[row], 0, slot.in());
            System.arraycopy(factors.b()[row], 0, cut[row], slot.in(), slot.out());
        }
        return cut;
    }

    private static double[] doubles(float[] values) {
        double[] doubles = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            doubles[i] = values[i];
        }
        return doubles;
    }

    /** Rows one after the other. */
    private static float[] asSent(double[][] rows) {
        float[] values =
                new float[Arrays.stream(rows).mapToInt(row -> row.length).sum()];
        int at = 0;
        for (double[] row : rows) {
            for (double value : row) {
                values[at++] = (float) value;
            }
        }
        return values;
    }
}
