package org.erat.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.Target;
import org.erat.config.HeadSettings.Pooling;
import org.erat.config.ScheduleConfig.Granularity;
import org.erat.config.ScheduleConfig.Scale;
import org.erat.config.ScheduleConfig.Update;
import org.erat.model.TinyBaseModel;
import org.erat.schedule.RankSchedule;
import org.erat.schedule.Window;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.dataset.MultiDataSet;

/**
 * The encoder's backward pass in double precision against central differences of its forward pass: for every row of
 * every A and B, the slope along a random direction in that row, which no wrong element can hide from.
 *
 * <p>Tolerance: with a unit direction and h = 1e-5 the difference errs by h²·f‴/6 in truncation and by ε·|f|/h ≈ 1e-10
 * in rounding. Layer normalisation and a scale of α/w = 8 make f‴ up to 1e4 here, so 1e-6 relative to the slope, or to 1
 * where that is smaller, leaves one digit.
 */
class EncoderGradientTest {
    private static final double STEP = 1e-5;
    private static final double TOLERANCE = 1e-6;

    @TempDir
    private static Path folder;

    private static TinyBaseModel oneBlock;
    private static TinyBaseModel threeBlocks;
    private static TinyBaseModel roberta;

    @BeforeAll
    static void writeModels() {
        oneBlock = TinyBaseModel.write(folder.resolve("one"), TinyBaseModel.bert(1));
        threeBlocks = TinyBaseModel.write(folder.resolve("three"), TinyBaseModel.bert(3));
        roberta = TinyBaseModel.write(folder.resolve("roberta"), TinyBaseModel.roberta(2));
    }

    static Stream<Set<Target>> subsets() {
        List<Target> all = List.of(Target.values());
        return IntStream.range(1, 1 << all.size()).mapToObj(bits -> {
            Set<Target> subset = EnumSet.noneOf(Target.class);
            for (int i = 0; i < all.size(); i++) {
                if ((bits >> i & 1) == 1) {
                    subset.add(all.get(i));
                }
            }
            return subset;
        });
    }

    /** In one block nothing below learns, so the backward pass ends early at a place that the subset decides. */
    @ParameterizedTest
    @MethodSource("subsets")
    void everySubsetOfProjections(Set<Target> targets) {
        TinyEncoders tiny = new TinyEncoders(oneBlock);
        tiny.targets = targets;
        tiny.minRank = 2;
        tiny.rank = 2;
        check(tiny, 0, 4, 2);
    }

    @ParameterizedTest
    @EnumSource(Target.class)
    void oneProjectionThroughSeveralBlocks(Target target) {
        TinyEncoders tiny = new TinyEncoders(threeBlocks);
        tiny.targets = EnumSet.of(target);
        check(tiny, 3, 3, 5);
    }

    record Case(int number) {
        TinyEncoders draw() {
            Random random = new Random(1000 + number);
            TinyEncoders tiny = new TinyEncoders(pick(random, List.of(oneBlock, threeBlocks, roberta)));
            tiny.targets = pick(random, subsets().toList());
            tiny.scale = pick(random, List.of(Scale.values()));
            tiny.update = pick(random, List.of(Update.values()));
            tiny.granularity = pick(random, List.of(Granularity.values()));
            tiny.pooling = pick(random, List.of(Pooling.values()));
            tiny.dropout = pick(random, List.of(0.0, 0.1, 0.5));
            tiny.freezeA = random.nextInt(4) == 0;
            tiny.rank = 1 + random.nextInt(5);
            tiny.seed = random.nextLong();
            return tiny;
        }

        int[] lengths() {
            return new Random(2000 + number).ints(3, 1, 7).toArray();
        }

        private static <T> T pick(Random random, List<T> values) {
            return values.get(random.nextInt(values.size()));
        }
    }

    static Stream<Case> cases() {
        return IntStream.range(0, 18).mapToObj(Case::new);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void randomSettings(Case drawn) {
        check(drawn.draw(), drawn.number, drawn.lengths());
    }

    @ParameterizedTest
    @EnumSource(Granularity.class)
    void onlyTheLastRowOfAWindowLearns(Granularity granularity) {
        TinyEncoders tiny = new TinyEncoders(threeBlocks);
        tiny.targets = EnumSet.allOf(Target.class);
        tiny.update = Update.LAST_ROW;
        tiny.granularity = granularity;
        check(tiny, 1, 3, 1, 4);
    }

    @Test
    void dropoutWithWindowsForEachExample() {
        TinyEncoders tiny = new TinyEncoders(threeBlocks);
        tiny.targets = EnumSet.allOf(Target.class);
        tiny.granularity = Granularity.EXAMPLE;
        tiny.dropout = 0.3;
        check(tiny, 2, 2, 5);
    }

    @Test
    void frozenAHasNoGradient() {
        TinyEncoders tiny = new TinyEncoders(threeBlocks);
        tiny.targets = EnumSet.allOf(Target.class);
        tiny.freezeA = true;
        check(tiny, 4, 2, 5);
    }

    /** The mask of a step is fixed; another step has another. */
    @Test
    void dropoutIsAFunctionOfTheStep() {
        TinyEncoders tiny = new TinyEncoders(oneBlock);
        tiny.dropout = 0.5;
        tiny.minRank = tiny.rank;
        MultiDataSet batch = tiny.batch(1, 4, 3);
        var graph = tiny.trainedGraph(1);

        double first = new EncoderProbe(graph, batch, 0).objective();

        assertThat(new EncoderProbe(graph, batch, 1).objective()).isNotEqualTo(first);
        assertThat(new EncoderProbe(graph, batch, 0).objective()).isEqualTo(first);
    }

    private static void check(TinyEncoders tiny, long step, int... lengths) {
        MultiDataSet batch = tiny.batch(step, lengths);
        EncoderProbe probe = new EncoderProbe(tiny.trainedGraph(step), batch, step);
        double[] gradient = probe.gradient();
        AdapterLayout layout = tiny.spec().layout();
        assertThat(gradient).hasSize((int) layout.length());
        Random random = new Random(step);
        for (AdapterLayout.Slot slot : layout.slots()) {
            for (int row = 0; row < tiny.rank; row++) {
                boolean[] learns = learns(tiny, step, slot.block(), row, lengths.length);
                checkRow(
                        probe,
                        gradient,
                        slot.rowOfA(row),
                        slot.in(),
                        tiny.freezeA ? new boolean[lengths.length] : learns,
                        random,
                        slot.module() + ".A row " + row);
                checkRow(
                        probe, gradient, slot.rowOfB(row), slot.out(), learns, random, slot.module() + ".B row " + row);
            }
        }
    }

    /**
     * By example, whether the row learns from it. A row that takes part without learning passes no gradient on to itself,
     * so only the examples that it learns from count.
     */
    private static boolean[] learns(TinyEncoders tiny, long step, int block, int row, int examples) {
        RankSchedule schedule = tiny.spec().rankSchedule();
        boolean[] learns = new boolean[examples];
        for (int example = 0; example < examples; example++) {
            Window window = schedule.window(step, block, 0, example);
            learns[example] = tiny.update == Update.LAST_ROW
                    ? row == window.end() - 1
                    : window.start() <= row && row < window.end();
        }
        return learns;
    }

    private static void checkRow(
            EncoderProbe probe,
            double[] gradient,
            long from,
            int length,
            boolean[] learns,
            Random random,
            String name) {
        if (noneOf(learns)) {
            for (int i = 0; i < length; i++) {
                assertThat(gradient[(int) from + i]).as("%s is inactive", name).isZero();
            }
            return;
        }
        double[] direction = random.doubles(length, -1, 1).toArray();
        double norm = Math.sqrt(IntStream.range(0, length)
                .mapToDouble(i -> direction[i] * direction[i])
                .sum());
        double analytic = 0;
        for (int i = 0; i < length; i++) {
            direction[i] /= norm;
            analytic += gradient[(int) from + i] * direction[i];
        }
        double slope = probe.slope(from, direction, STEP, learns);
        assertThat(Math.abs(analytic - slope) / Math.max(1, Math.abs(slope)))
                .as("%s: analytic slope %s, difference %s", name, analytic, slope)
                .isLessThan(TOLERANCE);
    }

    private static boolean noneOf(boolean[] flags) {
        for (boolean flag : flags) {
            if (flag) {
                return false;
            }
        }
        return true;
    }
}
