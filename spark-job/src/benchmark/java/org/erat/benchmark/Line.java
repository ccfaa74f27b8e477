package org.erat.benchmark;

/**
 * One line of the table.
 *
 * @param row of the table that it belongs to
 * @param what was measured, for people
 * @param unit of both columns
 * @param ours this project's measurements
 * @param peer what they are held against: libtorch unless {@code what} says otherwise; null where there is nothing
 * @param ratio the figure that the target is about; NaN where there is none
 * @param target in words
 * @param note how it came about; may be empty
 */
record Line(
        String row, String what, String unit, Samples ours, Samples peer, double ratio, String target, String note) {
    /** How many times as fast as the peer, both being times. */
    static Line speed(String row, String what, Samples ours, Samples peer, String target, String note) {
        return new Line(row, what, "s", ours, peer, peer.median() / ours.median(), target, note);
    }

    /** A figure by itself, which is also what the target is about. */
    static Line figure(String row, String what, String unit, Samples ours, String target, String note) {
        return new Line(row, what, unit, ours, null, ours.median(), target, note);
    }
}
