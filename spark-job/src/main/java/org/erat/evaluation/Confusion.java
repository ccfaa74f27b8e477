package org.erat.evaluation;

import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * Counts of targets by class.
 *
 * @param targets s, all
 * @param right c, those whose class was predicted
 * @param both [C] targets of the class that were predicted as it
 * @param predicted p [C], targets that were predicted as the class
 * @param actual t [C], targets of the class
 */
record Confusion(long targets, long right, long[] both, long[] predicted, long[] actual) {
    static Confusion of(Predicted.Classes of) {
        int classes = of.names().size();
        long[] both = new long[classes];
        long[] predicted = new long[classes];
        long[] actual = new long[classes];
        for (int i = 0; i < of.labels().length; i++) {
            int prediction = of.predictions()[i];
            int label = of.labels()[i];
            predicted[prediction]++;
            actual[label]++;
            if (prediction == label) {
                both[label]++;
            }
        }
        return new Confusion(of.labels().length, LongStream.of(both).sum(), both, predicted, actual);
    }

    /** Counts of labels, of which an example has any number: an accuracy of them means nothing. */
    static Confusion of(Predicted.LabelSets of) {
        long[] both = new long[of.names().size()];
        long[] predicted = new long[of.names().size()];
        long[] actual = new long[of.names().size()];
        for (int example = 0; example < of.examples(); example++) {
            count(both, of.both(example));
            count(predicted, of.predictions()[example]);
            count(actual, of.labels()[example]);
        }
        return new Confusion(LongStream.of(actual).sum(), LongStream.of(both).sum(), both, predicted, actual);
    }

    private static void count(long[] counts, int... classes) {
        for (int each : classes) {
            counts[each]++;
        }
    }

    /** F1 over all targets of all classes alike; 0 where nothing is right and nothing predicted. */
    double microF1() {
        long either = LongStream.of(predicted).sum() + LongStream.of(actual).sum();
        return either == 0 ? 0 : 2.0 * right / either;
    }

    double accuracy() {
        return targets == 0 ? 0 : (double) right / targets;
    }

    /** 2TP / (2TP + FP + FN); 0 for a class that occurs nowhere. */
    double f1(int label) {
        return occurs(label) ? 2.0 * both[label] / (predicted[label] + actual[label]) : 0;
    }

    /** Mean F1 of the classes that occur. */
    double macroF1() {
        return IntStream.range(0, both.length)
                .filter(this::occurs)
                .mapToDouble(this::f1)
                .average()
                .orElse(0);
    }

    /** Whether a class is predicted or right anywhere. */
    private boolean occurs(int label) {
        return predicted[label] + actual[label] > 0;
    }

    /** (c·s − Σ p_k·t_k) / √((s² − Σ p_k²)(s² − Σ t_k²)). */
    double matthews() {
        double s = targets;
        double covariance = right * s;
        double ofPredicted = s * s;
        double ofActual = s * s;
        for (int label = 0; label < both.length; label++) {
            covariance -= (double) predicted[label] * actual[label];
            ofPredicted -= (double) predicted[label] * predicted[label];
            ofActual -= (double) actual[label] * actual[label];
        }
        return ofPredicted == 0 || ofActual == 0 ? 0 : covariance / Math.sqrt(ofPredicted * ofActual);
    }
}
