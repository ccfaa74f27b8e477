package org.erat.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.DoubleBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.commons.io.FileUtils;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.Adapters;
import org.erat.adapter.RowSelection;
import org.erat.adapter.RowsBySlot;
import org.erat.adapter.Window;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.compute.TestTensors;
import org.erat.config.Precision;
import org.erat.data.BadInputException;
import org.erat.data.tokenized.Batch;
import org.erat.dl4j.TinyLearners;
import org.erat.learner.LearnerSpec;
import org.erat.learner.TestDevice;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Inference at several selections of the adapters' rows. */
@SuppressWarnings("try") // A device is in use as long as its block, which need not name it.
class TransformerInferenceTest {
    private static final double ALPHA = 8;

    @TempDir
    private static Path folder;

    private static TinyBaseModel model;

    @BeforeAll
    static void writeModel() {
        model = TinyBaseModel.write(folder, TinyBaseModel.bert(2));
    }

    private static RowSelection prefix(int rank) {
        return RowSelection.of(new Window(0, rank), ALPHA / rank);
    }

    /** The last hidden states [N,H] at each selection. */
    private static double[][] infer(LearnerSpec spec, double[] adapters, Batch batch, RowSelection... selections) {
        AdapterLayout layout = spec.adapterLayout();
        double[][] results = new double[selections.length][];
        try (ModelRuntime runtime =
                ModelRuntime.acquire(spec.modelUri(), spec.modelSha256(), spec.architecture(), spec.compute())) {
            Kernels kernels = runtime.kernels();
            try (Tensor values = kernels.memory().upload(DoubleBuffer.wrap(adapters), 1, layout.length())) {
                runtime.transformer()
                        .infer(
                                batch,
                                Stream.of(selections)
                                        .map(rows -> Adapters.of(layout, values, RowsBySlot.everywhere(rows)))
                                        .toList(),
                                (selection, hidden) -> results[selection] = TestTensors.doubles(kernels, hidden));
            }
        }
        return results;
    }

    /** The rows beyond a prefix count as zero, and only the scale tells how many there are. */
    @Test
    void inferenceAtARankIsTheAdapterCutToItsFirstRows() {
        TinyLearners tiny = new TinyLearners(model);
        tiny.projections = TinyBaseModel.PROJECTIONS;
        LearnerSpec spec = tiny.spec();
        Batch batch = tiny.batch(1, 6, 3);
        double[] adapters = tiny.adapters(6);
        int rank = 3;
        double[] cut = infer(spec, adapters, batch, prefix(rank))[0];

        double[] zeroed = adapters.clone();
        for (AdapterLayout.Slot slot : spec.adapterLayout().slots()) {
            Arrays.fill(zeroed, (int) slot.rowOfB(rank), (int) slot.rowOfB(0) + slot.rank() * slot.out(), 0);
        }
        RowSelection whole = RowSelection.of(new Window(0, tiny.rank), ALPHA / rank);

        // The same sums with zeros added: equal up to the order of a few double additions.
        assertThat(infer(spec, zeroed, batch, whole)[0]).containsExactly(cut, within(1e-12));
        double[] withoutAdapters = infer(spec, new double[adapters.length], batch, whole)[0];
        assertThat(IntStream.range(0, cut.length).mapToDouble(i -> Math.abs(cut[i] - withoutAdapters[i])))
                .anyMatch(difference -> difference > 1e-3);
    }

    /** Weights are shared by all that compute with them, and not by another architecture over equal ones. */
    @Test
    void equalWeightsOfTwoArchitecturesAreTwoModels() throws IOException {
        Path other = folder.resolve("relu");
        FileUtils.copyDirectory(model.directory().toFile(), other.toFile());
        Path config = other.resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("\"gelu\"", "\"relu\""));
        LearnerSpec gelu = new TinyLearners(model).spec();
        LearnerSpec relu = TinyLearners.over(other).spec();
        Batch batch = new TinyLearners(model).batch(1, 6, 3);
        double[] zeros = new double[(int) gelu.adapterLayout().length()];
        try (ModelRuntime first =
                ModelRuntime.acquire(gelu.modelUri(), gelu.modelSha256(), gelu.architecture(), gelu.compute())) {
            double[] alone = infer(relu, zeros, batch, prefix(1))[0];
            assertThat(alone).isNotEqualTo(infer(gelu, zeros, batch, prefix(1))[0]);
            ModelRuntime.discardIdle();
            assertThat(infer(relu, zeros, batch, prefix(1))[0]).isEqualTo(alone);
        }
        ModelRuntime.discardIdle();
        assertThatThrownBy(() ->
                        ModelRuntime.acquire(relu.modelUri(), gelu.modelSha256(), gelu.architecture(), gelu.compute()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("config.json describes another model than the one asked for: feedForward (");
    }

    @ParameterizedTest
    @EnumSource
    void severalSelectionsInOnePassGiveWhatEachGivesAlone(TestDevice device) {
        TinyLearners tiny = new TinyLearners(model);
        try (TestDevice.InUse use = device.use(tiny, Precision.F32)) {
            LearnerSpec spec = tiny.spec();
            Batch batch = tiny.batch(1, 6, 3, 4);
            double[] adapters = tiny.adapters(6);
            RowSelection[] selections = IntStream.rangeClosed(1, tiny.rank)
                    .mapToObj(rank -> prefix(rank))
                    .toArray(RowSelection[]::new);
            double[][] alone = Stream.of(selections)
                    .map(selection -> infer(spec, adapters, batch, selection)[0])
                    .toArray(double[][]::new);

            assertThat(infer(spec, adapters, batch, selections)).isDeepEqualTo(alone);
            assertThat(alone[0]).isNotEqualTo(alone[1]);
        }
    }
}
