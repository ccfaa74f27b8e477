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
import org.erat.compute.Activation;
import org.erat.compute.Backend;
import org.erat.compute.FrozenLinear;
import org.erat.compute.Kernels;
import org.erat.compute.Kernels.Attended;
import org.erat.compute.Kernels.AttentionShape;
import org.erat.compute.Kernels.LayerNormState;
import org.erat.compute.Precision;
import org.erat.compute.Tensor;
import org.erat.compute.WeightLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** How the primitives run: threads, reuse of memory and primitives, bit-identical results. */
class OneDnnExecutionTest {
    private static final int WIDTH = 48;

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
        try (OneDnnKernels kernels = (OneDnnKernels) model.backend.open(1)) {
            int[] tokens = {5, 12, 3, 12, 7};
            for (int t : tokens) {
                model.step(kernels, t, t % 2 == 0);
            }
            for (int t : tokens) {
                model.step(kernels, t, t % 2 == 0);
            }
            long allocations = kernels.execution().pool().allocations();
            int primitives = kernels.execution().primitiveCount();
            for (int i = 0; i < 5; i++) {
                for (int t : tokens) {
                    model.step(kernels, t, t % 2 == 0);
                }
            }
            assertThat(kernels.execution().pool().allocations()).isEqualTo(allocations);
            assertThat(kernels.execution().primitiveCount()).isEqualTo(primitives);
            assertThat(kernels.outstanding()).isZero();
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
    void kernelsThatRestLendTheirMemory() {
        EncoderBlock model = new EncoderBlock(Precision.F32);
        try (OneDnnKernels first = (OneDnnKernels) model.backend.open(1);
                OneDnnKernels second = (OneDnnKernels) model.backend.open(1)) {
            float[][] expected = model.step(first, 9, true);
            MemoryPool memory = first.execution().pool();

            first.rest();

            assertThat(model.step(second, 9, true)).isDeepEqualTo(expected);
            assertThat(second.execution().pool()).isSameAs(memory);
            assertThat(model.step(first, 9, true)).isDeepEqualTo(expected);
            assertThat(first.execution().pool()).isNotSameAs(memory);
            Tensor open = first.allocate(1);
            assertThatIllegalStateException().isThrownBy(first::rest).withMessage("1 tensors are not closed");
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
                (FrozenWeight) new OneDnnBackend(precision, WeightLayout.PLAIN).frozenLinear(weights, biases, 4);
        assertThat(weight.forward().memory()).isSameAs(weight.backward().memory());
    }

    @Test
    void plainWeightsInSinglePrecisionAreTheMappedValuesThemselves() {
        FloatBuffer values =
                ByteBuffer.allocateDirect(48).order(ByteOrder.nativeOrder()).asFloatBuffer();
        FrozenWeight weight = (FrozenWeight) new OneDnnBackend(Precision.F32, WeightLayout.PLAIN)
                .frozenLinear(new FloatBuffer[] {values}, new FloatBuffer[] {FloatBuffer.allocate(3)}, 4);
        assertThat(weight.backward().memory().address()).isEqualTo(new Pointer(values).address());
    }

    /** One adapted block, forward and backward. */
    private static final class EncoderBlock {
        private final Random random = new Random(3);
        private final Backend backend;
        private final FrozenLinear qkv;
        private final FrozenLinear up;
        private final Tensor gain;
        private final Tensor bias;

        EncoderBlock(Precision precision) {
            backend = new OneDnnBackend(precision);
            qkv = linear(WIDTH, 3 * WIDTH);
            up = linear(WIDTH, 4 * WIDTH);
            gain = backend.frozen(floats(WIDTH), WIDTH);
            bias = backend.frozen(floats(WIDTH), WIDTH);
        }

        float[][] step(Kernels kernels, int tokens, boolean padded) {
            int batch = 3;
            int[] lengths = new int[batch];
            Arrays.fill(lengths, tokens);
            if (padded) {
                lengths[1] = 1;
            }
            AttentionShape shape = new AttentionShape(batch, tokens, 4, lengths);
            long rows = (long) batch * tokens;
            float[] values = new float[(int) rows * WIDTH];
            for (int i = 0; i < values.length; i++) {
                values[i] = (i * 37 % 101 - 50) / 40f;
            }
            INDArray host = Nd4j.createFromArray(values).reshape(rows, WIDTH);
            try (Tensor x = kernels.upload(host);
                    Tensor xqkv = kernels.linear(x, qkv);
                    Tensor inner = kernels.allocate(rows, 4);
                    Tensor gradient = kernels.allocateSingle(3 * WIDTH, 4);
                    Tensor mean = kernels.allocateSingle(rows);
                    Tensor inverseDeviation = kernels.allocateSingle(rows)) {
                kernels.product(x, false, x.rows(0, 4).columns(0, WIDTH), true, 1, 0, inner);
                Attended attended = kernels.attention(xqkv, shape);
                try (Tensor context = attended.output();
                        Tensor weights = attended.kept();
                        Tensor normal = kernels.layerNorm(context, gain, bias, 1e-12, mean, inverseDeviation);
                        Tensor wide = kernels.linear(normal, up);
                        Tensor active = kernels.activation(Activation.GELU, wide);
                        Tensor dWide = kernels.activationBackward(Activation.GELU, active, wide);
                        Tensor dNormal = kernels.linearBackward(dWide, up);
                        Tensor dContext = kernels.layerNormBackward(
                                dNormal, gain, bias, 1e-12, new LayerNormState(context, mean, inverseDeviation));
                        Tensor dqkv = kernels.attentionBackward(dContext, xqkv, shape, attended);
                        Tensor dx = kernels.linearBackward(dqkv, qkv)) {
                    kernels.product(dqkv, true, inner, false, 1, 0, gradient);
                    kernels.add(x, dx);
                    return new float[][] {
                        download(kernels, active),
                        download(kernels, weights),
                        download(kernels, dqkv),
                        download(kernels, dx),
                        download(kernels, gradient)
                    };
                }
            }
        }

        private static float[] download(Kernels kernels, Tensor tensor) {
            INDArray values = Nd4j.create(DataType.FLOAT, tensor.shape());
            kernels.download(tensor, values);
            return values.data().asFloat();
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
