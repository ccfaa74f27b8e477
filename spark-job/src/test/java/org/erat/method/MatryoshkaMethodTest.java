package org.erat.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.DoubleBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.LowRankAdapter;
import org.erat.adapter.LowRankAdapter.Dropout;
import org.erat.adapter.RankScale;
import org.erat.adapter.RowSelection;
import org.erat.adapter.Window;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.compute.TestTensors;
import org.erat.compute.nd4j.Nd4jBackend;
import org.erat.config.Precision;
import org.erat.config.ScheduleConfig.Scale;
import org.erat.data.architecture.Projection;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** MatryoshkaLoRA (arXiv 2605.07850, algorithm 1). Factors are floats: what is made of them errs by 6e-8 of itself. */
class MatryoshkaMethodTest {
    private static final int RANK = 5;
    private static final double ALPHA = 16;
    private static final double OF_FLOATS = 1e-6;

    private static final int TOKENS = 3;
    private static final int ROWS = 2 * TOKENS;
    private static final int IN = 6;
    private static final int OUT = 4;

    /** s_r by its formula. */
    private static double scale(Scale rule, int rank) {
        return switch (rule) {
            case ALPHA_OVER_WIDTH -> ALPHA / rank;
            case ALPHA_OVER_RANK -> ALPHA / RANK;
            case ALPHA_OVER_SQRT_WIDTH -> ALPHA / Math.sqrt(rank);
        };
    }

    private static MatryoshkaMethod method(Scale rule) {
        return new MatryoshkaMethod(new RankScale(rule, ALPHA, RANK));
    }

    private static RowSelection selection(Scale rule) {
        StepPlan plan = method(rule).plan(7, 3, 2);
        assertThat(plan.selections()).hasSize(1);
        assertThat(plan.selections().get(0).weight()).isEqualTo(1);
        AdapterLayout.Slot slot = new AdapterLayout.Slot(2, 1, Projection.VALUE, IN, OUT, RANK, 0);
        return plan.selections().get(0).rows().of(slot);
    }

    /** P_i = Σ_{r ≥ i} s_r / R, for the rows i = 1..R. */
    @ParameterizedTest
    @EnumSource
    void factorsOfRowsAreTheMeansOfTheScalesOfTheRanksThatHoldThem(Scale rule) {
        RowSelection rows = selection(rule);
        double[] expected = IntStream.rangeClosed(1, RANK)
                .mapToDouble(i -> IntStream.rangeClosed(i, RANK)
                                .mapToDouble(rank -> scale(rule, rank))
                                .sum()
                        / RANK)
                .toArray();
        double[] factors = IntStream.range(0, RANK)
                .mapToDouble(i -> rows.scale() * rows.factors()[i])
                .toArray();
        assertThat(factors).containsExactly(expected, within(OF_FLOATS * expected[0]));
        assertThat(rows.learnedFactors()).containsExactly(rows.factors());
        assertThat(rows.window()).isEqualTo(new Window(0, RANK));
        assertThat(rows.learned()).isEqualTo(rows.window());
    }

    @ParameterizedTest
    @EnumSource
    void inferenceAtARankHasItsRowsAlikeAndItsScale(Scale rule) {
        for (int rank = 1; rank <= RANK; rank++) {
            RowSelection rows = method(rule).inference(new Window(0, rank));
            assertThat(rows.factors()).isNull();
            assertThat(rows.scale()).isCloseTo(scale(rule, rank), within(1e-15 * ALPHA));
        }
    }

    @Test
    void everyStepAndShardHasTheSamePlan() {
        MatryoshkaMethod method = method(Scale.ALPHA_OVER_WIDTH);
        assertThat(method.rank()).isEqualTo(RANK);
        AdapterLayout.Slot slot = new AdapterLayout.Slot(0, 0, Projection.KEY, IN, OUT, RANK, 0);
        RowSelection first = method.plan(0, 0, 4).selections().get(0).rows().of(slot);
        RowSelection other = method.plan(9, 2, 1).selections().get(0).rows().of(slot);
        assertThat(other.factors()).containsExactly(first.factors());
    }

    /** y, dx, and the gradients of A and B. */
    private record Result(double[] y, double[] dx, double[] da, double[] db) {
        Result plus(Result other) {
            return new Result(sum(y, other.y), sum(dx, other.dx), sum(da, other.da), sum(db, other.db));
        }

        private static double[] sum(double[] one, double[] other) {
            return IntStream.range(0, one.length)
                    .mapToDouble(i -> one[i] + other[i])
                    .toArray();
        }
    }

    /** One pass with the factors P is the mean of R passes, each of the adapter's first rows with the scale of that rank. */
    @ParameterizedTest
    @EnumSource
    void onePassIsTheMeanOfTheNestedAdapters(Scale rule) {
        try (Kernels kernels = new Nd4jBackend(Precision.F64).open(1)) {
            Result inOne = run(kernels, selection(rule));

            Result mean = IntStream.rangeClosed(1, RANK)
                    .mapToObj(rank -> run(kernels, RowSelection.of(new Window(0, rank), scale(rule, rank) / RANK)))
                    .reduce(Result::plus)
                    .orElseThrow();

            assertClose(inOne.y(), mean.y());
            assertClose(inOne.dx(), mean.dx());
            assertClose(inOne.da(), mean.da());
            assertClose(inOne.db(), mean.db());
        }
    }

    private static void assertClose(double[] actual, double[] expected) {
        double largest = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
        assertThat(actual).containsExactly(expected, within(OF_FLOATS * largest));
    }

    /** A pass of fixed random values, whose results begin as zeros. */
    private static Result run(Kernels kernels, RowSelection rows) {
        Window window = rows.window();
        try (Tensor a = random(kernels, 1, RANK, IN);
                Tensor b = random(kernels, 2, RANK, OUT);
                Tensor x = random(kernels, 3, ROWS, IN);
                Tensor dy = random(kernels, 4, ROWS, OUT);
                Tensor y = zeros(kernels, ROWS, OUT);
                Tensor dx = zeros(kernels, ROWS, IN);
                Tensor da = zeros(kernels, RANK, IN);
                Tensor db = zeros(kernels, RANK, OUT);
                LowRankAdapter adapter = new LowRankAdapter(
                        kernels, rows, a.rows(0, window.width()), b.rows(0, window.width()), Dropout.NONE, TOKENS)) {
            adapter.forward(x, y, true);
            adapter.backward(
                    x, dy, dx, new LowRankAdapter.Gradient(da.rows(0, window.width()), db.rows(0, window.width())));
            return new Result(
                    TestTensors.doubles(kernels, y),
                    TestTensors.doubles(kernels, dx),
                    TestTensors.doubles(kernels, da),
                    TestTensors.doubles(kernels, db));
        }
    }

    private static Tensor random(Kernels kernels, long seed, int rows, int columns) {
        double[] values = new Random(seed).doubles((long) rows * columns, -1, 1).toArray();
        return kernels.memory().upload(DoubleBuffer.wrap(values), rows, columns);
    }

    private static Tensor zeros(Kernels kernels, int rows, int columns) {
        Tensor zeros = kernels.memory().allocate(rows, columns);
        kernels.pointwise().fill(zeros, 0);
        return zeros;
    }
}
