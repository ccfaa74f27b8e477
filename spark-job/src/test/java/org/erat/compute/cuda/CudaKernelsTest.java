package org.erat.compute.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import org.erat.compute.AdamW;
import org.erat.compute.Attention;
import org.erat.compute.Attention.Attended;
import org.erat.compute.FrozenLinear;
import org.erat.compute.Kernels;
import org.erat.compute.Matrices.Activated;
import org.erat.compute.Norms.NormState;
import org.erat.compute.Tensor;
import org.erat.compute.TestShapes;
import org.erat.compute.TestTensors;
import org.erat.config.Precision;
import org.erat.data.architecture.Activation;
import org.erat.data.architecture.Architecture.Mask;
import org.erat.data.safetensors.Dtype;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What holds on a device beside the numbers, which {@code ImplementationsAgreeTest} compares. */
class CudaKernelsTest {
    @BeforeEach
    void needsACompiler() {
        assumeTrue(Emulator.obstacle().isEmpty(), Emulator::obstacle);
    }

    /** Threads that read what others write would see something else if these come first. */
    @ParameterizedTest
    @EnumSource(
            value = Precision.class,
            names = {"F32", "TF32", "BF16"})
    void theOrderOfThreadsChangesNoBit(Precision precision) {
        assertThat(everything(new EmulatedDriver().backwards(), precision, 5))
                .isDeepEqualTo(everything(new EmulatedDriver(), precision, 5));
    }

    @Test
    void nothingIsAllocatedInTheSteadyState() {
        EmulatedDriver driver = new EmulatedDriver().withWorkspace(1 << 20);
        CudaBackend backend = new CudaBackend(driver, Precision.BF16);
        Weights weights = Weights.of(backend);
        try (Kernels kernels = backend.open(1)) {
            int allocations = 0;
            for (int epoch = 0; epoch < 3; epoch++) {
                allocations = epoch == 1 ? driver.allocations() : allocations;
                for (int tokens : new int[] {9, 1, 4, 9, 7, 9}) {
                    step(weights, kernels, tokens);
                    kernels.memory().release();
                }
            }
            assertThat(driver.allocations()).isEqualTo(allocations);
            driver.checkMarks();
        }
    }

    @Test
    void theMemoryOfKernelsThatReleaseItServesOthers() {
        EmulatedDriver driver = new EmulatedDriver();
        CudaBackend backend = new CudaBackend(driver, Precision.F32);
        try (Kernels first = backend.open(1);
                Kernels second = backend.open(1)) {
            first.memory().allocate(1000, 1000).close();
            first.memory().release();
            int allocations = driver.allocations();
            second.memory().allocate(1000, 1000).close();
            assertThat(driver.allocations()).isEqualTo(allocations);
            Tensor open = first.memory().allocate(2, 2);
            assertThatThrownBy(first.memory()::release).hasMessage("1 tensors are not closed");
            open.close();
        }
    }

    @Test
    void frozenWeightsLeaveTheDeviceWhenTheyAreClosed() {
        EmulatedDriver driver = new EmulatedDriver();
        CudaBackend backend = new CudaBackend(driver, Precision.BF16);
        // The first time the memory that values pass through is allocated as well.
        long held = 0;
        for (int i = 0; i < 3; i++) {
            FrozenLinear map =
                    backend.frozenLinear(new FloatBuffer[] {floats(4000)}, new FloatBuffer[] {floats(40)}, 100);
            Tensor table = backend.frozen(floats(3000), 30, 100);
            long loaded = driver.used();
            map.close();
            table.close();
            map.close();
            // Two bytes for each of 4000, 40 and 3000 values.
            assertThat(driver.used()).isLessThanOrEqualTo(loaded - 14080);
            assertThat(driver.used()).isEqualTo(i == 0 ? driver.used() : held);
            held = driver.used();
        }
    }

    @Test
    void thereAreNoKernelsInDoublePrecision() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new CudaBackend(new EmulatedDriver(), Precision.F64))
                .withMessage("cuda: there is no kernel in F64");
    }

    /** Through a buffer of 4 MiB, piece by piece, where the values lie in the Java heap. */
    @Test
    void valuesOfAnySizeCross() {
        int rows = 1 << 11;
        int columns = (1 << 10) + 1;
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = i % 1021;
        }
        CudaBackend backend = new CudaBackend(new EmulatedDriver(), Precision.F32);
        try (Kernels kernels = backend.open(1);
                Tensor tensor = kernels.memory().upload(FloatBuffer.wrap(values), rows, columns)) {
            assertThat(TestTensors.floats(kernels, tensor)).isEqualTo(values);
            assertThat(TestTensors.doubles(kernels, tensor)[values.length - 1]).isEqualTo(values[values.length - 1]);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Precision.class,
            names = {"F32", "TF32", "BF16"})
    void aDeviceThatMultipliesF32OnlyComputesInIt(Precision precision) {
        CudaBackend backend = new CudaBackend(new EmulatedDriver().withF32Only(), precision);
        assertThat(backend.precision()).isEqualTo(Precision.F32);
        assertThat(productsOfOneAndALittle(backend)).containsOnly(1 + ULP, 1 + ULP, 1 + ULP);
    }

    /**
     * Everything lies in f32, and each operand of a product, be it of a frozen map, of any two matrices or of an
     * attention, keeps 10 bits behind the point.
     */
    @Test
    void tf32RoundsTheOperandsOfEveryProduct() {
        assertThat(productsOfOneAndALittle(new CudaBackend(new EmulatedDriver(), Precision.TF32)))
                .containsOnly(1, 1, 1);
    }

    static final float ULP = 0x1p-23f;

    /** (1 + 2⁻²³)·1 by each way to multiply. */
    static float[] productsOfOneAndALittle(CudaBackend backend) {
        FloatBuffer weight = FloatBuffer.wrap(new float[] {1});
        FrozenLinear map =
                backend.frozenLinear(new FloatBuffer[] {weight}, new FloatBuffer[] {FloatBuffer.allocate(1)}, 1);
        float[] qkv = new float[24];
        Arrays.fill(qkv, 1 + ULP);
        try (Kernels kernels = backend.open(1);
                Tensor heads = kernels.memory().upload(FloatBuffer.wrap(qkv), 1, 24);
                Tensor x = kernels.pointwise().copy(heads.columns(0, 1));
                Tensor linear = kernels.matrices().linear(x, map);
                Tensor one = kernels.memory().allocate(1, 1);
                Tensor product = kernels.memory().allocateSingle(1, 1)) {
            kernels.pointwise().fill(one, 1);
            kernels.matrices().matmul(x, false, one, false, 1, 0, product);
            Attended attended = kernels.attention().forward(heads, TestShapes.attention("1:1", 1, 8));
            try (Tensor output = attended.output();
                    Tensor kept = attended.kept()) {
                assertThat(kept.shape()).containsExactly(1, 1);
                return new float[] {
                    TestTensors.floats(kernels, linear)[0],
                    TestTensors.floats(kernels, product)[0],
                    TestTensors.floats(kernels, output)[0]
                };
            }
        }
    }

    /** What is wide enough for cuBLASLt is no kernel of ours, unless that is told to compute the exact GELU. */
    @ParameterizedTest
    @CsvSource({"GELU_TANH, 16, false", "GELU_TANH, 12, true", "GELU, 16, true", "RELU, 16, true"})
    void geluByTanhIsPartOfTheProductBesideIt(Activation f, int inner, boolean byKernels) {
        EmulatedDriver driver = new EmulatedDriver();
        CudaBackend backend = new CudaBackend(driver, Precision.BF16);
        FrozenLinear up =
                backend.frozenLinear(new FloatBuffer[] {floats(8 * inner)}, new FloatBuffer[] {floats(inner)}, 8);
        FrozenLinear down =
                backend.frozenLinear(new FloatBuffer[] {floats(8 * inner)}, new FloatBuffer[] {floats(8)}, inner);
        try (Kernels kernels = backend.open(1);
                Tensor x = kernels.memory().upload(floats(24), 3, 8)) {
            driver.launched().clear();
            Activated activated = kernels.matrices().linearActivation(f, x, up);
            Tensor gradient = kernels.matrices().linearActivationBackward(f, x, down, activated.inner());
            assertThat(driver.launched().stream().filter(name -> name.startsWith("activation")))
                    .hasSize(byKernels ? 2 : 0);
            List.of(activated.inner(), activated.y(), gradient).forEach(Tensor::close);
        }
        driver.checkMarks();
    }

    @Test
    void aProductSaysWhatItIs() {
        Gemm gemm = new Gemm(true, false, 768, 4096, 8, Dtype.BF16, Dtype.F32, 8, 8, 768, 1, 1, Epilogue.GELU);
        assertThat(gemm)
                .hasToString("[768,4096] = [8,768]ᵀ·[8,4096] by columns at distances of 768, 8 and 8, BF16 to F32 with"
                        + " bias and GELU, added");
    }

    @Test
    void everyKernelIsThereInBothWidths() {
        TreeSet<String> kernels = new TreeSet<>(Emulator.get().kernels());
        assertThat(kernels).contains("addresses", "softmax_bf16_4", "copy_f32_bf16_1");
        kernels.removeIf(name -> !name.matches(".*_\\d"));
        assertThat(kernels).allSatisfy(name -> {
            String stem = name.substring(0, name.length() - 1);
            assertThat(kernels).contains(stem + "1", stem + "4");
        });
    }

    private static final int WIDTH = 12;

    private record Weights(FrozenLinear map, FrozenLinear grouped, Tensor norm, Tensor table) {
        static Weights of(CudaBackend backend) {
            return new Weights(
                    linear(backend, 3 * WIDTH),
                    linear(backend, 2 * WIDTH),
                    backend.frozen(floats(WIDTH), WIDTH),
                    backend.frozen(floats(5 * WIDTH), 5, WIDTH));
        }

        private static FrozenLinear linear(CudaBackend backend, int out) {
            return backend.frozenLinear(
                    new FloatBuffer[] {floats(out * WIDTH)}, new FloatBuffer[] {floats(out)}, WIDTH);
        }
    }

    /** All primitives on a batch of two examples; their results. */
    private static float[][] everything(EmulatedDriver driver, Precision precision, int tokens) {
        CudaBackend backend = new CudaBackend(driver, precision);
        try (Kernels kernels = backend.open(1)) {
            return step(Weights.of(backend), kernels, tokens);
        }
    }

    private static float[][] step(Weights weights, Kernels kernels, int tokens) {
        int rows = 2 * tokens;
        int[] lengths = {tokens, 1};
        int[] ids = new int[rows];
        Tensor norm = weights.norm();
        Tensor table = weights.table();
        List<Tensor> made = new ArrayList<>();
        Tensor x = keep(made, kernels.tokens().embeddings(table, table, table, ids, ids, ids));
        Tensor qkv = keep(made, kernels.matrices().linear(x, weights.map()));
        Attention.Shape shape = TestShapes.attention("2:" + tokens + ",1", 3, 4);
        Attended attended = kernels.attention().forward(qkv, shape);
        Tensor context = keep(made, attended.output());
        keep(made, attended.kept());
        Tensor mean = keep(made, kernels.memory().allocateSingle(rows));
        Tensor rstd = keep(made, kernels.memory().allocateSingle(rows));
        Tensor normal = keep(made, kernels.norms().layerNorm(x, norm, norm, 1e-5, mean, rstd));
        NormState saved = new NormState(x, mean, rstd);
        keep(made, kernels.norms().layerNormBackward(context, norm, norm, 1e-5, saved));
        Tensor active = keep(made, kernels.pointwise().activation(Activation.GELU, normal));
        keep(made, kernels.pointwise().activationBackward(Activation.GELU_TANH, active, normal));
        keep(made, kernels.pointwise().multiply(active, normal));
        keep(made, kernels.norms().rmsNorm(x, norm, 1e-5, rstd));
        keep(made, kernels.norms().rmsNormBackward(context, norm, new NormState(x, null, rstd)));
        Tensor dqkv = keep(made, kernels.attention().backward(context, qkv, shape, attended));
        keep(made, kernels.matrices().linearBackward(dqkv, weights.map()));
        grouped(weights, kernels, x, lengths, made);
        Tensor dropped = keep(made, kernels.pointwise().dropout(normal, 0.3, 7, 0));
        kernels.pointwise().add(dropped, active);
        kernels.pointwise().subtract(normal, active);
        kernels.pointwise().scaleColumns(dropped.columns(1, 5), new float[] {1, 2, 3, 4, 5, 6, 7, 8}, tokens);
        kernels.pointwise().scaleColumns(dropped.columns(1, 5), new float[] {1, 2, 3, 4}, tokens);
        Tensor product = keep(made, kernels.memory().allocateSingle(WIDTH, WIDTH));
        kernels.matrices().matmul(dropped, true, active, false, 0.5, 0, product);
        Tensor pooled = keep(made, kernels.tokens().meanPool(dropped, lengths));
        keep(made, kernels.tokens().meanPoolBackward(pooled, lengths, tokens));
        int[] first = {0, tokens};
        Tensor gathered = keep(made, kernels.tokens().gather(dropped, first));
        keep(made, kernels.tokens().gatherBackward(gathered, first, rows));
        update(kernels, gathered, made);
        float[][] results = new float[made.size()][];
        for (int i = 0; i < results.length; i++) {
            results[i] = TestTensors.floats(kernels, made.get(i));
            made.get(i).close();
        }
        return results;
    }

    /** Two query heads to a key/value head, and a causal mask. */
    private static void grouped(Weights weights, Kernels kernels, Tensor x, int[] lengths, List<Tensor> made) {
        Attention.Shape shape = new Attention.Shape(2, lengths[0], 4, 2, 3, Mask.CAUSAL, lengths);
        Tensor qkv = keep(made, kernels.matrices().linear(x, weights.grouped()));
        int[] positions = new int[2 * lengths[0]];
        Arrays.fill(positions, 1);
        kernels.tokens().rotate(qkv.columns(0, 16), 4, weights.norm(), positions);
        kernels.tokens().rotateBackward(qkv.columns(0, 18), 6, weights.norm(), positions);
        Attended attended = kernels.attention().forward(qkv, shape);
        keep(made, attended.kept());
        Tensor context = keep(made, attended.output());
        keep(made, kernels.attention().backward(context, qkv, shape, attended));
    }

    private static void update(Kernels kernels, Tensor logits, List<Tensor> made) {
        Tensor losses = keep(made, kernels.memory().allocateSingle(2));
        kernels.losses().squaredError(logits.columns(1, 2), new float[] {1, -2}, 0.5, losses);
        float[] labels = new float[(int) (2 * logits.shape()[1])];
        labels[1] = 1;
        kernels.losses().binaryCrossEntropy(logits, labels, 0.5, losses);
        kernels.losses().crossEntropy(logits, new int[] {3, 0}, 0, 0.5, losses);
        Tensor summary = keep(made, kernels.memory().allocateSingle(4));
        Tensor parameters = keep(made, TestTensors.single(kernels, 1, 2, 3, 4));
        Tensor state = keep(made, TestTensors.single(kernels, 0, 0, 0, 0, 0, 0, 0, 0));
        Tensor flat = keep(made, TestTensors.single(kernels, 3, -4, 0, 1));
        kernels.update().clip(losses, flat, 0.5, summary);
        kernels.update()
                .adamW(
                        new AdamW(0.9, 0.99, 1e-8),
                        0.1,
                        List.of(new AdamW.Segment(1, 3, 1, 5, 2, 0.1)),
                        parameters,
                        flat,
                        state,
                        summary);
    }

    private static Tensor keep(List<Tensor> made, Tensor tensor) {
        made.add(tensor);
        return tensor;
    }

    private static FloatBuffer floats(int size) {
        FloatBuffer values = FloatBuffer.allocate(size);
        for (int i = 0; i < size; i++) {
            values.put(i, (i * 37 % 101 - 50) / 50f);
        }
        return values;
    }
}
