package org.erat.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.erat.adapter.Window;
import org.erat.config.JobConfig;
import org.erat.config.ScheduleConfig;
import org.erat.config.ScheduleConfig.Coupling;
import org.erat.config.ScheduleConfig.Granularity;
import org.erat.config.ScheduleConfig.Law;
import org.erat.config.ScheduleConfig.OverDepth;
import org.erat.config.ScheduleConfig.OverTime;
import org.erat.config.ScheduleConfig.Scale;
import org.erat.config.ScheduleConfig.Update;

class RankScheduleTest {
    private static final long STEPS = 1000;

    /** The published figures have two decimals. */
    private static final double TWO_DECIMALS = 0.005 + 1e-12;

    @Example
    void highestRankOfFirstAndLastBlockFollowsTheFormula() {
        RankSchedule schedule = Schedules.erat().schedule(12, STEPS, 1);
        assertThat(highest(schedule, 0)).isEqualTo("3/6");
        assertThat(highest(schedule, STEPS / 2)).isEqualTo("5/8");
        assertThat(highest(schedule, STEPS)).isEqualTo("8/8");
        assertThat(highest(schedule, 10 * STEPS)).as("after the end").isEqualTo("8/8");
    }

    @Example
    void shrinkingRunsTheGrowingRangeBackwards() {
        Schedules settings = Schedules.erat();
        settings.overTime = OverTime.SHRINK;
        RankSchedule schedule = settings.schedule(12, STEPS, 1);
        assertThat(highest(schedule, 0)).isEqualTo("8/8");
        assertThat(highest(schedule, STEPS / 2)).isEqualTo("5/8");
        assertThat(highest(schedule, STEPS)).isEqualTo("3/6");
    }

    @Example
    void aConstantRangeStaysWhereItStarts() {
        Schedules settings = Schedules.erat();
        settings.overTime = OverTime.CONSTANT;
        RankSchedule schedule = settings.schedule(12, STEPS, 1);
        assertThat(highest(schedule, 0)).isEqualTo("3/6");
        assertThat(highest(schedule, STEPS)).isEqualTo("3/6");
    }

    @Example
    void shallowerHigherMirrorsDeeperHigherAtEveryStep() {
        RankSchedule deeper = Schedules.erat().schedule(12, STEPS, 1);
        Schedules settings = Schedules.erat();
        settings.overDepth = OverDepth.SHALLOWER_HIGHER;
        RankSchedule shallower = settings.schedule(12, STEPS, 1);
        for (long step = 0; step <= STEPS; step += 50) {
            for (int block = 0; block < 12; block++) {
                assertThat(shallower.range(step, block)).isEqualTo(deeper.range(step, 11 - block));
            }
        }
    }

    @Example
    void aFlatRangeIsThatOfTheMiddleOfTheDepth() {
        Schedules settings = Schedules.erat();
        settings.overDepth = OverDepth.FLAT;
        RankSchedule schedule = settings.schedule(12, STEPS, 1);
        // g = 0.5, 0.75, 1: 1 + round(3.5) = 5, 1 + round(5.25) = 6, 8.
        assertThat(highest(schedule, 0)).isEqualTo("5/5");
        assertThat(highest(schedule, STEPS / 2)).isEqualTo("6/6");
        assertThat(highest(schedule, STEPS)).isEqualTo("8/8");
    }

    @Example
    void oneBlockAndOneStepAreEnough() {
        RankSchedule schedule = Schedules.erat().schedule(1, 1, 1);
        assertThat(schedule.range(0, 0)).isEqualTo(new RankRange(1, 5));
        assertThat(schedule.range(1, 0)).isEqualTo(new RankRange(1, 8));
    }

    @Example
    void activityHasTheFiguresOfTheDesign() {
        assertThat(Schedules.dylora().schedule(4, STEPS, 1).activity(0, 0))
                .containsExactly(new double[] {1.00, .88, .75, .63, .50, .38, .25, .13}, within(TWO_DECIMALS));
        Schedules windows = Schedules.fullRange();
        windows.prefixShare = 0;
        assertThat(windows.schedule(4, STEPS, 1).activity(0, 0))
                .containsExactly(new double[] {.34, .54, .66, .71, .71, .66, .54, .34}, within(TWO_DECIMALS));
        assertThat(Schedules.fullRange().schedule(4, STEPS, 1).activity(0, 0))
                .containsExactly(new double[] {.67, .71, .70, .67, .61, .52, .39, .23}, within(TWO_DECIMALS));
    }

    /** Row i (from 0) of R is in (i+1)(R−i) of the R(R+1)/2 intervals. */
    @Property
    void withAllIntervalsActivityIsTheShareOfIntervalsThatHoldTheRow(@ForAll @IntRange(min = 1, max = 32) int rank) {
        Schedules settings = Schedules.fullRange();
        settings.rank = rank;
        settings.law = Law.ALL_INTERVALS;
        double[] expected = IntStream.range(0, rank)
                .mapToDouble(i -> (i + 1.0) * (rank - i) / (rank * (rank + 1) / 2.0))
                .toArray();
        assertThat(settings.schedule(3, STEPS, 1).activity(0, 1)).containsExactly(expected, within(1e-12));
    }

    /** Of 20,000 examples a share of ρ has a standard deviation of √(ρ(1−ρ)/n) = 0.0033; four of them are allowed. */
    @Example
    void allBlocksTakeAllRowsTogetherInTheShareOfExamplesThatIsSet() {
        Schedules settings = Schedules.erat();
        settings.wholeShare = 0.3;
        settings.granularity = ScheduleConfig.Granularity.EXAMPLE;
        RankSchedule schedule = settings.schedule(6, STEPS, 4);
        Window all = new Window(0, settings.rank);
        int whole = 0;
        for (int example = 0; example < 20_000; example++) {
            int of = example;
            long blocks = IntStream.range(0, 6)
                    .filter(block -> schedule.window(0, block, 0, of).equals(all))
                    .count();
            // At the start of training no range of these settings reaches R.
            assertThat(blocks).isIn(0L, 6L);
            whole += blocks == 6 ? 1 : 0;
        }
        assertThat(whole / 20_000.0).isCloseTo(0.3, within(0.0132));
        double[] without = Schedules.erat().schedule(6, STEPS, 4).activity(0, 2);
        assertThat(schedule.activity(0, 2))
                .containsExactly(
                        Arrays.stream(without).map(share -> 0.3 + 0.7 * share).toArray(), within(1e-12));
    }

    /** The windows that are drawn otherwise are those of a schedule without. */
    @Example
    void aShareOfNothingChangesNothingAndOneOfAllIsLora() {
        Schedules settings = Schedules.erat();
        RankSchedule plain = settings.schedule(4, STEPS, 1);
        settings.wholeShare = 1;
        RankSchedule lora = settings.schedule(4, STEPS, 1);
        settings.wholeShare = 0.5;
        RankSchedule half = settings.schedule(4, STEPS, 1);
        for (int step = 0; step < 100; step++) {
            Window all = new Window(0, settings.rank);
            assertThat(lora.window(step, 1, 0)).isEqualTo(all);
            assertThat(half.window(step, 1, 0)).isIn(all, plain.window(step, 1, 0));
        }
    }

    @Property(tries = 300)
    void windowsStayInsideTheirRange(
            @ForAll("settings") Schedules settings,
            @ForAll @IntRange(min = 1, max = 13) int blocks,
            @ForAll @LongRange(min = 0, max = 1200) long step,
            @ForAll long seed) {
        RankSchedule schedule = settings.schedule(blocks, STEPS, seed);
        for (int block = 0; block < blocks; block++) {
            RankRange range = schedule.range(step, block);
            assertThat(range.lo()).isEqualTo(settings.minRank);
            assertThat(range.hi()).isBetween(settings.minRank, settings.rank);
            Window window = schedule.window(step, block, 1, 2);
            assertThat(window.width()).isBetween(range.lo(), range.hi());
            assertThat(window.end()).isLessThanOrEqualTo(settings.rank);
        }
    }

    @Property(tries = 100)
    void rangesNeverFallOverTimeWhenTheyGrowAndEndAtTheLargestRank(
            @ForAll("settings") Schedules settings, @ForAll @IntRange(min = 1, max = 13) int blocks) {
        settings.overTime = OverTime.GROW;
        RankSchedule schedule = settings.schedule(blocks, 50, 1);
        for (int block = 0; block < blocks; block++) {
            for (long step = 1; step <= 50; step++) {
                assertThat(schedule.range(step, block).hi())
                        .isGreaterThanOrEqualTo(schedule.range(step - 1, block).hi());
            }
            assertThat(schedule.range(50, block).hi()).isEqualTo(settings.rank);
        }
    }

    /** Activity is a chance, and the activities of all rows add up to the mean width of a window. */
    @Property(tries = 300)
    void activitiesAddUpToTheMeanWidth(
            @ForAll("settings") Schedules settings, @ForAll @LongRange(min = 0, max = 1000) long step) {
        settings.law = Law.PREFIX_MIXTURE;
        RankSchedule schedule = settings.schedule(6, STEPS, 1);
        double[] activity = schedule.activity(step, 2);
        RankRange range = schedule.range(step, 2);
        assertThat(activity).hasSize(settings.rank);
        assertThat(Arrays.stream(activity).max().orElseThrow()).isLessThanOrEqualTo(1 + 1e-12);
        assertThat(Arrays.stream(activity).min().orElseThrow()).isGreaterThanOrEqualTo(0);
        assertThat(Arrays.stream(activity).sum()).isCloseTo((range.lo() + range.hi()) / 2.0, within(1e-9));
    }

    /**
     * A row's count over n draws is binomial with standard deviation √(n·p·(1−p)); 5 of them (and 1 for rounding) is
     * exceeded with chance 6e-7 for each row, and the seed of the property is fixed.
     */
    @Property(tries = 40, seed = "2")
    void rowsAreActiveAsOftenAsTheClosedFormSays(
            @ForAll("settings") Schedules settings,
            @ForAll @LongRange(min = 0, max = 1000) long step,
            @ForAll @IntRange(max = 5) int block,
            @ForAll long seed) {
        settings.shared = false;
        RankSchedule schedule = settings.schedule(6, STEPS, seed);
        int draws = 5_000;
        int[] counts = new int[settings.rank];
        for (int worker = 0; worker < draws; worker++) {
            Window window = schedule.window(step, block, worker, 0);
            for (int row = window.start(); row < window.end(); row++) {
                counts[row]++;
            }
        }
        double[] activity = schedule.activity(step, block);
        for (int row = 0; row < settings.rank; row++) {
            double chance = Math.min(1, activity[row]);
            double deviation = Math.sqrt(draws * chance * (1 - chance));
            assertThat((double) counts[row]).isCloseTo(draws * chance, within(5 * deviation + 1));
        }
    }

    @Property(tries = 100)
    void theSamePositionGivesTheSameWindowInAnyProcess(
            @ForAll("settings") Schedules settings,
            @ForAll long seed,
            @ForAll @LongRange(min = 0, max = 999) long step) {
        RankSchedule driver = settings.schedule(6, STEPS, seed);
        RankSchedule worker = settings.schedule(6, STEPS, seed);
        // The worker has drawn other windows before.
        worker.window(step + 1, 0, 0, 0);
        assertThat(worker.window(step, 3, 7, 1)).isEqualTo(driver.window(step, 3, 7, 1));
    }

    @Example
    void windowsDependOnSeedStepBlockWorkerAndExample() {
        Schedules settings = Schedules.fullRange();
        settings.rank = 64;
        settings.granularity = Granularity.EXAMPLE;
        RankSchedule schedule = settings.schedule(8, STEPS, 1);
        RankSchedule other = settings.schedule(8, STEPS, 2);
        assertThat(distinct(i -> settings.schedule(8, STEPS, i).window(5, 2, 3, 4)))
                .isGreaterThan(30);
        assertThat(distinct(i -> schedule.window(i, 2, 3, 4))).isGreaterThan(30);
        assertThat(distinct(i -> other.window(5, i % 8, 3, 4))).isGreaterThan(4);
        assertThat(distinct(i -> schedule.window(5, 2, i, 4))).isGreaterThan(30);
        assertThat(distinct(i -> schedule.window(5, 2, 3, i))).isGreaterThan(30);
    }

    @Example
    void allExamplesOfAStepShareAWindowUnlessTheyAreDrawnOneByOne() {
        RankSchedule schedule = Schedules.erat().schedule(6, STEPS, 1);
        assertThat(distinct(i -> schedule.window(5, 2, 3, i))).isEqualTo(1);
        assertThat(schedule.window(5, 2, 3, 17)).isEqualTo(schedule.window(5, 2, 3));
        Schedules settings = Schedules.erat();
        settings.granularity = Granularity.EXAMPLE;
        assertThatThrownBy(() -> settings.schedule(6, STEPS, 1).window(5, 2, 3))
                .isInstanceOf(IllegalStateException.class);
    }

    @Property(tries = 100)
    void sharedWindowsAreThoseOfEveryWorker(
            @ForAll("settings") Schedules settings, @ForAll @IntRange(min = 1, max = 5000) int worker) {
        settings.shared = true;
        RankSchedule schedule = settings.schedule(6, STEPS, 3);
        assertThat(schedule.window(10, 2, worker, 1)).isEqualTo(schedule.window(10, 2, 0, 1));
    }

    @Property(tries = 100)
    void withOneUniformNumberBlocksOfEqualRangeGetEqualWindowsAndHigherRangesWiderOnes(
            @ForAll("settings") Schedules settings, @ForAll @LongRange(min = 0, max = 1000) long step) {
        settings.coupling = Coupling.SHARED_UNIFORM;
        settings.law = Law.PREFIX_MIXTURE;
        settings.overDepth = OverDepth.DEEPER_HIGHER;
        RankSchedule schedule = settings.schedule(12, STEPS, 4);
        for (int block = 1; block < 12; block++) {
            Window before = schedule.window(step, block - 1, 0, 0);
            Window window = schedule.window(step, block, 0, 0);
            assertThat(window.width()).isGreaterThanOrEqualTo(before.width());
            if (schedule.range(step, block).equals(schedule.range(step, block - 1))) {
                assertThat(window).isEqualTo(before);
            }
        }
    }

    @Property(tries = 100)
    void loraIsTheFullWindowAtEveryStep(@ForAll @LongRange(min = 0, max = 1000) long step, @ForAll long seed) {
        RankSchedule schedule = byMethod("lora", seed);
        for (int block = 0; block < 12; block++) {
            assertThat(schedule.window(step, block, 1)).isEqualTo(new Window(0, 8));
        }
        assertThat(schedule.scale(8)).isEqualTo(2.0);
    }

    @Example
    void dyloraIsOneUniformPrefixForAllBlocks() {
        RankSchedule schedule = byMethod("dylora", 5);
        int[] counts = new int[9];
        for (long step = 0; step < 8000; step++) {
            Window window = schedule.window(step, 0, 0);
            assertThat(window.start()).isZero();
            for (int block = 1; block < 12; block++) {
                assertThat(schedule.window(step, block, 0)).isEqualTo(window);
            }
            counts[window.end()]++;
        }
        for (int width = 1; width <= 8; width++) {
            // Binomial, n = 8000 and p = 1/8: standard deviation 29.6; 5 of them.
            assertThat((double) counts[width]).isCloseTo(1000, within(148.0));
        }
    }

    @Example
    void rowsLearnInsideTheWindowOrOnlyTheLastOne() {
        Window window = new Window(2, 5);
        RankSchedule whole = Schedules.erat().schedule(6, STEPS, 1);
        assertThat(learning(whole, window)).containsExactly(2, 3, 4);
        Schedules frozen = Schedules.dylora();
        frozen.update = Update.LAST_ROW;
        assertThat(learning(frozen.schedule(6, STEPS, 1), window)).containsExactly(4);
    }

    @Example
    void scaleFollowsItsLaw() {
        Schedules settings = Schedules.erat();
        assertThat(settings.schedule(6, STEPS, 1).scale(4)).isEqualTo(4.0);
        settings.scale = Scale.ALPHA_OVER_RANK;
        assertThat(settings.schedule(6, STEPS, 1).scale(4)).isEqualTo(2.0);
        settings.scale = Scale.ALPHA_OVER_SQRT_WIDTH;
        assertThat(settings.schedule(6, STEPS, 1).scale(4)).isEqualTo(8.0);
        assertThatThrownBy(() -> settings.schedule(6, STEPS, 1).scale(9)).hasMessageContaining("9 is not in 1..8");
    }

    @Example
    void positionsOutsideTheRunAreRefused() {
        RankSchedule schedule = Schedules.erat().schedule(6, STEPS, 1);
        assertThatThrownBy(() -> schedule.range(-1, 0)).hasMessageContaining("Step -1");
        assertThatThrownBy(() -> schedule.range(0, 6)).hasMessageContaining("block 6 is not in 0..5");
        assertThatThrownBy(() -> schedule.window(0, 0, -1)).hasMessageContaining("Worker -1");
        assertThatThrownBy(() -> Schedules.erat().schedule(0, STEPS, 1)).hasMessageContaining("1 block");
    }

    @Provide
    Arbitrary<Schedules> settings() {
        Arbitrary<Schedules> switches = Combinators.combine(
                        Arbitraries.of(Law.values()),
                        Arbitraries.of(OverTime.values()),
                        Arbitraries.of(OverDepth.values()),
                        Arbitraries.of(Coupling.values()),
                        Arbitraries.of(Granularity.values()),
                        Arbitraries.of(true, false))
                .as((law, time, depth, coupling, granularity, shared) -> {
                    Schedules settings = new Schedules();
                    settings.law = law;
                    settings.overTime = time;
                    settings.overDepth = depth;
                    settings.coupling = coupling;
                    settings.granularity = granularity;
                    settings.shared = shared;
                    return settings;
                });
        return Combinators.combine(
                        switches,
                        Arbitraries.integers().between(1, 32),
                        Arbitraries.doubles().between(0, 1),
                        Arbitraries.doubles().between(0, 1),
                        Arbitraries.doubles().between(0, 2),
                        Arbitraries.doubles().between(0, 1))
                .as((settings, rank, lowest, g0, slope, prefix) -> {
                    settings.rank = rank;
                    settings.minRank = 1 + (int) Math.floor(lowest * (rank - 1));
                    settings.g0 = g0;
                    settings.depthSlope = slope;
                    settings.prefixShare = prefix;
                    return settings;
                });
    }

    /** The schedule that a user gets who sets the method and nothing else. */
    private static RankSchedule byMethod(String method, long seed) {
        JobConfig config = JobConfig.parse("model.path = m, data.train = d", "test", List.of("method=" + method));
        return new RankSchedule(config.schedule(), 12, STEPS, seed);
    }

    private static String highest(RankSchedule schedule, long step) {
        return schedule.range(step, 0).hi() + "/"
                + schedule.range(step, schedule.blocks() - 1).hi();
    }

    private static int distinct(IntFunction<Window> windows) {
        Set<Window> seen = new HashSet<>();
        for (int i = 0; i < 64; i++) {
            seen.add(windows.apply(i));
        }
        return seen.size();
    }

    private static int[] learning(RankSchedule schedule, Window window) {
        return IntStream.range(0, schedule.rank())
                .filter(row -> schedule.learns(window, row))
                .toArray();
    }
}
