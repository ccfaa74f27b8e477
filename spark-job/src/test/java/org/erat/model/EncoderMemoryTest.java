package org.erat.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.AdapterRows;
import org.erat.adapter.LowRankAdapter;
import org.erat.adapter.RowSelection;
import org.erat.adapter.Target;
import org.erat.compute.Backend;
import org.erat.compute.Backends;
import org.erat.compute.CudaDevice;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.basemodel.ModelConfig;
import org.erat.schedule.Window;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A step gives back every tensor that it took, wherever the backward pass ends. */
class EncoderMemoryTest {
    private static final int RANK = 2;
    private static final int TOKENS = 3;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({
        "nd4j, f32, 8, false",
        "nd4j, f32, 8, true",
        "cpu, f32, 8, false",
        "cpu, f32, 8, true",
        "emulated-cuda, f32, 8, false",
        "emulated-cuda, f32, 8, true",
        "emulated-cuda, bf16, 64, false",
        "gpu-0, f32, 8, false",
        "gpu-0, bf16, 64, false"
    })
    void nothingIsLeftOfAStep(String backendName, String precision, int width, boolean recomputes) {
        TinyBaseModel.write(
                folder, new ModelConfig("bert", TinyBaseModel.VOCABULARY, width, 2, 2, 16, 24, 2, 1e-12, "gelu", 0));
        CudaDevice.provideFor(backendName);
        Backend backend = Backends.choose(backendName, precision);
        TokenBatch batch = new TokenBatch(new int[] {2, 7, 3, 2, 3, 0}, new int[6], new int[] {3, 2}, TOKENS);
        try (BaseModelDirectory model = BaseModelDirectory.open(folder);
                Kernels kernels = backend.open(1)) {
            Encoder encoder =
                    new Encoder(kernels, EncoderWeights.of(model.config(), model.tensors(), backend), recomputes);
            Target[] all = Target.values();
            for (int bits = 0; bits < 1 << all.length; bits++) {
                Set<Target> targets = EnumSet.noneOf(Target.class);
                for (int i = 0; i < all.length; i++) {
                    if ((bits >> i & 1) == 1) {
                        targets.add(all[i]);
                    }
                }
                AdapterLayout layout =
                        new AdapterLayout(model.config(), RANK, targets.isEmpty() ? Set.of(Target.KEY) : targets);
                try (Tensor values = values(kernels, layout)) {
                    encoder.infer(
                            batch,
                            2,
                            (selection, block) -> adapters(kernels, layout, values, block, targets),
                            (selection, hidden, shape) ->
                                    assertThat(hidden.shape()).containsExactly(6, width));
                }
                assertThat(kernels.outstanding())
                        .as("inference with %s", targets)
                        .isZero();
                if (!targets.isEmpty()) {
                    train(encoder, kernels, layout, batch, targets);
                    assertThat(kernels.outstanding())
                            .as("training with %s", targets)
                            .isZero();
                }
            }
        }
    }

    private static void train(
            Encoder encoder, Kernels kernels, AdapterLayout layout, TokenBatch batch, Set<Target> targets) {
        try (Tensor values = values(kernels, layout);
                Encoder.Pass pass =
                        encoder.forward(batch, block -> adapters(kernels, layout, values, block, targets))) {
            Tensor gradient = kernels.allocate(pass.hidden().shape());
            kernels.fill(gradient, 1);
            try (Tensor places = kernels.allocateSingle(layout.length())) {
                AdapterRows gradients = new AdapterRows(layout, places);
                encoder.backward(pass, gradient, (block, target) -> {
                    AdapterLayout.Slot slot = layout.slot(block, target);
                    return new LowRankAdapter.Gradient(gradients.ofA(slot, 0, RANK), gradients.ofB(slot, 0, RANK));
                });
            }
        }
    }

    private static Tensor values(Kernels kernels, AdapterLayout layout) {
        Tensor values = kernels.allocate(layout.length());
        kernels.fill(values, 0.1);
        return values;
    }

    private static BlockAdapters adapters(
            Kernels kernels, AdapterLayout layout, Tensor values, int block, Set<Target> targets) {
        AdapterRows rows = new AdapterRows(layout, values);
        Map<Target, LowRankAdapter> adapters = new EnumMap<>(Target.class);
        for (Target target : targets) {
            AdapterLayout.Slot slot = layout.slot(block, target);
            Tensor a = rows.ofA(slot, 0, RANK);
            Tensor b = rows.ofB(slot, 0, RANK);
            adapters.put(
                    target,
                    new LowRankAdapter(kernels, RowSelection.of(new Window(0, RANK), 1), a, b, TOKENS, 0.1, block));
        }
        return new BlockAdapters(adapters);
    }
}
