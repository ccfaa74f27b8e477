package org.erat.evaluation;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.descriptive.moment.StandardDeviation;
import org.erat.data.SplitMix64;

/** How much a metric would vary over other examples of the same kind (Efron, 1979). */
final class Bootstrap {
    // Efron and Tibshirani (1993) find 200 to be more than enough for a standard error.
    private static final int REPLICATES = 200;

    private Bootstrap() {}

    /** The standard error of a metric: its standard deviation over data sets drawn from the examples with replacement. */
    static double standardError(Predicted predicted, Metric metric) {
        int examples = predicted.examples();
        double[] values = new double[REPLICATES];
        Arrays.setAll(values, replicate -> {
            SplitMix64 random = new SplitMix64(replicate);
            return metric.of(predicted.of(IntStream.generate(() -> random.nextInt(examples))
                    .limit(examples)
                    .toArray()));
        });
        return new StandardDeviation().evaluate(values);
    }
}
