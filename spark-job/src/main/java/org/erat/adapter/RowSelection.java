package org.erat.adapter;

import java.util.Arrays;
import javax.annotation.Nullable;

/**
 * Which rows of an adapter take part in a pass, with which factor, and which of them learn. The output of the adapter is
 * scale · Σᵢ factorᵢ·bᵢ·(aᵢ·x) over the rows i of the window.
 *
 * @param window rows of the products
 * @param learned rows whose gradient is wanted, inside {@code window}
 * @param scale factor of the adapter's output
 * @param factors factors of the window's w rows, [w] for all examples alike or [B,w] row-major by example; null for 1
 * @param learnedFactors the same for the gradients of A and B; equal to {@code factors} unless only some rows of an
 *     example's window learn
 */
public record RowSelection(
        Window window, Window learned, double scale, @Nullable float[] factors, @Nullable float[] learnedFactors) {

    public RowSelection {
        if (learned.start() < window.start() || learned.end() > window.end()) {
            throw new IllegalArgumentException("Rows " + learned + " learn outside of " + window);
        }
        if ((factors == null) != (learnedFactors == null)) {
            throw new IllegalArgumentException("Factors are given for the output or for the gradients only");
        }
    }

    /** All rows of {@code window} take part alike and learn. */
    public static RowSelection of(Window window, double scale) {
        return new RowSelection(window, window, scale, null, null);
    }

    /**
     * The same for the examples [from, to) of a batch.
     *
     * @param examples B of the batch
     */
    public RowSelection part(int from, int to, int examples) {
        if (factors == null || (from == 0 && to == examples) || factors.length == window.width()) {
            return this;
        }
        int first = from * window.width();
        int last = to * window.width();
        return new RowSelection(
                window,
                learned,
                scale,
                Arrays.copyOfRange(factors, first, last),
                Arrays.copyOfRange(learnedFactors, first, last));
    }

    /** Whether row {@code row} of the adapter learns from some example. */
    public boolean learns(int row) {
        if (row < learned.start() || row >= learned.end()) {
            return false;
        }
        if (learnedFactors == null) {
            return true;
        }
        for (int i = row - window.start(); i < learnedFactors.length; i += window.width()) {
            if (learnedFactors[i] != 0) {
                return true;
            }
        }
        return false;
    }
}
