package org.erat.inference;

/** The softmax of logits. */
public final class Probabilities {
    private Probabilities() {}

    /**
     * Probabilities of classes, to the last bit the same on any machine.
     *
     * @param logits [C]
     * @return [C], computed in double precision and rounded
     */
    public static float[] of(float... logits) {
        double highest = Double.NEGATIVE_INFINITY;
        for (float logit : logits) {
            highest = Math.max(highest, logit);
        }
        double sum = 0;
        for (float logit : logits) {
            sum += StrictMath.exp(logit - highest);
        }
        float[] probabilities = new float[logits.length];
        for (int c = 0; c < logits.length; c++) {
            probabilities[c] = (float) (StrictMath.exp(logits[c] - highest) / sum);
        }
        return probabilities;
    }
}
