package org.erat.training.average;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.DiagonalMatrix;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.LUDecomposition;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.SingularValueDecomposition;
import org.erat.adapter.AdapterLayout;
import org.erat.config.TrainingSettings.Averaging;
import org.erat.training.FakeShards;
import org.erat.training.ShardResult;
import org.erat.training.SharedValues;
import org.erat.training.Slice;
import org.junit.jupiter.api.Test;

/** The mean of products against matrices that are multiplied out. */
class MeanOfProductsTest {
    private static final int RANK = 4;
    /** Entries of products of a few rows of values below 4, from floats: 6e-8 of each term. */
    private static final double FLOATS = 2e-5;

    private final FakeShards shards = FakeShards.of(1, 12, RANK);
    private final Aggregation.Parts parts = shards.parts(Averaging.PRODUCT);
    private final List<AdapterLayout.Slot> slots = shards.layout().adapters().slots();
    private final SharedValues shared =
            new SharedValues(shards.start().parameters(), shards.start().optimizer());

    private RoundAverage average(List<ShardResult> results) {
        return new GatheredAggregation(parts).average(shared, results);
    }

    /** A shard that ends with some values. */
    private ShardResult result(int shard, int[] steps, BiConsumer<AdapterLayout.Slot, SharedValues> change) {
        SharedValues after = shared.copy();
        int[][] rowWeights = new int[slots.size()][];
        for (AdapterLayout.Slot slot : slots) {
            rowWeights[slot.index()] = steps;
            change.accept(slot, after);
        }
        byte[] values = parts.encoding().encode(after, shared, rowWeights, 1, 0, shard);
        return new ShardResult(shard, 5, 1, 1, 1, 0, 1, 1, rowWeights, values, 1, null);
    }

    private static void randomize(SharedValues values, long from, int length, Random random) {
        for (int i = 0; i < length; i++) {
            values.parameters()[(int) from + i] = (float) random.nextGaussian();
        }
    }

    private List<ShardResult> randomShards(int[]... steps) {
        List<ShardResult> results = new ArrayList<>();
        for (int k = 0; k < steps.length; k++) {
            Random random = new Random(k);
            results.add(
                    result(k, steps[k], (slot, after) -> randomize(after, slot.offset(), (int) slot.length(), random)));
        }
        return results;
    }

    private static RealMatrix matrix(float[] values, long from, int rows, int columns) {
        double[][] matrix = new double[rows][columns];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                matrix[i][j] = values[(int) from + i * columns + j];
            }
        }
        return new Array2DRowRealMatrix(matrix, false);
    }

    private static RealMatrix a(AdapterLayout.Slot slot, float[] values) {
        return matrix(values, slot.rowOfA(0), slot.rank(), slot.in());
    }

    private static RealMatrix b(AdapterLayout.Slot slot, float[] values) {
        return matrix(values, slot.rowOfB(0), slot.rank(), slot.out());
    }

    private static RealMatrix product(AdapterLayout.Slot slot, float[] values) {
        return b(slot, values).transpose().multiply(a(slot, values));
    }

    /** Σ over shards and rows of w·b·a. */
    private RealMatrix mean(AdapterLayout.Slot slot, List<ShardResult> results) {
        RealMatrix mean = new Array2DRowRealMatrix(slot.out(), slot.in());
        for (int row = 0; row < slot.rank(); row++) {
            int of = row;
            double steps = results.stream()
                    .mapToDouble(result -> result.rowWeights()[slot.index()][of])
                    .sum();
            for (ShardResult result : results) {
                float[] values = shared.parametersOf(result, parts.encoding());
                double weight = steps == 0 ? 1.0 / results.size() : result.rowWeights()[slot.index()][row] / steps;
                mean = mean.add(b(slot, values)
                        .getRowVector(row)
                        .outerProduct(a(slot, values).getRowVector(row))
                        .scalarMultiply(weight));
            }
        }
        return mean;
    }

    private static void same(RealMatrix actual, RealMatrix expected, double tolerance) {
        for (int i = 0; i < expected.getRowDimension(); i++) {
            assertThat(actual.getRow(i)).containsExactly(expected.getRow(i), within(tolerance));
        }
    }

    @Test
    void isTheClosestProductOfRankRToTheMultipliedOutMeanAndReportsWhatIsCut() {
        List<ShardResult> results =
                randomShards(new int[] {1, 2, 0, 0}, new int[] {3, 0, 5, 0}, new int[] {1, 1, 1, 0});

        RoundAverage average = average(results);

        double cut = 0;
        double all = 0;
        for (AdapterLayout.Slot slot : slots) {
            SingularValueDecomposition dense = new SingularValueDecomposition(mean(slot, results));
            double[] sigma = dense.getSingularValues();
            for (int i = 0; i < sigma.length; i++) {
                all += sigma[i] * sigma[i];
                cut += i < RANK ? 0 : sigma[i] * sigma[i];
            }
            double[] first = Arrays.copyOf(Arrays.copyOf(sigma, RANK), sigma.length);
            RealMatrix closest =
                    dense.getU().multiply(new DiagonalMatrix(first)).multiply(dense.getVT());
            float[] values = average.values().parameters();
            same(product(slot, values), closest, FLOATS);
            RealMatrix ofRows = a(slot, averageOfRows(results));
            RealMatrix a = a(slot, values);
            // Norms and angles of the rows of A are those of their mean; sums of 12 squares below 10, from floats.
            same(a.multiply(a.transpose()), ofRows.multiply(ofRows.transpose()), FLOATS);
            // No other A with these norms and angles that gives the product is nearer: rotations through small angles.
            double distance = a.subtract(ofRows).getFrobeniusNorm();
            RealMatrix root = root(ofRows.multiply(ofRows.transpose()));
            RealMatrix turned =
                    new LUDecomposition(root).getSolver().getInverse().multiply(a);
            for (int i = 0; i < RANK; i++) {
                for (int j = 0; j < RANK; j++) {
                    if (i != j) {
                        RealMatrix other = root.multiply(rotation(i, j, 0.05)).multiply(turned);
                        assertThat(other.subtract(ofRows).getFrobeniusNorm()).isGreaterThan(distance);
                    }
                }
            }
        }
        // Both sides in double from the same floats.
        assertThat(average.drift().getAsDouble()).isCloseTo(Math.sqrt(cut / all), within(1e-12));
        assertThat(average.drift().getAsDouble()).isGreaterThan(0.01);
    }

    private float[] averageOfRows(List<ShardResult> results) {
        return new GatheredAggregation(shards.parts())
                .average(shared, results)
                .values()
                .parameters();
    }

    /** The symmetric square root. */
    private static RealMatrix root(RealMatrix gram) {
        EigenDecomposition decomposition = new EigenDecomposition(gram);
        return decomposition.getSquareRoot();
    }

    private static RealMatrix rotation(int i, int j, double angle) {
        RealMatrix rotation = MatrixUtils.createRealIdentityMatrix(RANK);
        rotation.setEntry(i, i, Math.cos(angle));
        rotation.setEntry(j, j, Math.cos(angle));
        rotation.setEntry(i, j, -Math.sin(angle));
        rotation.setEntry(j, i, Math.sin(angle));
        return rotation;
    }

    @Test
    void oneShardKeepsItsRowsAndTheirStateWithoutDrift() {
        List<ShardResult> results = randomShards(new int[] {1, 1, 0, 2});
        keepsTheMean(results);
        isTheMeanOfRows(results);
    }

    private void isTheMeanOfRows(List<ShardResult> results) {
        SharedValues ofRows =
                new GatheredAggregation(shards.parts()).average(shared, results).values();
        SharedValues average = average(results).values();
        // Values below 5 from floats, through two changes of basis whose condition is below 10.
        assertThat(average.parameters()).containsExactly(ofRows.parameters(), within(5e-5f));
        assertThat(average.optimizer()).containsExactly(ofRows.optimizer());
    }

    @Test
    void shardsWithEqualRowsOfAHaveTheMeanOfRowsWithoutDrift() {
        List<ShardResult> results = new ArrayList<>();
        for (int k = 0; k < 3; k++) {
            Random random = new Random(k);
            int[] steps = {1 + k, 2, 1, 3};
            results.add(result(
                    k, steps, (slot, after) -> randomize(after, slot.rowOfB(0), slot.rank() * slot.out(), random)));
        }
        keepsTheMean(results);
        isTheMeanOfRows(results);
    }

    private void keepsTheMean(List<ShardResult> results) {
        RoundAverage average = average(results);
        for (AdapterLayout.Slot slot : slots) {
            same(product(slot, average.values().parameters()), mean(slot, results), FLOATS);
        }
        // Rounding in double alone.
        assertThat(average.drift().getAsDouble()).isLessThan(1e-12);
    }

    @Test
    void aSlotThatNobodyTrainedStaysAndOneWithATrainedRowMovesAsAWhole() {
        ShardResult idle = result(0, new int[RANK], (slot, after) -> {});
        RoundAverage unchanged = average(List.of(idle));
        RoundAverage moved = average(randomShards(new int[] {0, 0, 1, 0}));
        for (AdapterLayout.Slot slot : slots) {
            for (int i = (int) slot.offset(); i < slot.offset() + slot.length(); i++) {
                assertThat(unchanged.moved()[i]).isFalse();
                assertThat(unchanged.values().parameters()[i]).isEqualTo(shared.parameters()[i]);
                assertThat(moved.moved()[i]).isTrue();
            }
        }
    }

    @Test
    void rowsThatTheProductDoesNotNeedKeepTheirLength() {
        List<ShardResult> results = new ArrayList<>();
        for (int k = 0; k < 2; k++) {
            Random random = new Random(3 + k);
            results.add(result(k, new int[] {1, 1, 1, 1}, (slot, after) -> {
                randomize(after, slot.rowOfA(0), slot.rank() * slot.in(), random);
                int b = (int) slot.rowOfB(0);
                Arrays.fill(after.parameters(), b, b + slot.rank() * slot.out(), 0);
                randomize(after, slot.rowOfB(2), slot.out(), random);
            }));
        }

        float[] values = average(results).values().parameters();

        for (AdapterLayout.Slot slot : slots) {
            same(product(slot, values), mean(slot, results), FLOATS);
            RealMatrix ofRows = a(slot, averageOfRows(results));
            for (int row = 0; row < RANK; row++) {
                assertThat(a(slot, values).getRowVector(row).getNorm())
                        .isCloseTo(ofRows.getRowVector(row).getNorm(), within(FLOATS));
            }
        }
    }

    /** Two shards whose rows 0 and 1 have the same mean, but the product needs them apart. */
    @Test
    void rowsWhoseMeansAreEqualGiveFactorsOfOrdinarySize() {
        List<ShardResult> results = new ArrayList<>();
        for (int k = 0; k < 2; k++) {
            int sign = 1 - 2 * k;
            results.add(result(k, new int[] {1, 1, 1, 1}, (slot, after) -> {
                randomize(after, slot.offset(), (int) slot.length(), new Random(5));
                int first = (int) slot.rowOfA(0);
                float[] values = after.parameters();
                for (int i = 0; i < slot.in(); i++) {
                    float apart = sign * values[first + slot.in() + i];
                    values[first + slot.in() + i] = values[first + i] - apart;
                    values[first + i] += apart;
                }
                randomize(after, slot.rowOfB(0), slot.rank() * slot.out(), new Random(7));
            }));
        }

        float[] values = average(results).values().parameters();

        for (AdapterLayout.Slot slot : slots) {
            RealMatrix ofRows = a(slot, averageOfRows(results));
            assertThat(ofRows.getRowVector(0).subtract(ofRows.getRowVector(1)).getNorm())
                    .isLessThan(1e-5);
            same(product(slot, values), mean(slot, results), FLOATS);
            // The product's norm over the mean length of the rows of A is the size of B; 20 times it would be out of
            // balance.
            double size = mean(slot, results).getFrobeniusNorm() / (ofRows.getFrobeniusNorm() / Math.sqrt(RANK));
            assertThat(b(slot, values).getFrobeniusNorm()).isLessThan(20 * size);
        }
    }

    @Test
    void anAdapterOfZerosStaysFinite() {
        ShardResult zeros = result(
                0,
                new int[] {1, 1, 1, 1},
                (slot, after) ->
                        Arrays.fill(after.parameters(), (int) slot.offset(), (int) (slot.offset() + slot.length()), 0));
        float[] values = average(List.of(zeros)).values().parameters();
        for (AdapterLayout.Slot slot : slots) {
            assertThat(Arrays.copyOfRange(values, (int) slot.offset(), (int) (slot.offset() + slot.length())))
                    .containsOnly(0);
        }
    }

    @Test
    void theHeadIsAveragedByRowsEitherWay() {
        List<ShardResult> results = randomShards(new int[] {1, 1, 0, 0}, new int[] {0, 1, 1, 1});
        RoundAverage rows = new GatheredAggregation(shards.parts()).average(shared, results);
        int head = shards.layout().headGroup().from();
        int end = shards.layout().parameters();
        assertThat(parts.slices()).anyMatch(slice -> slice.slot() == Slice.HEAD);
        assertThat(Arrays.copyOfRange(average(results).values().parameters(), head, end))
                .containsExactly(Arrays.copyOfRange(rows.values().parameters(), head, end));
    }
}
