package org.erat.chart;

/** The width that charts of a page are drawn for, in units of which a letter is about 6.4 wide. */
final class ChartSize {
    static final int WIDTH = 480;

    private ChartSize() {}
}
