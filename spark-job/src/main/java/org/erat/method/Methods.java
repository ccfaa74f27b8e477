package org.erat.method;

import org.erat.adapter.RankScale;
import org.erat.config.Method;
import org.erat.config.ScheduleConfig;

/** The implementation of each {@link Method}. */
public final class Methods {
    private Methods() {}

    /**
     * The method of a run.
     *
     * @param blocks L, blocks of the model
     * @param totalSteps T, local steps of one shard over the whole run
     * @param seed of everything random
     */
    public static AdapterMethod of(Method method, ScheduleConfig schedule, int blocks, long totalSteps, long seed) {
        return switch (method) {
            case ERAT, DYLORA, LORA ->
                new WindowMethod(new RankSchedule(schedule, blocks, totalSteps, seed), schedule.granularity());
            case MATRYOSHKA -> new MatryoshkaMethod(new RankScale(schedule.scale(), schedule.alpha(), schedule.rank()));
        };
    }
}
