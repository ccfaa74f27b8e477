package org.erat.monitoring;

import java.util.Locale;

/** Numbers of bytes for people. */
public final class Bytes {
    private Bytes() {}

    /** In the largest decimal unit of which there is at least one: {@code 512 bytes}, {@code 7.2 kB}, {@code 5.73 MB}. */
    public static String text(long bytes) {
        if (bytes >= 1e9) {
            return String.format(Locale.ROOT, "%.2f GB", bytes / 1e9);
        }
        if (bytes >= 1e6) {
            return String.format(Locale.ROOT, bytes >= 1e7 ? "%.1f MB" : "%.2f MB", bytes / 1e6);
        }
        return bytes >= 1e3 ? String.format(Locale.ROOT, "%.1f kB", bytes / 1e3) : bytes + " bytes";
    }

    /** How much a round sends beside the size of the base model, which may be smaller. */
    public static String asShareOfModel(long bytes, long model) {
        double share = (double) model / Math.max(1, bytes);
        String size = " of the base model's " + text(model);
        if (share >= 1.5) {
            return String.format(Locale.ROOT, "1/%.0f%s", share, size);
        }
        return share >= 0.75
                ? "as much as the base model's " + text(model)
                : String.format(Locale.ROOT, "%.1f times the base model's %s", 1 / share, text(model));
    }
}
