package org.erat.evaluation;

/**
 * Counts of examples by class.
 *
 * @param examples s, all
 * @param right c, those whose class was predicted
 * @param both by class, examples of it that were predicted as it
 * @param predicted p, by class, examples that were predicted as it
 * @param actual t, by class, examples of it
 */
record Confusion(long examples, long right, long[] both, long[] predicted, long[] actual) {
    static Confusion of(float[] predictions, float[] labels) {
        int classes = 0;
        for (int i = 0; i < labels.length; i++) {
            classes = Math.max(classes, 1 + Math.max((int) predictions[i], (int) labels[i]));
        }
        long[] both = new long[classes];
        long[] predicted = new long[classes];
        long[] actual = new long[classes];
        long right = 0;
        for (int i = 0; i < labels.length; i++) {
            int prediction = (int) predictions[i];
            int label = (int) labels[i];
            predicted[prediction]++;
            actual[label]++;
            if (prediction == label) {
                both[label]++;
                right++;
            }
        }
        return new Confusion(labels.length, right, both, predicted, actual);
    }

    double accuracy() {
        return (double) right / examples;
    }

    /** 2TP / (2TP + FP + FN); 0 for a class that occurs nowhere. */
    double f1(int label) {
        if (label >= both.length || predicted[label] + actual[label] == 0) {
            return 0;
        }
        return 2.0 * both[label] / (predicted[label] + actual[label]);
    }

    double macroF1() {
        double sum = 0;
        int occurring = 0;
        for (int label = 0; label < both.length; label++) {
            if (predicted[label] + actual[label] > 0) {
                sum += f1(label);
                occurring++;
            }
        }
        return sum / occurring;
    }

    /** (c·s − Σ p_k·t_k) / √((s² − Σ p_k²)(s² − Σ t_k²)). */
    double matthews() {
        double s = examples;
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
