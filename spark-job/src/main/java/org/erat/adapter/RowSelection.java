package org.erat.adapter;

import javax.annotation.Nullable;
import org.erat.schedule.Window;

/**
 * Which rows of a block's adapters take part in a step, with which factor, and which of them learn.
 *
 * <p>With one window for each step, the products run over the window's rows only and {@code scale} is the factor of the
 * output. With one window for each example, they run over all R rows and the factors of each example and row, zero
 * outside the example's window, are in {@code factors}; {@code scale} is then 1.
 *
 * @param window rows of the products
 * @param learned rows whose gradient is wanted, inside {@code window}
 * @param scale factor of the adapter's output
 * @param factors [B,R] row-major factors by example, or null
 * @param learnedFactors [B,R] factors by example of the gradient of A and B, or null; equal to {@code factors} unless
 *     only the last row of a window learns
 */
public record RowSelection(
        Window window, Window learned, double scale, @Nullable float[] factors, @Nullable float[] learnedFactors) {

    public RowSelection {
        if (learned.start() < window.start() || learned.end() > window.end()) {
            throw new IllegalArgumentException("Rows " + learned + " learn outside of " + window);
        }
    }

    /** All rows of {@code window} take part and learn. */
    public static RowSelection of(Window window, double scale) {
        return new RowSelection(window, window, scale, null, null);
    }
}
