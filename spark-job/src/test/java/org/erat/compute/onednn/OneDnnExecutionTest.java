package org.erat.compute.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bytedeco.javacpp.Pointer;
import org.erat.compute.Attention;
import org.erat.compute.Attention.Attended;
import org.erat.compute.Backend;
import org.erat.compute.FrozenLinear;
import org.erat.compute.Kernels;
import org.erat.compute.Norms.NormState;
import org.erat.compute.Tensor;
import org.erat.compute.TestShapes;
import org.erat.compute.TestTensors;
import org.erat.compute.memory.IdlePools;
import org.erat.compute.memory.MemoryPool;
import org.erat.config.ComputeSettings.Weights;
import org.erat.config.Precision;
import org.erat.data.architecture.Activation;
import org.erat.data.safetensors.Dtype;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How the primitives run: threads, reuse of memory and primitives, bit-identical results. */
class OneDnnExecutionTest {
    private static final int WIDTH = 48;

    private static Execution execution(Kernels kernels) {
        return ((OneDnnMemory) kernels.memory()).execution();
    }

    @Test
    void theThreadCountBelongsToTheCallingThread() throws Exception {
        ExecutorService other = Executors.newSingleThreadExecutor();
        try {
            OpenMp.useThreads(3);
            assertThat(other.submit(() -> {
                                OpenMp.useThreads(1);
                                return OpenMp.threads();
                            })
                            .get())
                    .isEqualTo(1);
            assertThat(OpenMp.threads()).isEqualTo(3);
        } finally {
            other.shutdown();
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Precision.class,
            names = {"F32", "BF16"})
    void stepsOfKnownShapesAllocateNothingAndCreateNothing(Precision precision) {
        EncoderBlock model = new EncoderBlock(precision);
        try (Kernels kernels = model.backend.open(1)) {
            int[] tokens = {5, 12, 3, 12, 7};
            for (int t : tokens) {
                model.step(kernels, t, t % 2 == 0);
            }
            for (int t : tokens) {
                model.step(kernels, t, t % 2 == 0);
            }
            Execution execution = execution(kernels);
            long allocations = execution.memory().pool().allocations();
            int primitives = execution.primitiveCount();
            for (int i = 0; i < 5; i++) {
                for (int t : tokens) {
                    model.step(kernels, t, t % 2 == 0);
                }
            }
            assertThat(execution.memory().pool().allocations()).isEqualTo(allocations);
            assertThat(execution.primitiveCount()).isEqualTo(primitives);
            assertThat(kernels.memory().outstanding()).isZero();
        }
    }

    /** Fewer primitives are kept than one step needs, so that each is destroyed and created again. */
    @Test
    void primitivesThatWereDestroyedAreCreatedAgain() {
        EncoderBlock model = new EncoderBlock(Precision.F32);
        float[][] expected;
        try (Kernels kernels = model.backend.open(1)) {
            expected = model.step(kernels, 9, true);
            assertThat(execution(kernels).primitiveCount()).isGreaterThan(4);
        }
        Execution few = new Execution(1, Dtype.F32, new IdlePools(HostBlock.ALLOCATOR), 4);
        try (Kernels kernels = OneDnnBackend.kernels(few)) {
            for (int i = 0; i < 3; i++) {
                assertThat(model.step(kernels, 9, true)).isDeepEqualTo(expected);
                assertThat(few.primitiveCount()).isEqualTo(4);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Precision.class,
            names = {"F32", "BF16"})
    void resultsAreBitIdenticalAcrossTasksThreadsAndMemoryHistory(Precision precision) throws Exception {
        EncoderBlock model = new EncoderBlock(precision);
        float[][] expected;
        try (Kernels kernels = model.backend.open(1)) {
            expected = model.step(kernels, 9, true);
        }
        ExecutorService tasks = Executors.newFixedThreadPool(2);
        try {
            Callable<Void> task = () -> {
                try (Kernels kernels = model.backend.open(1)) {
                    for (int i = 0; i < 20; i++) {
                        model.step(kernels, 3 + i % 9, i % 2 == 0);
                        assertThat(model.step(kernels, 9, true)).isDeepEqualTo(expected);
                    }
                }
                return null;
            };
            for (Future<Void> done : tasks.invokeAll(List.of(task, task))) {
                done.get();
            }
        } finally {
            tasks.shutdown();
        }
    }

    /** The kernels may move from thread to thread between calls. */
    @Test
    void kernelsMayChangeTheirThread() throws Exception {
        EncoderBlock model = new EncoderBlock(Precision.F32);
        try (Kernels kernels = model.backend.open(2)) {
            float[][] expected = model.step(kernels, 9, true);
            ExecutorService other = Executors.newSingleThreadExecutor();
            try {
                assertThat(other.submit(() -> model.step(kernels, 9, true)).get())
                        .isDeepEqualTo(expected);
            } finally {
                other.shutdown();
            }
        }
    }

    @Test
    void theMemoryOfKernelsThatReleaseItServesOthers() {
        EncoderBlock model = new EncoderBlock(Precision.F32);
        try (Kernels first = model.backend.open(1);
                Kernels second = model.backend.open(1)) {
            float[][] expected = model.step(first, 9, true);
            MemoryPool memory = execution(first).memory().pool();

            first.memory().release();

            assertThat(model.step(second, 9, true)).isDeepEqualTo(expected);
            assertThat(execution(second).memory().pool()).isSameAs(memory);
            assertThat(model.step(first, 9, true)).isDeepEqualTo(expected);
            assertThat(execution(first).memory().pool()).isNotSameAs(memory);
            Tensor open = first.memory().allocate(1);
            assertThatIllegalStateException()
                    .isThrownBy(first.memory()::release)
                    .withMessage("1 tensors are not closed");
            open.close();
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Precision.class,
            names = {"F32", "BF16"})
    void plainWeightsAreHeldOnceForBothDirections(Precision precision) {
        FloatBuffer[] weights = {FloatBuffer.wrap(new float[12]), FloatBuffer.wrap(new float[8])};
        FloatBuffer[] biases = {FloatBuffer.wrap(new float[3]), FloatBuffer.wrap(new float[2])};
        FrozenWeight weight =
                (FrozenWeight) new OneDnnBackend(precision, Weights.PLAIN).frozenLinear(weights, biases, 4);
        assertThat(weight.forward().memory()).isSameAs(weight.backward().memory());
        weight.close();
    }

    @Test
    void plainWeightsInSinglePrecisionAreTheMappedValuesThemselves() {
        FloatBuffer values =
                ByteBuffer.allocateDirect(48).order(ByteOrder.nativeOrder()).asFloatBuffer();
        FrozenWeight weight = (FrozenWeight) new OneDnnBackend(Precision.F32, Weights.PLAIN)
                .frozenLinear(new FloatBuffer[] {values}, new FloatBuffer[] {FloatBuffer.allocate(3)}, 4);
        assertThat(weight.backward().memory().address()).isEqualTo(new Pointer(values).address());
        weight.close();
        assertThatIllegalStateException().isThrownBy(weight::forward).withMessage("frozen weight [3, 4] is closed");
    }

    /** One adapted block, forward and backward. */
    private static final class EncoderBlock {
        private final Random random = new Random(3);
        private final Backend backend;
        private final FrozenLinear qkv;
        private final FrozenLinear up;
        private final Tensor weight;
        private final Tensor bias;

        EncoderBlock(Precision precision) {
            backend = new OneDnnBackend(precision);
            qkv = linear(WIDTH, 3 * WIDTH);
            up = linear(WIDTH, 4 * WIDTH);
            weight = backend.frozen(floats(WIDTH), WIDTH);
            bias = backend.frozen(floats(WIDTH), WIDTH);
        }

        float[][] step(Kernels kernels, int tokens, boolean padded) {
            int[] lengths = new int[3];
            Arrays.fill(lengths, tokens);
            if (padded) {
                lengths[1] = 1;
            }
            String examples = "3:" + lengths[0] + "," + lengths[1] + "," + lengths[2];
            Attention.Shape shape = TestShapes.attention(examples, 4, WIDTH / 4);
            long rows = shape.rows();
            float[] values = new float[(int) rows * WIDTH];
            for (int i = 0; i < values.length; i++) {
                values[i] = (i * 37 % 101 - 50) / 40f;
            }
            try (Tensor x = kernels.memory().upload(FloatBuffer.wrap(values), rows, WIDTH);
                    Tensor xqkv = kernels.matrices().linear(x, qkv);
                    Tensor inner = kernels.memory().allocate(rows, 4);
                    Tensor gradient = kernels.memory().allocateSingle(3 * WIDTH, 4);
                    Tensor mean = kernels.memory().allocateSingle(rows);
                    Tensor rstd = kernels.memory().allocateSingle(rows)) {
                kernels.matrices().matmul(x, false, x.rows(0, 4).columns(0, WIDTH), true, 1, 0, inner);
                Attended attended = kernels.attention().forward(xqkv, shape);
                try (Tensor context = attended.output();
                        Tensor softmax = attended.kept();
                        Tensor normal = kernels.norms().layerNorm(context, weight, bias, 1e-12, mean, rstd);
                        Tensor wide = kernels.matrices().linear(normal, up);
                        Tensor active = kernels.pointwise().activation(Activation.GELU, wide);
                        Tensor dWide = kernels.pointwise().activationBackward(Activation.GELU, active, wide);
                        Tensor dNormal = kernels.matrices().linearBackward(dWide, up);
                        Tensor dContext = kernels.norms()
                                .layerNormBackward(dNormal, weight, bias, 1e-12, new NormState(context, mean, rstd));
                        Tensor dqkv = kernels.attention().backward(dContext, xqkv, shape, attended);
                        Tensor dx = kernels.matrices().linearBackward(dqkv, qkv)) {
                    kernels.matrices().matmul(dqkv, true, inner, false, 1, 0, gradient);
                    kernels.pointwise().add(x, dx);
                    return new float[][] {
                        TestTensors.floats(kernels, active),
                        TestTensors.floats(kernels, softmax),
                        TestTensors.floats(kernels, dqkv),
                        TestTensors.floats(kernels, dx),
                        TestTensors.floats(kernels, gradient)
                    };
                }
            }
        }

        private FrozenLinear linear(int in, int out) {
            return backend.frozenLinear(new FloatBuffer[] {floats(in * out)}, new FloatBuffer[] {floats(out)}, in);
        }

        private FloatBuffer floats(int size) {
            FloatBuffer buffer = FloatBuffer.allocate(size);
            for (int i = 0; i < size; i++) {
                buffer.put(i, random.nextFloat() * 0.4f - 0.2f);
            }
            return buffer;
        }
    }
}
