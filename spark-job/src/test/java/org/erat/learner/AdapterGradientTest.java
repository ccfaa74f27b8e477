package org.erat.learner;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.Window;
import org.erat.config.HeadSettings.Pooling;
import org.erat.config.Method;
import org.erat.config.ScheduleConfig.Granularity;
import org.erat.config.ScheduleConfig.Scale;
import org.erat.config.ScheduleConfig.Update;
import org.erat.data.architecture.Projection;
import org.erat.data.tokenized.Batch;
import org.erat.dl4j.TinyLearners;
import org.erat.method.RankSchedule;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The adapters' gradients in double precision against central differences of the forward pass: for every
 * projection, the slope along a random direction in all rows of its A and B that learn from the same examples. No wrong
 * element can hide from it.
 *
 * <p>Tolerance: with a unit direction and h = 1e-5 the difference errs by h²·f‴/6 in truncation and by ε·|f|/h ≈ 1e-10
 * in rounding. Layer normalization and a scale of α/w = 8 make f‴ up to 1e4 here, so 1e-6 relative to the slope, or to 1
 * where that is smaller, leaves one digit.
 */
class AdapterGradientTest {
    private static final double STEP = 1e-5;
    private static final double TOLERANCE = 1e-6;

    @TempDir
    private static Path folder;

    private static TinyBaseModel oneBlock;
    private static TinyBaseModel twoBlocks;
    private static TinyBaseModel roberta;
    private static TinyBaseModel distilBert;
    private static TinyBaseModel electra;

    @BeforeAll
    static void writeModels() {
        oneBlock = TinyBaseModel.write(folder.resolve("one"), TinyBaseModel.bert(1));
        twoBlocks = TinyBaseModel.write(folder.resolve("two"), TinyBaseModel.bert(2));
        roberta = TinyBaseModel.write(folder.resolve("roberta"), TinyBaseModel.roberta(2));
        distilBert = TinyBaseModel.write(folder.resolve("distilbert"), TinyBaseModel.distilBert(2));
        electra = TinyBaseModel.write(folder.resolve("electra"), TinyBaseModel.electra(2));
    }

    private static Stream<Set<Projection>> subsets() {
        List<Projection> all = List.copyOf(TinyBaseModel.PROJECTIONS);
        return IntStream.range(1, 1 << all.size()).mapToObj(bits -> {
            Set<Projection> subset = EnumSet.noneOf(Projection.class);
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
    void everySubsetOfProjections(Set<Projection> projections) {
        TinyLearners tiny = new TinyLearners(oneBlock);
        tiny.projections = projections;
        tiny.minRank = 2;
        tiny.rank = 2;
        check(tiny, 0, 4, 2);
    }

    @ParameterizedTest
    @EnumSource(value = Projection.class, mode = EnumSource.Mode.EXCLUDE, names = "GATE")
    void oneProjectionThroughSeveralBlocks(Projection projection) {
        TinyLearners tiny = new TinyLearners(twoBlocks);
        tiny.projections = EnumSet.of(projection);
        check(tiny, 3, 3, 5);
    }

    record Case(int number) {
        TinyLearners draw() {
            Random random = new Random(1000 + number);
            TinyLearners tiny =
                    new TinyLearners(pick(random, List.of(oneBlock, twoBlocks, roberta, distilBert, electra)));
            tiny.projections = pick(random, subsets().toList());
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
        TinyLearners tiny = new TinyLearners(twoBlocks);
        tiny.projections = TinyBaseModel.PROJECTIONS;
        tiny.update = Update.LAST_ROW;
        tiny.granularity = granularity;
        check(tiny, 1, 3, 1, 4);
    }

    @Test
    void dropoutWithWindowsForEachExample() {
        TinyLearners tiny = new TinyLearners(twoBlocks);
        tiny.projections = TinyBaseModel.PROJECTIONS;
        tiny.granularity = Granularity.EXAMPLE;
        tiny.dropout = 0.3;
        check(tiny, 2, 2, 5);
    }

    @Test
    void frozenAHasNoGradient() {
        TinyLearners tiny = new TinyLearners(twoBlocks);
        tiny.projections = TinyBaseModel.PROJECTIONS;
        tiny.freezeA = true;
        check(tiny, 4, 2, 5);
    }

    /** All rows take part and learn, each with its own factor. */
    @ParameterizedTest
    @EnumSource
    void matryoshkaHasAllRowsAtOnce(Scale scale) {
        TinyLearners tiny = new TinyLearners(twoBlocks);
        tiny.method = Method.MATRYOSHKA;
        tiny.scale = scale;
        tiny.projections = TinyBaseModel.PROJECTIONS;
        check(tiny, 5, 2, 5);
    }

    /** The mask of a step is fixed; another step has another. */
    @Test
    void dropoutIsAFunctionOfTheStep() {
        TinyLearners tiny = new TinyLearners(oneBlock);
        tiny.dropout = 0.5;
        tiny.minRank = tiny.rank;

        double first = objective(tiny, 0);

        assertThat(objective(tiny, 1)).isNotEqualTo(first);
        assertThat(objective(tiny, 0)).isEqualTo(first);
    }

    private static double objective(TinyLearners tiny, long step) {
        try (LearnerProbe probe = new LearnerProbe(tiny.spec(), tiny.adapters(1), tiny.batch(1, 4, 3), step)) {
            return probe.objective();
        }
    }

    /** Rows of one projection that learn from the same examples. */
    private record Alike(Projection projection, List<Boolean> examples) {}

    private static void check(TinyLearners tiny, long step, int... lengths) {
        Batch batch = tiny.batch(step, lengths);
        AdapterLayout layout = tiny.spec().adapterLayout();
        Random random = new Random(step);
        try (LearnerProbe probe = new LearnerProbe(tiny.spec(), tiny.adapters(step), batch, step)) {
            double[] gradient = probe.gradient();
            assertThat(gradient).hasSize((int) layout.length());
            Map<Alike, double[]> directions = new HashMap<>();
            for (AdapterLayout.Slot slot : layout.slots()) {
                for (int row = 0; row < tiny.rank; row++) {
                    Alike ofB = new Alike(slot.projection(), learns(tiny, step, slot.block(), row, lengths.length));
                    Alike ofA = tiny.freezeA ? new Alike(slot.projection(), List.of()) : ofB;
                    draw(random, directions, ofA, gradient, slot.rowOfA(row), slot.in(), slot + ", row of A " + row);
                    draw(random, directions, ofB, gradient, slot.rowOfB(row), slot.out(), slot + ", row of B " + row);
                }
            }
            directions.forEach((rows, direction) -> checkSlope(probe, gradient, rows, direction));
            assertThat(probe.outstanding()).isZero();
        }
    }

    /**
     * By example, whether the row learns from it. A row that takes part without learning passes no gradient on to itself,
     * so only the examples that it learns from count.
     */
    private static List<Boolean> learns(TinyLearners tiny, long step, int block, int row, int examples) {
        if (tiny.method == Method.MATRYOSHKA) {
            return Collections.nCopies(examples, true);
        }
        RankSchedule schedule = tiny.rankSchedule();
        return IntStream.range(0, examples)
                .mapToObj(example -> {
                    Window window = schedule.window(step, block, 0, example);
                    return tiny.update == Update.LAST_ROW
                            ? row == window.end() - 1
                            : window.start() <= row && row < window.end();
                })
                .toList();
    }

    /** Adds a row to the direction of those that learn from the same examples; one that does not learn has no gradient. */
    private static void draw(
            Random random,
            Map<Alike, double[]> directions,
            Alike rows,
            double[] gradient,
            long from,
            int length,
            String name) {
        if (!rows.examples().contains(true)) {
            assertThat(Arrays.copyOfRange(gradient, (int) from, (int) from + length))
                    .as("%s does not learn", name)
                    .containsOnly(0);
            return;
        }
        double[] direction = directions.computeIfAbsent(rows, same -> new double[gradient.length]);
        for (int i = 0; i < length; i++) {
            direction[(int) from + i] = 2 * random.nextDouble() - 1;
        }
    }

    private static void checkSlope(LearnerProbe probe, double[] gradient, Alike rows, double[] direction) {
        double norm = Math.sqrt(Arrays.stream(direction).map(x -> x * x).sum());
        double analytic = 0;
        for (int i = 0; i < direction.length; i++) {
            direction[i] /= norm;
            analytic += gradient[i] * direction[i];
        }
        boolean[] examples = new boolean[rows.examples().size()];
        for (int i = 0; i < examples.length; i++) {
            examples[i] = rows.examples().get(i);
        }
        double slope = probe.slope(direction, STEP, examples);
        assertThat(Math.abs(analytic - slope) / Math.max(1, Math.abs(slope)))
                .as("%s: analytic slope %s, difference %s", rows, analytic, slope)
                .isLessThan(TOLERANCE);
    }
}
