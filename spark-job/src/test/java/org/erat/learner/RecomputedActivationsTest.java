package org.erat.learner;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.erat.config.Activations;
import org.erat.config.Precision;
import org.erat.data.safetensors.Dtype;
import org.erat.dl4j.TinyLearners;
import org.erat.model.PassSize;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@SuppressWarnings("try") // A device is in use as long as its block, which need not name it.
class RecomputedActivationsTest {
    @TempDir
    private Path folder;

    /** Of all blocks but the last, and of the first alone. With dropout, whose masks must be those of the first pass. */
    @ParameterizedTest
    @CsvSource({
        "ND4J, F32",
        "CPU, F32",
        "CPU, BF16",
        "EMULATED_CUDA, F32",
        "EMULATED_CUDA, BF16",
        "GPU, F32",
        "GPU, BF16"
    })
    void theyGiveTheSameBits(TestDevice device, Precision precision) {
        TinyLearners tiny = new TinyLearners(TinyBaseModel.write(folder, TinyBaseModel.bert(3)));
        tiny.projections = TinyBaseModel.PROJECTIONS;
        tiny.dropout = 0.2;
        try (TestDevice.InUse use = device.use(tiny, precision)) {
            double[] kept = gradient(tiny);
            tiny.activations = Activations.RECOMPUTED;
            assertThat(gradient(tiny)).containsExactly(kept);

            PassSize size = size(tiny, precision);
            tiny.activations = new Activations(size.keptBytes(Activations.KEPT) - 1);
            assertThat(size.keptBlocks(tiny.activations)).isEqualTo(2);
            assertThat(gradient(tiny)).containsExactly(kept);
        }
    }

    private static PassSize size(TinyLearners tiny, Precision precision) {
        Dtype activations = precision == Precision.BF16 ? Dtype.BF16 : Dtype.F32;
        return PassSize.of(tiny.spec().architecture(), tiny.projections, tiny.rank, 2, 6, activations);
    }

    private static double[] gradient(TinyLearners tiny) {
        try (LearnerProbe probe = new LearnerProbe(tiny.spec(), tiny.adapters(5), tiny.batch(1, 6, 3), 3)) {
            return probe.gradient();
        }
    }
}
