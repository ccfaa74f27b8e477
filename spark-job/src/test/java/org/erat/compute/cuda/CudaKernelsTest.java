package org.erat.compute.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.erat.compute.Activation;
import org.erat.compute.FrozenLinear;
import org.erat.compute.Kernels;
import org.erat.compute.Kernels.Attended;
import org.erat.compute.Kernels.AttentionShape;
import org.erat.compute.Kernels.LayerNormState;
import org.erat.compute.Precision;
import org.erat.compute.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What holds on a device beside the numbers, which {@code ImplementationsAgreeTest} compares. */
class CudaKernelsTest {
    @BeforeEach
    void needsACompiler() {
        assumeTrue(Emulator.obstacle().isEmpty(), Emulator::obstacle);
    }

    /** Threads that read what others write would see something else if these come first. */
    @ParameterizedTest
    @EnumSource(Precision.class)
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
                    kernels.rest();
                }
            }
            assertThat(driver.allocations()).isEqualTo(allocations);
            driver.checkMarks();
        }
    }

    @Test
    void kernelsThatRestLendTheirMemory() {
        EmulatedDriver driver = new EmulatedDriver();
        CudaBackend backend = new CudaBackend(driver, Precision.F32);
        try (Kernels first = backend.open(1);
                Kernels second = backend.open(1)) {
            first.allocate(1000, 1000).close();
            first.rest();
            int allocations = driver.allocations();
            second.allocate(1000, 1000).close();
            assertThat(driver.allocations()).isEqualTo(allocations);
            Tensor open = first.allocate(2, 2);
            assertThatThrownBy(first::rest).hasMessage("1 tensors are not closed");
            open.close();
        }
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
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
        INDArray qkv = Nd4j.ones(DataType.FLOAT, 1, 24).muli(1 + ULP);
        try (Kernels kernels = backend.open(1);
                Tensor heads = kernels.upload(qkv);
                Tensor x = kernels.copy(heads.columns(0, 1));
                Tensor linear = kernels.linear(x, map);
                Tensor one = kernels.allocate(1, 1);
                Tensor product = kernels.allocateSingle(1, 1)) {
            kernels.fill(one, 1);
            kernels.product(x, false, one, false, 1, 0, product);
            Attended attended = kernels.attention(heads, new AttentionShape(1, 1, 1, new int[] {1}));
            try (Tensor output = attended.output();
                    Tensor kept = attended.kept()) {
                assertThat(kept.shape()).containsExactly(1, 1);
                return new float[] {
                    value(kernels, linear), value(kernels, product), value(kernels, output.columns(0, 1))
                };
            }
        }
    }

    private static float value(Kernels kernels, Tensor single) {
        INDArray value = Nd4j.create(DataType.FLOAT, 1, 1);
        kernels.download(single, value);
        return value.getFloat(0);
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
                Tensor x = kernels.upload(Nd4j.ones(DataType.FLOAT, 3, 8))) {
            driver.launched().clear();
            Kernels.Activated activated = kernels.linearActivation(f, x, up);
            Tensor gradient = kernels.linearBackwardThroughActivation(x, down, f, activated.inner());
            assertThat(driver.launched().stream().filter(name -> name.startsWith("activation")))
                    .hasSize(byKernels ? 2 : 0);
            List.of(activated.inner(), activated.y(), gradient).forEach(Tensor::close);
        }
        driver.checkMarks();
    }

    @Test
    void aProductSaysWhatItIs() {
        Product product =
                new Product(true, false, 768, 4096, 8, Format.BF16, Format.F32, 8, 8, 768, 1, 1, Epilogue.GELU);
        assertThat(product)
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

    private record Weights(FrozenLinear map, Tensor gain, Tensor table) {
        static Weights of(CudaBackend backend) {
            return new Weights(
                    backend.frozenLinear(
                            new FloatBuffer[] {floats(3 * WIDTH * WIDTH)},
                            new FloatBuffer[] {floats(3 * WIDTH)},
                            WIDTH),
                    backend.frozen(floats(WIDTH), WIDTH),
                    backend.frozen(floats(5 * WIDTH), 5, WIDTH));
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
        AttentionShape shape = new AttentionShape(2, tokens, 3, new int[] {tokens, 1});
        FrozenLinear map = weights.map();
        Tensor gain = weights.gain();
        Tensor table = weights.table();
        int[] ids = new int[2 * tokens];
        List<Tensor> made = new ArrayList<>();
        Tensor x = keep(made, kernels.embeddings(table, table, table, ids, ids, ids));
        Tensor qkv = keep(made, kernels.linear(x, map));
        Attended attended = kernels.attention(qkv, shape);
        Tensor context = keep(made, attended.output());
        keep(made, attended.kept());
        Tensor mean = keep(made, kernels.allocateSingle(2L * tokens));
        Tensor inverseDeviation = keep(made, kernels.allocateSingle(2L * tokens));
        Tensor normal = keep(made, kernels.layerNorm(x, gain, gain, 1e-5, mean, inverseDeviation));
        LayerNormState saved = new LayerNormState(x, mean, inverseDeviation);
        keep(made, kernels.layerNormBackward(context, gain, gain, 1e-5, saved));
        Tensor active = keep(made, kernels.activation(Activation.GELU, normal));
        keep(made, kernels.activationBackward(Activation.GELU_TANH, active, normal));
        Tensor dqkv = keep(made, kernels.attentionBackward(context, qkv, shape, attended));
        keep(made, kernels.linearBackward(dqkv, map));
        Tensor dropped = keep(made, kernels.dropout(normal, 0.3, 7));
        kernels.add(dropped, active);
        kernels.scaleByExample(dropped.columns(1, 5), new float[] {1, 2, 3, 4, 5, 6, 7, 8}, tokens);
        Tensor product = keep(made, kernels.allocateSingle(WIDTH, WIDTH));
        kernels.product(dropped, true, active, false, 0.5, 0, product);
        Tensor pooled = keep(made, kernels.meanPool(dropped, shape));
        keep(made, kernels.meanPoolBackward(pooled, shape));
        keep(made, kernels.firstToken(dropped, shape));
        float[][] results = new float[made.size()][];
        for (int i = 0; i < results.length; i++) {
            INDArray result = Nd4j.create(DataType.FLOAT, made.get(i).shape());
            kernels.download(made.get(i), result);
            results[i] = result.data().asFloat();
            made.get(i).close();
        }
        return results;
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
