package org.erat.evaluation;

import java.util.Locale;
import org.apache.commons.math3.stat.correlation.PearsonsCorrelation;
import org.apache.commons.math3.stat.correlation.SpearmansCorrelation;
import org.erat.data.BadInputException;

/**
 * The metrics of the GLUE tasks (arXiv 1804.07461), as its reference code has them: those of scikit-learn and SciPy.
 * Higher is better. Where a formula divides zero by zero the value is 0: that is what a prediction that says nothing is
 * worth.
 */
enum Metric {
    /** Share of right classes. */
    ACCURACY {
        @Override
        public double of(float[] predictions, float[] labels) {
            return Confusion.of(predictions, labels).accuracy();
        }
    },
    /** F1 of class 1. */
    F1 {
        @Override
        public double of(float[] predictions, float[] labels) {
            return Confusion.of(predictions, labels).f1(1);
        }
    },
    /** Mean of the F1 of all classes that occur among predictions or labels. */
    MACRO_F1 {
        @Override
        public double of(float[] predictions, float[] labels) {
            return Confusion.of(predictions, labels).macroF1();
        }
    },
    /** Matthews correlation of two or more classes (Gorodkin 2004, the R_K statistic); 0 for a constant prediction. */
    MATTHEWS {
        @Override
        public double of(float[] predictions, float[] labels) {
            return Confusion.of(predictions, labels).matthews();
        }
    },
    /** Pearson correlation; 0 if either side is constant or has a number that is not finite. */
    PEARSON {
        @Override
        public double of(float[] predictions, float[] labels) {
            return correlated(predictions, labels)
                    ? orZero(new PearsonsCorrelation().correlation(doubles(predictions), doubles(labels)))
                    : 0;
        }
    },
    /** Spearman correlation, ties sharing the mean of their ranks; 0 where Pearson's is. */
    SPEARMAN {
        @Override
        public double of(float[] predictions, float[] labels) {
            return correlated(predictions, labels)
                    ? orZero(new SpearmansCorrelation().correlation(doubles(predictions), doubles(labels)))
                    : 0;
        }
    };

    /**
     * The metric with a name that a manifest gives, such as {@code macro-f1}.
     *
     * @throws BadInputException if there is none
     */
    static Metric named(String name) {
        for (Metric metric : values()) {
            if (metric.toString().equals(name)) {
                return metric;
            }
        }
        throw new BadInputException("'" + name + "' is not the name of a metric. Prepare the data again.");
    }

    /**
     * The value over all examples, of which there is at least one.
     *
     * @param predictions [n] class index or number
     * @param labels [n] class index or number
     */
    abstract double of(float[] predictions, float[] labels);

    /** Its name in manifests and files. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static boolean correlated(float[] predictions, float[] labels) {
        for (int i = 0; i < predictions.length; i++) {
            // Otherwise a rank would be given to what is not a number.
            if (!Float.isFinite(predictions[i]) || !Float.isFinite(labels[i])) {
                return false;
            }
        }
        return predictions.length > 1;
    }

    private static double[] doubles(float[] values) {
        double[] doubles = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            doubles[i] = values[i];
        }
        return doubles;
    }

    private static double orZero(double value) {
        return Double.isNaN(value) ? 0 : value;
    }
}
