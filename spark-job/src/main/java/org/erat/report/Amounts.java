package org.erat.report;

import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** Numbers for people, with units. */
final class Amounts {
    private Amounts() {}

    static String seconds(double seconds) {
        if (seconds < 100) {
            return format(seconds < 10 ? "%.2f s" : "%.1f s", seconds);
        }
        long whole = Math.round(seconds);
        long hours = TimeUnit.SECONDS.toHours(whole);
        long minutes = TimeUnit.SECONDS.toMinutes(whole) % 60;
        return hours > 0 ? format("%d h %d min", hours, minutes) : format("%d min %d s", minutes, whole % 60);
    }

    static String count(long count) {
        return format("%,d", count);
    }

    static String count(double count) {
        return format("%,.0f", count);
    }

    static String share(double share) {
        return format("%.1f %%", 100 * share);
    }

    /** Four digits that count, whatever the size. */
    static String number(double value) {
        if (value == 0 || (Math.abs(value) >= 1e-3 && Math.abs(value) < 1e5)) {
            int digits = value == 0 ? 0 : (int) Math.floor(Math.log10(Math.abs(value)));
            return format("%." + Math.max(0, Math.min(6, 3 - digits)) + "f", value);
        }
        return format("%.3e", value);
    }

    static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
