package org.erat.job;

/**
 * What the evaluations of a run have come to. Values have the sign that makes higher better.
 *
 * @param round the best one, the first of equals; 0 before there is one
 * @param value of that round
 * @param lastGain value at the last gain
 * @param withoutGain evaluations since then
 */
record BestRound(int round, double value, double lastGain, int withoutGain) {
    /** Before the first evaluation. */
    static final BestRound NONE = new BestRound(0, Double.NEGATIVE_INFINITY, Double.NEGATIVE_INFINITY, 0);

    /**
     * After one more evaluation.
     *
     * @param number of its round, from 1
     * @param measured its value; not a number is never better
     * @param leastGain by how much it has to exceed that of the last gain for a gain
     */
    BestRound after(int number, double measured, double leastGain) {
        boolean better = measured > value;
        boolean gain = measured > lastGain + leastGain;
        return new BestRound(
                better ? number : round,
                better ? measured : value,
                gain ? measured : lastGain,
                gain ? 0 : withoutGain + 1);
    }

    /** This as text, from which {@link #parse} makes an equal one, bit for bit. */
    String toText() {
        return round + " " + value + " " + lastGain + " " + withoutGain;
    }

    /** @throws NumberFormatException if the text is something else */
    static BestRound parse(String text) {
        String[] parts = text.split(" ", -1);
        if (parts.length != 4) {
            throw new NumberFormatException("Not what the evaluations of a run have come to: " + text);
        }
        return new BestRound(
                Integer.parseInt(parts[0]),
                Double.parseDouble(parts[1]),
                Double.parseDouble(parts[2]),
                Integer.parseInt(parts[3]));
    }
}
