package org.erat.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.DoubleBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.Adapters;
import org.erat.adapter.RowSelection;
import org.erat.adapter.RowsBySlot;
import org.erat.adapter.Window;
import org.erat.compute.Tensor;
import org.erat.config.Activations;
import org.erat.config.Precision;
import org.erat.data.architecture.Projection;
import org.erat.data.tokenized.Batch;
import org.erat.dl4j.TinyLearners;
import org.erat.learner.LearnerProbe;
import org.erat.learner.LearnerSpec;
import org.erat.learner.TestDevice;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A step closes every tensor that it made, wherever the backward pass ends. Tensors are counted above the implementations,
 * so that one of them takes every subset of projections, and the others one for each end of a backward pass.
 */
@SuppressWarnings("try") // A device is in use as long as its block, which need not name it.
class TransformerMemoryTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({
        "CPU, F32, 8, false, true",
        "CPU, F32, 8, true, true",
        "ND4J, F32, 8, false, false",
        "EMULATED_CUDA, F32, 8, true, false",
        "EMULATED_CUDA, BF16, 64, false, false",
        "GPU, F32, 8, false, false",
        "GPU, BF16, 64, false, false"
    })
    void nothingIsLeftOfAStep(
            TestDevice device, Precision precision, int width, boolean recomputed, boolean everySubset) {
        TinyLearners tiny = new TinyLearners(TinyBaseModel.write(folder, TinyBaseModel.bert(2, width)));
        tiny.activations = recomputed ? Activations.RECOMPUTED : Activations.KEPT;
        tiny.rank = 2;
        tiny.dropout = 0.1;
        Batch batch = tiny.batch(1, 3, 2);
        try (TestDevice.InUse use = device.use(tiny, precision)) {
            for (Set<Projection> projections : everySubset ? subsets() : endsOfABackwardPass()) {
                tiny.projections = projections;
                assertThat(leftByInference(tiny.spec(), batch))
                        .as("inference with %s", projections)
                        .isZero();
                try (LearnerProbe probe = new LearnerProbe(tiny.spec(), tiny.adapters(1), batch, 0)) {
                    probe.loss();
                    assertThat(probe.outstanding())
                            .as("training with %s", projections)
                            .isZero();
                }
            }
        }
    }

    private static long leftByInference(LearnerSpec spec, Batch batch) {
        AdapterLayout layout = spec.adapterLayout();
        try (ModelRuntime runtime =
                ModelRuntime.acquire(spec.modelUri(), spec.modelSha256(), spec.architecture(), spec.compute())) {
            DoubleBuffer zeros = DoubleBuffer.allocate((int) layout.length());
            try (Tensor values = runtime.kernels().memory().upload(zeros, 1, layout.length())) {
                RowsBySlot first = RowsBySlot.everywhere(RowSelection.of(new Window(0, 1), 1));
                RowsBySlot both = RowsBySlot.everywhere(RowSelection.of(new Window(0, 2), 1));
                runtime.transformer()
                        .infer(
                                batch,
                                List.of(Adapters.of(layout, values, first), Adapters.of(layout, values, both)),
                                (selection, hidden) -> assertThat(hidden.shape())
                                        .containsExactly(6, spec.architecture().width()));
            }
            return runtime.kernels().memory().outstanding();
        }
    }

    private static List<Set<Projection>> endsOfABackwardPass() {
        List<Set<Projection>> ends = new ArrayList<>();
        for (Projection projection : TinyBaseModel.PROJECTIONS) {
            ends.add(EnumSet.of(projection));
        }
        ends.add(TinyBaseModel.PROJECTIONS);
        return ends;
    }

    private static List<Set<Projection>> subsets() {
        Projection[] all = TinyBaseModel.PROJECTIONS.toArray(Projection[]::new);
        List<Set<Projection>> subsets = new ArrayList<>();
        for (int bits = 1; bits < 1 << all.length; bits++) {
            Set<Projection> subset = EnumSet.noneOf(Projection.class);
            for (int i = 0; i < all.length; i++) {
                if ((bits >> i & 1) == 1) {
                    subset.add(all[i]);
                }
            }
            subsets.add(subset);
        }
        return subsets;
    }
}
