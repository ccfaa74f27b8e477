package org.erat.benchmark.kernels;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.erat.compute.Activation;
import org.erat.compute.Backend;
import org.erat.compute.Backends;
import org.erat.compute.FrozenLinear;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.nd4j.linalg.factory.Nd4j;
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
    private Kernels.Attended attended;
    private Tensor gain;
    private Tensor bias;
    private Tensor mean;
    private Tensor inverseDeviation;
    private Tensor a;
    private Tensor u;
    private Tensor gradientOfA;
    private Kernels.AttentionShape shape;

    /** Draws all operands, and runs what the backward passes need to have been run. */
    @Setup
    public void open() {
        Backend backend = Backends.choose("cpu", precision);
        kernels = backend.open(Runtime.getRuntime().availableProcessors());
        wide = backend.frozenLinear(
                new FloatBuffer[] {floats(INNER * WIDTH)}, new FloatBuffer[] {floats(INNER)}, WIDTH);
        narrow = random(ROWS, WIDTH);
        inner = random(ROWS, INNER);
        queryKeyValue = random(ROWS, 3 * WIDTH);
        gain = backend.frozen(floats(WIDTH), WIDTH);
        bias = backend.frozen(floats(WIDTH), WIDTH);
        mean = kernels.allocateSingle(ROWS);
        inverseDeviation = kernels.allocateSingle(ROWS);
        a = random(RANK, WIDTH);
        u = random(ROWS, RANK);
        gradientOfA = kernels.allocateSingle(RANK, WIDTH);
        int[] lengths = new int[EXAMPLES];
        Arrays.fill(lengths, TOKENS);
        shape = new Kernels.AttentionShape(EXAMPLES, TOKENS, HEADS, lengths);
        attended = kernels.attention(queryKeyValue, shape);
        kernels.layerNorm(narrow, gain, bias, 1e-12, mean, inverseDeviation).close();
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
        return kernels.upload(Nd4j.createFromArray(values).reshape('c', rows, columns));
    }

    @TearDown
    public void close() {
        kernels.close();
    }

    /** [1024,768]·[768,3072]. */
    @Benchmark
    public void linear() {
        kernels.linear(narrow, wide).close();
    }

    /** [1024,3072]·[3072,768]. */
    @Benchmark
    public void linearBackward() {
        kernels.linearBackward(inner, wide).close();
    }

    @Benchmark
    public void gelu() {
        kernels.activation(Activation.GELU, inner).close();
    }

    @Benchmark
    public void geluBackward() {
        kernels.activationBackward(Activation.GELU, inner, inner).close();
    }

    @Benchmark
    public void layerNorm() {
        kernels.layerNorm(narrow, gain, bias, 1e-12, mean, inverseDeviation).close();
    }

    @Benchmark
    public void layerNormBackward() {
        kernels.layerNormBackward(
                        narrow, gain, bias, 1e-12, new Kernels.LayerNormState(narrow, mean, inverseDeviation))
                .close();
    }

    /** With its softmax. */
    @Benchmark
    public void attention() {
        Kernels.Attended result = kernels.attention(queryKeyValue, shape);
        result.output().close();
        result.kept().close();
    }

    @Benchmark
    public void attentionBackward() {
        kernels.attentionBackward(narrow, queryKeyValue, shape, attended).close();
    }

    /** u [N,8] = x·Aᵀ. */
    @Benchmark
    public void adapterDown() {
        kernels.product(narrow, false, a, true, 1, 0, u);
    }

    /** y [N,768] += u·B. */
    @Benchmark
    public void adapterUp() {
        kernels.product(u, false, a, false, 1e-6, 1, narrow);
    }

    /** dA [8,768] = duᵀ·x. */
    @Benchmark
    public void adapterGradient() {
        kernels.product(u, true, narrow, false, 1, 0, gradientOfA);
    }
}
