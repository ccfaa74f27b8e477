package org.erat.adapter;

import java.io.Serializable;

/**
 * Rows [start, end) of the adapters of one block.
 *
 * @param start first row, 0 or more
 * @param end row after the last, more than start
 */
public record Window(int start, int end) implements Serializable {
    public Window {
        if (start < 0 || end <= start) {
            throw new IllegalArgumentException("Window [" + start + "," + end + ") is empty or starts below 0");
        }
    }

    /** w, the number of rows. */
    public int width() {
        return end - start;
    }
}
