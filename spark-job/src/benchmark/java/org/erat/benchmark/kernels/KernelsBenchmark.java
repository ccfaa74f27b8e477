package org.erat.benchmark.kernels;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.erat.compute.Attention;
import org.erat.compute.Backend;
import org.erat.compute.Backends;
import org.erat.compute.FrozenLinear;
import org.erat.compute.Kernels;
import org.erat.compute.Norms;
import org.erat.compute.Tensor;
import org.erat.config.JobConfig;
import org.erat.data.architecture.Activation;
import org.erat.data.architecture.Architecture.Mask;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** The primitives of a block, forward and backward. N = 1024 rows, H = 768, F = 3072, 12 heads. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
public class KernelsBenchmark {
    private static final int EXAMPLES = 8;
    private static final int TOKENS = 128;
    private static final int ROWS = EXAMPLES * TOKENS;
    private static final int WIDTH = 768;
    private static final int INNER = 4 * WIDTH;
    private static final int HEADS = 12;
    private static final int RANK = 8;

    @Param({"f32", "bf16"})
    public String precision;

    private Kernels kernels;
    private FrozenLinear wide;
    private Tensor narrow;
    private Tensor inner;
    private Tensor queryKeyValue;
    private Attention.Attended attended;
    private Tensor weight;
    private Tensor bias;
    private Tensor mean;
    private Tensor rstd;
    private Tensor a;
    private Tensor u;
    private Tensor gradientOfA;
    private Attention.Shape shape;

    /** Draws all operands, and runs what the backward passes need to have been run. */
    @Setup
    public void open() {
        Backend backend = Backends.choose(JobConfig.parse(
                        "model.path = none, data.train = none, compute { device = cpu, precision = %s }"
                                .formatted(precision),
                        "benchmark",
                        List.of())
                .compute());
        kernels = backend.open(Runtime.getRuntime().availableProcessors());
        wide = backend.frozenLinear(
                new FloatBuffer[] {floats(INNER * WIDTH)}, new FloatBuffer[] {floats(INNER)}, WIDTH);
        narrow = random(ROWS, WIDTH);
        inner = random(ROWS, INNER);
        queryKeyValue = random(ROWS, 3 * WIDTH);
        weight = backend.frozen(floats(WIDTH), WIDTH);
        bias = backend.frozen(floats(WIDTH), WIDTH);
        mean = kernels.memory().allocateSingle(ROWS);
        rstd = kernels.memory().allocateSingle(ROWS);
        a = random(RANK, WIDTH);
        u = random(ROWS, RANK);
        gradientOfA = kernels.memory().allocateSingle(RANK, WIDTH);
        int[] lengths = new int[EXAMPLES];
        Arrays.fill(lengths, TOKENS);
        shape = new Attention.Shape(EXAMPLES, TOKENS, HEADS, HEADS, WIDTH / HEADS, Mask.BIDIRECTIONAL, lengths);
        attended = kernels.attention().forward(queryKeyValue, shape);
        kernels.norms().layerNorm(narrow, weight, bias, 1e-12, mean, rstd).close();
    }

    private static FloatBuffer floats(int count) {
        FloatBuffer values = ByteBuffer.allocateDirect(Float.BYTES * count)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
        Random random = new Random(count);
        for (int i = 0; i < count; i++) {
            values.put(i, (float) (0.02 * random.nextGaussian()));
        }
        return values;
    }

    private Tensor random(int rows, int columns) {
        float[] values = new float[rows * columns];
        floats(values.length).get(values);
        return kernels.memory().upload(FloatBuffer.wrap(values), rows, columns);
    }

    @TearDown
    public void close() {
        kernels.memory().close();
    }

    /** [1024,768]·[768,3072]. */
    @Benchmark
    public void linear() {
        kernels.matrices().linear(narrow, wide).close();
    }

    /** [1024,3072]·[3072,768]. */
    @Benchmark
    public void linearBackward() {
        kernels.matrices().linearBackward(inner, wide).close();
    }

    @Benchmark
    public void gelu() {
        kernels.pointwise().activation(Activation.GELU, inner).close();
    }

    @Benchmark
    public void geluBackward() {
        kernels.pointwise().activationBackward(Activation.GELU, inner, inner).close();
    }

    @Benchmark
    public void layerNorm() {
        kernels.norms().layerNorm(narrow, weight, bias, 1e-12, mean, rstd).close();
    }

    @Benchmark
    public void layerNormBackward() {
        kernels.norms()
                .layerNormBackward(narrow, weight, bias, 1e-12, new Norms.NormState(narrow, mean, rstd))
                .close();
    }

    /** With its softmax. */
    @Benchmark
    public void attention() {
        Attention.Attended result = kernels.attention().forward(queryKeyValue, shape);
        result.output().close();
        result.kept().close();
    }

    @Benchmark
    public void attentionBackward() {
        kernels.attention().backward(narrow, queryKeyValue, shape, attended).close();
    }

    /** u [N,8] = x·Aᵀ. */
    @Benchmark
    public void adapterDown() {
        kernels.matrices().matmul(narrow, false, a, true, 1, 0, u);
    }

    /** y [N,768] += u·B. */
    @Benchmark
    public void adapterUp() {
        kernels.matrices().matmul(u, false, a, false, 1e-6, 1, narrow);
    }

    /** dA [8,768] = duᵀ·x. */
    @Benchmark
    public void adapterGradient() {
        kernels.matrices().matmul(u, true, narrow, false, 1, 0, gradientOfA);
    }
}
