package org.erat.chart;

import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/**
 * An axis from a tick to a tick.
 *
 * @param low value at its beginning
 * @param high value at its end, above {@code low}
 * @param ticks values that are labelled, ascending
 * @param logarithmic whether equal distances are equal ratios
 */
record Axis(double low, double high, List<Double> ticks, boolean logarithmic) {
    private static final double TICKS = 6;

    /** Below this, plain decimals would be mostly zeros. */
    private static final double TINY = 1e-3;

    Axis {
        ticks = List.copyOf(ticks);
    }

    /** An axis that holds a range, with ticks at multiples of 1, 2 or 5 times a power of ten. */
    static Axis linear(double from, double to) {
        double step = step((to - from) / TICKS);
        // By whole numbers, since a sum of ticks would drift.
        long first = (long) Math.floor(from / step + 1e-9);
        long last = (long) Math.ceil(to / step - 1e-9);
        List<Double> ticks = new ArrayList<>();
        for (long i = first; i <= last; i++) {
            ticks.add(i * step);
        }
        return new Axis(first * step, last * step, ticks, false);
    }

    /** An axis of exactly a range of whole numbers, whose ticks are whole numbers inside of it. */
    static Axis whole(double from, double to, int most) {
        double step = Math.max(1, step((to - from) / most));
        List<Double> ticks = new ArrayList<>();
        for (double tick = Math.ceil(from / step) * step; tick <= to; tick += step) {
            ticks.add(tick);
        }
        return new Axis(from, to > from ? to : from + 1, ticks, false);
    }

    /** A logarithmic axis that holds a range above 0. */
    static Axis logarithmic(double from, double to) {
        int first = (int) Math.floor(Math.log10(from) + 1e-9);
        int last = (int) Math.ceil(Math.log10(to) - 1e-9);
        double[] factors = last - first > 2 ? new double[] {1} : new double[] {1, 2, 5};
        List<Double> all = new ArrayList<>();
        for (int power = first; power <= last; power++) {
            for (double factor : factors) {
                all.add(factor * Math.pow(10, power));
            }
        }
        double low = all.stream()
                .filter(tick -> tick <= from * (1 + 1e-9))
                .reduce((a, b) -> b)
                .orElseThrow();
        double high = all.stream()
                .filter(tick -> tick >= to * (1 - 1e-9) && tick > low)
                .findFirst()
                .orElse(low * 10);
        return new Axis(
                low,
                high,
                all.stream().filter(tick -> tick >= low && tick <= high).toList(),
                true);
    }

    /** The smallest of 1, 2 and 5 times a power of ten that is not below a distance. */
    private static double step(double least) {
        double power = Math.pow(10, Math.floor(Math.log10(least)));
        return DoubleStream.of(1, 2, 5)
                .map(factor -> factor * power)
                .filter(step -> step >= least)
                .findFirst()
                .orElse(10 * power);
    }

    /** Where a value lies, 0 at the beginning and 1 at the end. */
    double share(double value) {
        return logarithmic
                ? Math.log(Math.max(value, Double.MIN_NORMAL) / low) / Math.log(high / low)
                : (value - low) / (high - low);
    }

    /** A tick as text. */
    String label(double tick) {
        if (tick == 0) {
            return "0";
        }
        if (Math.max(Math.abs(low), Math.abs(high)) < TINY) {
            return new DecimalFormat("0.##E0", DecimalFormatSymbols.getInstance(Locale.ROOT))
                    .format(tick)
                    .replace('E', 'e');
        }
        double step = logarithmic ? tick : ticks.size() > 1 ? ticks.get(1) - ticks.get(0) : 1;
        int decimals = step < 1 && step > 0 ? (int) Math.ceil(-Math.log10(step) - 1e-9) : 0;
        return String.format(Locale.ROOT, "%,." + decimals + "f", tick);
    }
}
