package org.erat.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.erat.data.architecture.Projection;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CanonicalOrderTest {
    // Values are stored as floats, 6e-8 of their size; sums of some of them.
    private static final double ROUNDING = 1e-5;

    private final AdapterLayout layout = layout(4);

    private static AdapterLayout layout(int rank) {
        return new AdapterLayout(TinyBaseModel.bert(2), rank, List.of(Projection.QUERY, Projection.INTERMEDIATE));
    }

    private static float[] random(AdapterLayout layout) {
        Random random = new Random(5);
        float[] values = new float[(int) layout.length()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /** The first {@code rank} rows' part of B·A. */
    private static double[][] product(float[] values, AdapterLayout.Slot slot, int rank) {
        double[][] product = new double[slot.out()][slot.in()];
        for (int row = 0; row < rank; row++) {
            for (int o = 0; o < slot.out(); o++) {
                for (int i = 0; i < slot.in(); i++) {
                    product[o][i] += (double) values[(int) slot.rowOfB(row) + o] * values[(int) slot.rowOfA(row) + i];
                }
            }
        }
        return product;
    }

    private static double distance(double[][] one, double[][] other) {
        double sum = 0;
        for (int o = 0; o < one.length; o++) {
            for (int i = 0; i < one[o].length; i++) {
                sum += Math.pow(one[o][i] - other[o][i], 2);
            }
        }
        return Math.sqrt(sum);
    }

    @Test
    void allRowsGiveTheSameProduct() {
        float[] values = random(layout);
        CanonicalOrder order = CanonicalOrder.of(layout, values);
        for (AdapterLayout.Slot slot : layout.slots()) {
            assertThat(distance(product(order.values(), slot, 4), product(values, slot, 4)))
                    .isLessThan(ROUNDING);
        }
    }

    /** Eckart and Young: what is missing is √Σσ² of the rows that are cut, and no adapter of that rank is closer. */
    @Test
    void aPrefixMissesTheSingularValuesThatFollow() {
        float[] values = random(layout);
        CanonicalOrder order = CanonicalOrder.of(layout, values);
        for (AdapterLayout.Slot slot : layout.slots()) {
            double[] sigma = order.singularValues()[slot.index()];
            assertThat(IntStream.range(1, 4)).allMatch(row -> sigma[row] <= sigma[row - 1]);
            for (int rank = 0; rank < 4; rank++) {
                double missing = Math.sqrt(Arrays.stream(sigma, rank, 4)
                        .map(value -> value * value)
                        .sum());
                double[][] prefix = product(order.values(), slot, rank);
                assertThat(distance(prefix, product(values, slot, 4))).isCloseTo(missing, within(ROUNDING));
                assertThat(distance(product(values, slot, rank), product(values, slot, 4)))
                        .isGreaterThanOrEqualTo(missing - ROUNDING);
            }
        }
    }

    @Test
    void rowsOfAAndBAreOrthogonalAndShareTheirNorm() {
        float[] ordered = CanonicalOrder.of(layout, random(layout)).values();
        for (AdapterLayout.Slot slot : layout.slots()) {
            for (int row = 0; row < 4; row++) {
                assertThat(dot(ordered, slot.rowOfA(row), slot.rowOfA(row), slot.in()))
                        .isCloseTo(dot(ordered, slot.rowOfB(row), slot.rowOfB(row), slot.out()), within(ROUNDING));
                for (int other = 0; other < row; other++) {
                    assertThat(dot(ordered, slot.rowOfA(row), slot.rowOfA(other), slot.in()))
                            .isCloseTo(0, within(ROUNDING));
                    assertThat(dot(ordered, slot.rowOfB(row), slot.rowOfB(other), slot.out()))
                            .isCloseTo(0, within(ROUNDING));
                }
            }
        }
    }

    private static double dot(float[] values, long from, long with, int length) {
        return IntStream.range(0, length)
                .mapToDouble(i -> (double) values[(int) from + i] * values[(int) with + i])
                .sum();
    }

    /** The tiny model is 8 wide: of 12 rows 4 are needed by no product of rank 8. */
    @Test
    void rowsThatTheProductDoesNotNeedAreZero() {
        AdapterLayout wide = layout(12);
        float[] values = random(wide);
        CanonicalOrder order = CanonicalOrder.of(wide, values);
        for (AdapterLayout.Slot slot : wide.slots()) {
            assertThat(order.singularValues()[slot.index()]).hasSize(12).endsWith(0, 0, 0, 0);
            assertThat(distance(product(order.values(), slot, 8), product(values, slot, 12)))
                    .isLessThan(ROUNDING);
            assertThat(dot(order.values(), slot.rowOfB(8), slot.rowOfB(8), 4 * slot.out()))
                    .isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void anAdapterThatHasNotLearntStaysZero(int rank) {
        AdapterLayout fresh = layout(rank);
        float[] values = random(fresh);
        for (AdapterLayout.Slot slot : fresh.slots()) {
            Arrays.fill(values, (int) slot.rowOfB(0), (int) slot.rowOfB(0) + rank * slot.out(), 0);
        }
        CanonicalOrder order = CanonicalOrder.of(fresh, values);
        assertThat(order.values()).containsOnly(0);
        for (double[] sigma : order.singularValues()) {
            assertThat(sigma).containsOnly(0);
        }
    }

    /** In the norm of the moments: E‖(prefix − all)·x‖², where u = A·x has them. */
    @Test
    void byMomentsAPrefixMissesTheMeanSquareOfTheRowsThatFollow() {
        float[] values = random(layout);
        Random random = new Random(9);
        double[][] inputs = new double[50][8];
        for (double[] x : inputs) {
            for (int i = 0; i < x.length; i++) {
                // Directions of very different size.
                x[i] = random.nextGaussian() * Math.pow(2, -i);
            }
        }
        RowMoments.Sums sums = new RowMoments.Sums(layout);
        for (AdapterLayout.Slot slot : layout.slots()) {
            // Two examples of 20 tokens, of which the second has 10 of padding, and one of 20.
            sums.add(slot.index(), inner(values, slot, inputs, 0, 40), 20, 10);
            sums.add(slot.index(), inner(values, slot, inputs, 40, 50), 10);
        }
        CanonicalOrder order = CanonicalOrder.of(layout, values, sums.moments());
        for (AdapterLayout.Slot slot : layout.slots()) {
            double[] sigma = order.singularValues()[slot.index()];
            double[][] all = product(values, slot, 4);
            for (int rank = 0; rank <= 4; rank++) {
                double missing = Arrays.stream(sigma, rank, 4)
                        .map(value -> value * value)
                        .sum();
                assertThat(meanSquare(product(order.values(), slot, rank), all, inputs))
                        .isCloseTo(missing, within(ROUNDING * (1 + missing)));
            }
            double frobenius =
                    meanSquare(product(CanonicalOrder.of(layout, values).values(), slot, 1), all, inputs);
            assertThat(meanSquare(product(order.values(), slot, 1), all, inputs))
                    .isLessThan(frobenius);
        }
    }

    /** A·x of tokens, row-major. */
    private static float[] inner(float[] values, AdapterLayout.Slot slot, double[][] inputs, int from, int to) {
        float[] inner = new float[(to - from) * slot.rank()];
        for (int t = from; t < to; t++) {
            for (int row = 0; row < slot.rank(); row++) {
                double u = 0;
                for (int i = 0; i < slot.in(); i++) {
                    u += values[(int) slot.rowOfA(row) + i] * inputs[t][i];
                }
                inner[(t - from) * slot.rank() + row] = (float) u;
            }
        }
        return inner;
    }

    /** Over the tokens that are none of padding: all but 30..39. */
    private static double meanSquare(double[][] one, double[][] other, double[][] inputs) {
        double sum = 0;
        for (int t = 0; t < inputs.length; t++) {
            for (int o = 0; o < one.length && (t < 30 || t >= 40); o++) {
                double difference = 0;
                for (int i = 0; i < inputs[t].length; i++) {
                    difference += (one[o][i] - other[o][i]) * inputs[t][i];
                }
                sum += difference * difference;
            }
        }
        return sum / 40;
    }
}
