package org.erat.learner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.Window;
import org.erat.config.Precision;
import org.erat.config.ScheduleConfig.Granularity;
import org.erat.data.architecture.Architecture;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;
import org.erat.dl4j.TinyLearners;
import org.erat.head.HeadLayout;
import org.erat.method.RankSchedule;
import org.erat.model.MiniLm;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Logits and gradients of a whole learner, adapters and head, against libtorch in double precision: all six projections
 * carry adapters, windows are random, texts are of unequal length.
 *
 * <p>Tolerances: single precision rounds to 6e-8. Six blocks of sums over a thousand terms were seen to bring 1e-6 in a
 * logit, and up to 4e-5 in the gradient of an array relative to its norm where the terms of its sums nearly cancel. Double
 * precision rounds to 1e-16, a factor of 5e8 less; a thousandth of that factor is left as room.
 */
@SuppressWarnings("try") // A device is in use as long as its block, which need not name it.
class TorchAgreementTest {
    private static final Tolerance SINGLE = new Tolerance(1e-5, 5e-5);
    private static final Tolerance DOUBLE = new Tolerance(2e-11, 1e-10);
    private static final int RANK = 8;
    private static final double ALPHA = 16;

    /** What libtorch gave, which every device is compared with. */
    private static final Map<String, TorchLearner.Outcome> EXPECTED = new HashMap<>();

    @TempDir
    private static Path folder;

    /**
     * What is allowed.
     *
     * @param ofLogits absolute
     * @param ofGradients of an array, relative to its norm
     */
    private record Tolerance(double ofLogits, double ofGradients) {}

    @ParameterizedTest
    @CsvSource({
        "ND4J, STEP, 3",
        "CPU, STEP, 3",
        "CPU, STEP, 8",
        "CPU, EXAMPLE, 5",
        "EMULATED_CUDA, EXAMPLE, 5",
        "GPU, STEP, 3",
        "GPU, EXAMPLE, 5"
    })
    void realMiniLmIsThatOfLibtorch(TestDevice device, Granularity granularity, int step) {
        Path base = MiniLm.directory();
        Batch batch = MiniLm.encode(
                base,
                "A man is eating food.",
                "The girl is carrying a baby, and nobody in the whole street seems to mind it at all.",
                "Two men pushed carts through the woods.",
                "Rain.");
        check(base, device, Precision.F32, granularity, batch, step);
    }

    /**
     * Models of each family with random weights. RoBERTa has other positions, one token type and another epsilon than
     * BERT; DistilBERT has no token types, and all its names are others; ELECTRA has narrower embeddings.
     */
    @ParameterizedTest
    @CsvSource({
        "bert, ND4J, F64",
        "bert, CPU, F32",
        "roberta, ND4J, F64",
        "roberta, CPU, F32",
        "roberta, EMULATED_CUDA, F32",
        "roberta, GPU, F32",
        "distilbert, ND4J, F64",
        "distilbert, CPU, F32",
        "distilbert, EMULATED_CUDA, F32",
        "distilbert, GPU, F32",
        "electra, ND4J, F64",
        "electra, CPU, F32",
        "electra, EMULATED_CUDA, F32",
        "electra, GPU, F32"
    })
    void everyFamilyIsThatOfLibtorch(String family, TestDevice device, Precision precision) {
        Architecture architecture =
                switch (family) {
                    case "roberta" -> TinyBaseModel.roberta(3);
                    case "distilbert" -> TinyBaseModel.distilBert(3);
                    case "electra" -> TinyBaseModel.electra(3);
                    default -> TinyBaseModel.bert(3);
                };
        TinyBaseModel base = TinyBaseModel.write(folder.resolve(family), architecture);
        Batch drawn = new TinyLearners(base).batch(3, 6, 2, 9, 4);
        // The padding token inside of a text: RoBERTa's positions do not count it.
        drawn.tokenIds()[2] = architecture.padTokenId();
        Targets targets = new Targets.Classes(new int[] {0, 1, 2, 3});
        Batch batch = new Batch(drawn.tokenIds(), drawn.typeIds(), drawn.lengths(), drawn.ids(), targets);
        check(base.directory(), device, precision, Granularity.STEP, batch, 4);
    }

    private static void check(
            Path base, TestDevice device, Precision precision, Granularity granularity, Batch batch, int step) {
        TinyLearners tiny = TinyLearners.over(base);
        tiny.projections = TinyBaseModel.PROJECTIONS;
        tiny.rank = RANK;
        tiny.alpha = ALPHA;
        tiny.outputs = 4;
        tiny.granularity = granularity;
        try (TestDevice.InUse use = device.use(tiny, precision);
                LearnerProbe probe =
                        new LearnerProbe(tiny.spec(), adapters(tiny.spec().adapterLayout(), step), batch, step)) {
            LearnerProbe.Loss ours = probe.loss();
            TorchLearner.Outcome theirs = EXPECTED.computeIfAbsent(
                    base + " " + granularity + " " + step, key -> ofTorch(tiny, base, probe, batch, step));
            compare(tiny.spec(), ours, theirs, precision == Precision.F64 ? DOUBLE : SINGLE);
        }
    }

    /** A as it starts, B of values, so that A has a gradient. */
    private static double[] adapters(AdapterLayout layout, long seed) {
        Random random = new Random(seed);
        double[] values = new double[(int) layout.length()];
        for (AdapterLayout.Slot slot : layout.slots()) {
            for (int i = (int) slot.rowOfA(0); i < slot.rowOfB(0); i++) {
                values[i] = (2 * random.nextDouble() - 1) / Math.sqrt(slot.in());
            }
            for (int i = (int) slot.rowOfB(0); i < slot.offset() + slot.length(); i++) {
                values[i] = 0.03 * random.nextGaussian();
            }
        }
        return values;
    }

    private static TorchLearner.Outcome ofTorch(
            TinyLearners tiny, Path base, LearnerProbe probe, Batch batch, int step) {
        RankSchedule schedule = tiny.rankSchedule();
        try (TorchLearner torch = new TorchLearner(tiny.spec(), base)) {
            return torch.outcome(probe.parameters(), batch, (block, example, row) -> {
                Window window = schedule.window(step, block, 0, example);
                return window.start() <= row && row < window.end() ? ALPHA / window.width() : 0;
            });
        }
    }

    private static void compare(
            LearnerSpec spec, LearnerProbe.Loss ours, TorchLearner.Outcome theirs, Tolerance tolerance) {
        assertThat(ours.outputs()).containsExactly(theirs.logits(), within(tolerance.ofLogits()));
        for (AdapterLayout.Slot slot : spec.adapterLayout().slots()) {
            assertThat(distance(ours, theirs, slot.rowOfA(0), slot.rowOfB(0)))
                    .as("A of %s", slot)
                    .isLessThan(tolerance.ofGradients());
            assertThat(distance(ours, theirs, slot.rowOfB(0), slot.offset() + slot.length()))
                    .as("B of %s", slot)
                    .isLessThan(tolerance.ofGradients());
        }
        int head = spec.layout().headGroup().from();
        for (HeadLayout.Array array : spec.head().layout().arrays()) {
            int from = head + array.offset();
            assertThat(distance(ours, theirs, from, from + array.length()))
                    .as(array.name())
                    .isLessThan(tolerance.ofGradients());
        }
    }

    /** ‖ours − theirs‖ / ‖theirs‖ of the gradient of one array. */
    private static double distance(LearnerProbe.Loss ours, TorchLearner.Outcome theirs, long from, long to) {
        double difference = 0;
        double norm = 0;
        for (int i = (int) from; i < to; i++) {
            difference += Math.pow(ours.gradient()[i] - theirs.gradient()[i], 2);
            norm += Math.pow(theirs.gradient()[i], 2);
        }
        assertThat(norm).as("libtorch's gradient").isPositive();
        return Math.sqrt(difference / norm);
    }
}
