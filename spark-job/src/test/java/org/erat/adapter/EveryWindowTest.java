package org.erat.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.erat.compute.Backend;
import org.erat.compute.Kernels;
import org.erat.compute.Precision;
import org.erat.compute.Tensor;
import org.erat.compute.cuda.CudaUnderTest;
import org.erat.compute.nd4j.Nd4jBackend;
import org.erat.compute.onednn.OneDnnBackend;
import org.erat.schedule.Window;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

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
                        Stream.of(Arguments.of(new Nd4jBackend(DataType.FLOAT), 1e-5)),
                        Stream.of(Arguments.of(new OneDnnBackend(Precision.F32), 1e-5)),
                        Stream.of(Arguments.of(new OneDnnBackend(Precision.BF16), 1.6e-2)),
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
        Backend reference = new Nd4jBackend(DataType.DOUBLE);
        for (int start = 0; start < RANK; start++) {
            for (int end = start + 1; end <= RANK; end++) {
                Window window = new Window(start, end);
                for (Window learned : List.of(window, new Window(end - 1, end))) {
                    RowSelection rows = new RowSelection(window, learned, SCALE, null, null);
                    List<INDArray> expected = run(reference, rows);
                    List<INDArray> actual = run(tested, rows);
                    for (int i = 0; i < expected.size(); i++) {
                        double scale = expected.get(i).amaxNumber().doubleValue();
                        assertThat(expected.get(i)
                                                .sub(actual.get(i))
                                                .amaxNumber()
                                                .doubleValue()
                                        / scale)
                                .as("result %d of %s, learning %s", i, window, learned)
                                .isLessThan(tolerance);
                    }
                }
            }
        }
    }

    /** Output, gradient of the input, and all gradients of parameters, which begin as ones. */
    private static List<INDArray> run(Backend backend, RowSelection rows) {
        try (Kernels kernels = backend.open(1);
                Tensor values = kernels.upload(random(1, VALUES));
                Tensor x = kernels.upload(random(2, ROWS, IN));
                Tensor y = kernels.upload(random(3, ROWS, OUT));
                Tensor dy = kernels.upload(random(4, ROWS, OUT));
                Tensor dx = kernels.upload(random(5, ROWS, IN));
                Tensor gradients = kernels.allocateSingle(VALUES);
                LowRankAdapter adapter = new LowRankAdapter(
                        kernels,
                        rows,
                        rowsOfA(values, rows.window()),
                        rowsOfB(values, rows.window()),
                        TOKENS,
                        0.1,
                        7)) {
            kernels.fill(gradients, 1);
            adapter.forward(x, y, true);
            adapter.backward(
                    x,
                    dy,
                    dx,
                    new LowRankAdapter.Gradient(
                            rowsOfA(gradients, rows.learned()), rowsOfB(gradients, rows.learned())));
            List<INDArray> results = new ArrayList<>();
            for (Tensor tensor : List.of(y, dx, gradients)) {
                INDArray result = Nd4j.create(DataType.DOUBLE, tensor.shape());
                kernels.download(tensor, result);
                results.add(result);
            }
            return results;
        }
    }

    private static Tensor rowsOfA(Tensor values, Window rows) {
        return values.matrix(AHEAD + (long) rows.start() * IN, rows.width(), IN);
    }

    private static Tensor rowsOfB(Tensor values, Window rows) {
        return values.matrix(AHEAD + (long) RANK * IN + (long) rows.start() * OUT, rows.width(), OUT);
    }

    private static INDArray random(long seed, long... shape) {
        Random random = new Random(seed);
        INDArray values = Nd4j.create(DataType.FLOAT, shape);
        for (long i = 0; i < values.length(); i++) {
            values.putScalar(i, random.nextGaussian());
        }
        return values;
    }
}
