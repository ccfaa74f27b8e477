package org.erat.training;

import java.util.List;
import org.erat.adapter.AdapterLayout;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * How far averaging A and B apart is from averaging their product: ‖mean(BA) − B̄Ā‖ / ‖mean(BA)‖ over all slots, Frobenius
 * norms. The products are never formed: ‖Σ c_j·B_jA_j‖² = Σ_ij c_i·c_j·⟨B_iᵀB_j, A_iA_jᵀ⟩, which needs the R×R blocks of
 * two Gram matrices only.
 */
final class Drift {
    private Drift() {}

    /**
     * @param shards flat parameters of each shard after its local steps
     * @param average flat parameters of the average
     */
    static double of(AdapterLayout layout, List<float[]> shards, float[] average) {
        int count = shards.size();
        double[] difference = new double[count + 1];
        double[] mean = new double[count + 1];
        java.util.Arrays.fill(difference, 0, count, 1.0 / count);
        java.util.Arrays.fill(mean, 0, count, 1.0 / count);
        difference[count] = -1;
        double differenceNorm = 0;
        double meanNorm = 0;
        for (AdapterLayout.Slot slot : layout.slots()) {
            INDArray gramOfA = gram(shards, average, slot.rowOfA(0), slot.rank(), slot.in());
            INDArray gramOfB = gram(shards, average, slot.rowOfB(0), slot.rank(), slot.out());
            double[][] inner = blockSums(gramOfA.muli(gramOfB), slot.rank());
            differenceNorm += quadratic(inner, difference);
            meanNorm += quadratic(inner, mean);
        }
        // The quadratic form can be a rounding error below 0 where the two sides are equal.
        return meanNorm <= 0 ? 0 : Math.sqrt(Math.max(0, differenceNorm) / meanNorm);
    }

    private static INDArray gram(List<float[]> shards, float[] average, long offset, int rank, int width) {
        int length = rank * width;
        float[] stacked = new float[(shards.size() + 1) * length];
        for (int k = 0; k < shards.size(); k++) {
            System.arraycopy(shards.get(k), (int) offset, stacked, k * length, length);
        }
        System.arraycopy(average, (int) offset, stacked, shards.size() * length, length);
        INDArray rows = Nd4j.createFromArray(stacked)
                .reshape('c', (long) rank * (shards.size() + 1), width)
                .castTo(DataType.DOUBLE);
        return rows.mmul(rows.transpose());
    }

    private static double[][] blockSums(INDArray product, int rank) {
        double[][] values = product.toDoubleMatrix();
        int count = values.length / rank;
        double[][] sums = new double[count][count];
        for (int i = 0; i < values.length; i++) {
            for (int j = 0; j < values.length; j++) {
                sums[i / rank][j / rank] += values[i][j];
            }
        }
        return sums;
    }

    private static double quadratic(double[][] inner, double[] c) {
        double sum = 0;
        for (int i = 0; i < c.length; i++) {
            for (int j = 0; j < c.length; j++) {
                sum += c[i] * c[j] * inner[i][j];
            }
        }
        return sum;
    }
}
