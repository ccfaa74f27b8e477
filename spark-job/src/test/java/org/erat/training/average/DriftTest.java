package org.erat.training.average;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import java.util.Set;
import org.erat.adapter.AdapterLayout;
import org.erat.data.architecture.Projection;
import org.erat.training.FakeShards;
import org.junit.jupiter.api.Test;

class DriftTest {
    @Test
    void equalsTheRatioOfTheMultipliedOutProducts() {
        AdapterLayout layout =
                new AdapterLayout(FakeShards.architecture(2, 8), 3, Set.of(Projection.QUERY, Projection.OUTPUT));
        Random random = new Random(7);
        int length = (int) layout.length();
        float[] first = new float[length];
        float[] second = new float[length];
        float[] average = new float[length];
        for (int i = 0; i < length; i++) {
            first[i] = (float) random.nextGaussian();
            second[i] = (float) random.nextGaussian();
        }
        double[] weights = {0.25, 0.75};
        for (int i = 0; i < length; i++) {
            average[i] = (float) (weights[0] * first[i] + weights[1] * second[i]);
        }
        double difference = 0;
        double mean = 0;
        for (AdapterLayout.Slot slot : layout.slots()) {
            for (int o = 0; o < slot.out(); o++) {
                for (int in = 0; in < slot.in(); in++) {
                    double product =
                            weights[0] * product(slot, first, o, in) + weights[1] * product(slot, second, o, in);
                    difference += Math.pow(product - product(slot, average, o, in), 2);
                    mean += product * product;
                }
            }
        }

        // Gram matrices in double: rounding of cancelling sums of a few hundred terms.
        assertThat(Drift.of(layout, List.of(first, second), (slot, row) -> weights, average))
                .isCloseTo(Math.sqrt(difference / mean), within(1e-9));
    }

    private static double product(AdapterLayout.Slot slot, float[] values, int out, int in) {
        double sum = 0;
        for (int row = 0; row < slot.rank(); row++) {
            sum += (double) values[(int) slot.rowOfB(row) + out] * values[(int) slot.rowOfA(row) + in];
        }
        return sum;
    }
}
