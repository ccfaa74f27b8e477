package org.erat.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.erat.compute.Backend;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.compute.TestTensors;
import org.erat.compute.cuda.CudaUnderTest;
import org.erat.compute.nd4j.Nd4jBackend;
import org.erat.compute.onednn.OneDnnBackend;
import org.erat.config.ComputeSettings.Weights;
import org.erat.config.Precision;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * An adapter over every window [s,e) of its rows, which are slices of one tensor of all parameters that may start at any
 * element, against double precision: output, gradients, and the gradients of rows that do not learn, which stay as they
 * were.
 *
 * <p>Tolerance, of the largest element: a product of single precision errs by about 1e-6 here, and ten times that is
 * allowed. In bf16 the inner activation and the result are each rounded by 2⁻⁹ of themselves, and so are the operands: four
 * independent errors of 2e-3 with a tail of four deviations. TF32 has an eighth of that, twice that where it is cut off.
 */
class EveryWindowTest {
    private static final int RANK = 8;
    private static final int IN = 48;
    private static final int OUT = 40;
    private static final int TOKENS = 5;
    private static final int ROWS = 4 * TOKENS;

    /** An odd number of elements ahead of A: no row is aligned to more than an element. */
    private static final int AHEAD = 3;

    private static final int VALUES = AHEAD + RANK * (IN + OUT);
    private static final double SCALE = 2.5;

    static Stream<Arguments> implementations() {
        return Stream.of(
                        Stream.of(Arguments.of(new Nd4jBackend(Precision.F32), 1e-5)),
                        Stream.of(Arguments.of(new OneDnnBackend(Precision.F32, Weights.PACKED), 1e-5)),
                        Stream.of(Arguments.of(new OneDnnBackend(Precision.BF16, Weights.PACKED), 1.6e-2)),
                        of(Precision.F32, 1e-5),
                        of(Precision.TF32, 4e-3),
                        of(Precision.BF16, 1.6e-2))
                .flatMap(implementation -> implementation);
    }

    private static Stream<Arguments> of(Precision precision, double tolerance) {
        return CudaUnderTest.of(precision).stream().map(backend -> Arguments.of(backend, tolerance));
    }

    @ParameterizedTest
    @MethodSource("implementations")
    void everyImplementationAgrees(Backend tested, double tolerance) {
        Backend reference = new Nd4jBackend(Precision.F64);
        for (int start = 0; start < RANK; start++) {
            for (int end = start + 1; end <= RANK; end++) {
                Window window = new Window(start, end);
                for (Window learned : List.of(window, new Window(end - 1, end))) {
                    RowSelection rows = new RowSelection(window, learned, SCALE, null, null);
                    List<double[]> expected = run(reference, rows);
                    List<double[]> actual = run(tested, rows);
                    for (int i = 0; i < expected.size(); i++) {
                        double scale = Arrays.stream(expected.get(i))
                                .map(Math::abs)
                                .max()
                                .orElseThrow();
                        assertThat(actual.get(i))
                                .as("result %d of %s, learning %s", i, window, learned)
                                .containsExactly(expected.get(i), within(tolerance * scale));
                    }
                }
            }
        }
    }

    /** Output, gradient of the input, and all gradients of parameters, which begin as ones. */
    private static List<double[]> run(Backend backend, RowSelection rows) {
        try (Kernels kernels = backend.open(1);
                Tensor values = upload(kernels, 1, VALUES);
                Tensor x = upload(kernels, 2, ROWS, IN);
                Tensor y = upload(kernels, 3, ROWS, OUT);
                Tensor dy = upload(kernels, 4, ROWS, OUT);
                Tensor dx = upload(kernels, 5, ROWS, IN);
                Tensor gradients = kernels.memory().allocateSingle(VALUES);
                LowRankAdapter adapter = new LowRankAdapter(
                        kernels,
                        rows,
                        rowsOfA(values, rows.window()),
                        rowsOfB(values, rows.window()),
                        new LowRankAdapter.Dropout(0.1, 7, 0),
                        TOKENS)) {
            kernels.pointwise().fill(gradients, 1);
            adapter.forward(x, y, true);
            adapter.backward(
                    x,
                    dy,
                    dx,
                    new LowRankAdapter.Gradient(
                            rowsOfA(gradients, rows.learned()), rowsOfB(gradients, rows.learned())));
            return Stream.of(y, dx, gradients)
                    .map(tensor -> TestTensors.doubles(kernels, tensor))
                    .toList();
        }
    }

    private static Tensor rowsOfA(Tensor values, Window rows) {
        return values.matrix(AHEAD + (long) rows.start() * IN, rows.width(), IN);
    }

    private static Tensor rowsOfB(Tensor values, Window rows) {
        return values.matrix(AHEAD + (long) RANK * IN + (long) rows.start() * OUT, rows.width(), OUT);
    }

    /** Random values that are floats, on every implementation the same. */
    private static Tensor upload(Kernels kernels, long seed, long... shape) {
        Random random = new Random(seed);
        FloatBuffer values = FloatBuffer.allocate(TestTensors.size(shape));
        for (int i = 0; i < values.capacity(); i++) {
            values.put(i, (float) random.nextGaussian());
        }
        return kernels.memory().upload(values, shape);
    }
}
