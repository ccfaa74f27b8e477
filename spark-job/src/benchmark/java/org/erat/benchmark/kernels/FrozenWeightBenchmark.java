package org.erat.benchmark.kernels;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.erat.compute.Backend;
import org.erat.compute.Backends;
import org.erat.compute.FrozenLinear;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.config.JobConfig;
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

/** What the layout of a frozen weight costs each direction of its matmul: packed for both directions, or one plain copy. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 1, time = 1)
@Measurement(iterations = 3, time = 1)
public class FrozenWeightBenchmark {
    @Param({"f32", "bf16"})
    public String precision;

    @Param({"packed", "plain"})
    public String weights;

    @Param({"256", "1024"})
    public int rows;

    @Param({"768", "3072"})
    public int out;

    private static final int IN = 768;

    private Kernels kernels;
    private FrozenLinear weight;
    private Tensor x;
    private Tensor dy;

    @Setup
    public void open() {
        Backend backend = Backends.choose(JobConfig.parse(
                        "model.path = none, data.train = none, compute { device = cpu, precision = %s, weights = %s }"
                                .formatted(precision, weights),
                        "benchmark",
                        List.of())
                .compute());
        kernels = backend.open(Runtime.getRuntime().availableProcessors());
        weight = backend.frozenLinear(new FloatBuffer[] {floats(out * IN)}, new FloatBuffer[] {floats(out)}, IN);
        x = kernels.memory().upload(floats(rows * IN), rows, IN);
        dy = kernels.memory().upload(floats(rows * out), rows, out);
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

    @TearDown
    public void close() {
        kernels.memory().close();
        weight.close();
    }

    /** x [N,768]·Wᵀ. */
    @Benchmark
    public void forward() {
        kernels.matrices().linear(x, weight).close();
    }

    /** dy [N,O]·W. */
    @Benchmark
    public void backward() {
        kernels.matrices().linearBackward(dy, weight).close();
    }
}
