package org.erat.method;

import org.erat.config.ScheduleConfig;
import org.erat.config.ScheduleConfig.Coupling;
import org.erat.config.ScheduleConfig.Gradient;
import org.erat.config.ScheduleConfig.Granularity;
import org.erat.config.ScheduleConfig.Law;
import org.erat.config.ScheduleConfig.OverDepth;
import org.erat.config.ScheduleConfig.OverTime;
import org.erat.config.ScheduleConfig.Scale;
import org.erat.config.ScheduleConfig.Update;

/** Schedule settings for tests: start from a method and change what the test is about. */
final class Schedules {
    int rank = 8;
    int minRank = 1;
    double g0 = 0.5;
    double depthSlope = 0.5;
    double prefixShare = 0.5;
    double wholeShare = 0;
    Law law = Law.PREFIX_MIXTURE;
    OverTime overTime = OverTime.GROW;
    OverDepth overDepth = OverDepth.DEEPER_HIGHER;
    Coupling coupling = Coupling.INDEPENDENT;
    Scale scale = Scale.ALPHA_OVER_WIDTH;
    Update update = Update.WINDOW;
    Gradient gradient = Gradient.AS_IS;
    boolean shared = false;
    Granularity granularity = Granularity.STEP;

    static Schedules erat() {
        return new Schedules();
    }

    /** Any width at any time in any block. */
    static Schedules fullRange() {
        Schedules schedules = new Schedules();
        schedules.g0 = 1;
        schedules.depthSlope = 0;
        schedules.overTime = OverTime.CONSTANT;
        schedules.overDepth = OverDepth.FLAT;
        return schedules;
    }

    static Schedules dylora() {
        Schedules schedules = fullRange();
        schedules.prefixShare = 1;
        schedules.coupling = Coupling.SHARED_UNIFORM;
        return schedules;
    }

    ScheduleConfig config() {
        return new ScheduleConfig(
                rank,
                minRank,
                g0,
                depthSlope,
                prefixShare,
                wholeShare,
                law,
                overTime,
                overDepth,
                coupling,
                scale,
                update,
                gradient,
                shared,
                granularity,
                16);
    }

    RankSchedule schedule(int blocks, long totalSteps, long seed) {
        return new RankSchedule(config(), blocks, totalSteps, seed);
    }
}
