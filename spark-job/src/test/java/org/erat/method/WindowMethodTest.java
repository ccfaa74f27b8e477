package org.erat.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.erat.adapter.AdapterLayout;
import org.erat.adapter.RowSelection;
import org.erat.adapter.Window;
import org.erat.config.ScheduleConfig.Gradient;
import org.erat.config.ScheduleConfig.Granularity;
import org.erat.config.ScheduleConfig.Scale;
import org.erat.config.ScheduleConfig.Update;
import org.erat.data.architecture.Projection;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which factors the rows of a step have, forward and in the gradient. Factors are floats: they err by 6e-8 of themselves. */
class WindowMethodTest {
    private static final int RANK = 8;
    private static final double ALPHA = 16;
    private static final double OF_FLOATS = 1e-6;
    private static final int EXAMPLES = 4;
    private static final int BLOCKS = 3;

    private static RowSelection selection(Schedules settings, long step, int block) {
        WindowMethod method = new WindowMethod(settings.schedule(BLOCKS, 100, 1), settings.granularity);
        AdapterLayout.Slot slot = new AdapterLayout.Slot(block, block, Projection.QUERY, 6, 4, RANK, 0);
        return method.plan(step, 0, EXAMPLES).selections().get(0).rows().of(slot);
    }

    private static double factor(RowSelection rows, int example, int row) {
        return factor(rows, rows.factors(), rows.window(), example, row);
    }

    private static double learnedFactor(RowSelection rows, int example, int row) {
        return factor(rows, rows.learnedFactors(), rows.learned(), example, row);
    }

    private static double factor(RowSelection rows, float[] factors, Window among, int example, int row) {
        if (row < among.start() || row >= among.end()) {
            return 0;
        }
        int width = rows.window().width();
        int at = row - rows.window().start();
        return rows.scale()
                * (factors == null ? 1 : factors.length == width ? factors[at] : factors[example * width + at]);
    }

    private static Window window(Schedules settings, long step, int block, int example) {
        return settings.schedule(BLOCKS, 100, 1).window(step, block, 0, example);
    }

    private static double scale(Scale rule, int width) {
        return switch (rule) {
            case ALPHA_OVER_WIDTH -> ALPHA / width;
            case ALPHA_OVER_RANK -> ALPHA / RANK;
            case ALPHA_OVER_SQRT_WIDTH -> ALPHA / Math.sqrt(width);
        };
    }

    /** With a scale of α/w the rows of any window have the gradient of a scale of α/R. */
    @ParameterizedTest
    @EnumSource
    void equalGradientsHaveTheFactorOfAllRows(Granularity granularity) {
        for (Scale rule : Scale.values()) {
            Schedules settings = Schedules.fullRange();
            settings.granularity = granularity;
            settings.gradient = Gradient.EQUAL;
            settings.scale = rule;
            forEachRow(settings, (rows, window, example, row) -> {
                boolean in = window.start() <= row && row < window.end();
                assertThat(factor(rows, example, row))
                        .isCloseTo(in ? scale(rule, window.width()) : 0, within(ALPHA * OF_FLOATS));
                assertThat(learnedFactor(rows, example, row))
                        .isCloseTo(in ? scale(rule, RANK) : 0, within(ALPHA * OF_FLOATS));
            });
        }
    }

    @ParameterizedTest
    @EnumSource
    void onlyTheLastRowLearns(Granularity granularity) {
        Schedules settings = Schedules.fullRange();
        settings.granularity = granularity;
        settings.update = Update.LAST_ROW;
        forEachRow(settings, (rows, window, example, row) -> assertThat(learnedFactor(rows, example, row))
                .isCloseTo(row == window.end() - 1 ? ALPHA / window.width() : 0, within(ALPHA * OF_FLOATS)));
    }

    /** Products over the window alone are what makes narrow windows cheap. */
    @Test
    void aWindowForEachStepHasNoFactors() {
        RowSelection rows = selection(Schedules.fullRange(), 3, 1);
        assertThat(rows.factors()).isNull();
        assertThat(rows.window()).isEqualTo(window(Schedules.fullRange(), 3, 1, 0));
    }

    private interface Check {
        void that(RowSelection rows, Window window, int example, int row);
    }

    private static void forEachRow(Schedules settings, Check check) {
        for (int step = 0; step < 20; step++) {
            for (int block = 0; block < BLOCKS; block++) {
                RowSelection rows = selection(settings, step, block);
                for (int example = 0; example < EXAMPLES; example++) {
                    for (int row = 0; row < RANK; row++) {
                        check.that(rows, window(settings, step, block, example), example, row);
                    }
                }
            }
        }
    }
}
