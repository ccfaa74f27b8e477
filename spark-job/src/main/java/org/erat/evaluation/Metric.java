package org.erat.evaluation;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.apache.commons.math3.stat.correlation.PearsonsCorrelation;
import org.apache.commons.math3.stat.correlation.SpearmansCorrelation;
import org.erat.data.BadInputException;
import org.erat.data.tokenized.TaskType;

/**
 * The metrics of the GLUE tasks (arXiv 1804.07461) as its reference code has them, which are those of scikit-learn and
 * SciPy, of words those of seqeval, and of texts those of language models. Where the formula of a share divides zero by zero
 * the value is 0: that is what a prediction that says nothing is worth.
 */
@SuppressWarnings("ImmutableEnumChecker") // The formulas keep nothing, and the sets are never changed.
public enum Metric {
    /** Share of right classes. */
    ACCURACY(ofClasses(classes -> Confusion.of(classes).accuracy()), TaskType.CLASSIFICATION),
    /** F1 of class 1. */
    F1(ofClasses(classes -> Confusion.of(classes).f1(1)), TaskType.CLASSIFICATION),
    /** Mean of the F1 of all classes that occur among predictions or labels. */
    MACRO_F1(
            predicted -> confusion(predicted).macroF1(),
            TaskType.CLASSIFICATION,
            TaskType.MULTI_LABEL_CLASSIFICATION,
            TaskType.TOKEN_CLASSIFICATION),
    /** F1 of the labels of all examples, each as one target. */
    MICRO_F1(predicted -> confusion(predicted).microF1(), TaskType.MULTI_LABEL_CLASSIFICATION),
    /** Matthews correlation of two or more classes (Gorodkin 2004, the R_K statistic); 0 for a constant prediction. */
    MATTHEWS(ofClasses(classes -> Confusion.of(classes).matthews()), TaskType.CLASSIFICATION),
    /** Share of words with the right class. */
    TOKEN_ACCURACY(ofClasses(classes -> Confusion.of(classes).accuracy()), TaskType.TOKEN_CLASSIFICATION),
    /** F1 of named entities, as seqeval has it. */
    ENTITY_F1(ofClasses(Entities::f1), TaskType.TOKEN_CLASSIFICATION),
    /** Pearson correlation; 0 if either side is constant or has a number that is not finite. */
    PEARSON(ofNumbers(new PearsonsCorrelation()::correlation), TaskType.REGRESSION),
    /** Spearman correlation, ties sharing the mean of their ranks; 0 where Pearson's is. */
    SPEARMAN(ofNumbers(new SpearmansCorrelation()::correlation), TaskType.REGRESSION),
    /** exp of {@link #LOSS}: among how many tokens, all alike, a choice would be as hard. */
    PERPLEXITY(Direction.LOWER, Scale.PLAIN, losses -> Math.exp(meanLoss(losses)), TaskType.LANGUAGE_MODELING),
    /** Mean of −ln p over the target tokens of all examples, in nats. */
    LOSS(Direction.LOWER, Scale.PLAIN, Metric::meanLoss, TaskType.LANGUAGE_MODELING);

    /** Which of two values is better. */
    private enum Direction {
        HIGHER,
        LOWER
    }

    /** What values are. */
    private enum Scale {
        /** Shares and correlations, shown × 100. */
        SHARE,
        /** Numbers of their own. */
        PLAIN
    }

    private final Direction direction;
    private final Scale scale;
    private final ToDoubleFunction<Predicted> formula;
    private final Set<TaskType> types;

    Metric(ToDoubleFunction<Predicted> formula, TaskType... types) {
        this(Direction.HIGHER, Scale.SHARE, formula, types);
    }

    Metric(Direction direction, Scale scale, ToDoubleFunction<Predicted> formula, TaskType... types) {
        this.direction = direction;
        this.scale = scale;
        this.formula = formula;
        this.types = EnumSet.copyOf(Arrays.asList(types));
    }

    private static Confusion confusion(Predicted predicted) {
        return predicted instanceof Predicted.LabelSets sets
                ? Confusion.of(sets)
                : Confusion.of((Predicted.Classes) predicted);
    }

    private static double meanLoss(Predicted predicted) {
        Predicted.Losses losses = (Predicted.Losses) predicted;
        return sum(losses.sums()) / sum(losses.targets());
    }

    private static double sum(float... values) {
        double sum = 0;
        for (float value : values) {
            sum += value;
        }
        return sum;
    }

    /** A correlation of two series. */
    private interface Correlation {
        double of(double[] predictions, double[] labels);
    }

    private static ToDoubleFunction<Predicted> ofClasses(ToDoubleFunction<Predicted.Classes> formula) {
        return predicted -> formula.applyAsDouble((Predicted.Classes) predicted);
    }

    private static ToDoubleFunction<Predicted> ofNumbers(Correlation correlation) {
        return predicted -> {
            double[] predictions = doubles(((Predicted.Numbers) predicted).predictions());
            double[] labels = doubles(((Predicted.Numbers) predicted).labels());
            // Spearman's would give a rank to what is not a number.
            if (labels.length < 2 || !areFinite(predictions) || !areFinite(labels)) {
                return 0;
            }
            double value = correlation.of(predictions, labels);
            return Double.isNaN(value) ? 0 : value;
        };
    }

    private static double[] doubles(float[] values) {
        double[] doubles = new double[values.length];
        Arrays.setAll(doubles, i -> values[i]);
        return doubles;
    }

    private static boolean areFinite(double[] values) {
        return Arrays.stream(values).allMatch(Double::isFinite);
    }

    /**
     * The metrics that a manifest names for a task.
     *
     * @param names such as {@code macro-f1}
     * @param type of the task
     * @param place where they are named, for the message
     * @throws BadInputException if one is not a metric of such tasks
     */
    static List<Metric> named(List<String> names, TaskType type, String place) {
        return names.stream().map(name -> named(name, type, place)).toList();
    }

    private static Metric named(String name, TaskType type, String place) {
        List<Metric> known = Arrays.stream(values())
                .filter(metric -> metric.types.contains(type))
                .toList();
        return known.stream()
                .filter(metric -> metric.toString().equals(name))
                .findFirst()
                .orElseThrow(() -> new BadInputException(
                        place + ": '" + name + "' is not a metric of a " + type + " task. Name one of " + known + "."));
    }

    /**
     * The metric of a name.
     *
     * @param place where it is named, for the message
     * @throws BadInputException if there is none
     */
    public static Metric named(String name, String place) {
        return Arrays.stream(values())
                .filter(metric -> metric.toString().equals(name))
                .findFirst()
                .orElseThrow(() -> new BadInputException(place + ": '" + name + "' is not a known metric."));
    }

    /** A value of the metric with the sign that makes higher better, whichever its direction is. */
    public double higherIsBetter(double value) {
        return direction == Direction.HIGHER ? value : -value;
    }

    /** What values are multiplied by where people read them. */
    public double factor() {
        return scale == Scale.SHARE ? 100 : 1;
    }

    /** Decimals that tell values apart, multiplied by {@link #factor}. */
    public int decimals() {
        return scale == Scale.SHARE ? 1 : 3;
    }

    /** Its name with what people need to read values: {@code accuracy × 100}, {@code perplexity, lower is better}. */
    public String label() {
        return this
                + (scale == Scale.SHARE ? " × 100" : "")
                + (direction == Direction.LOWER ? ", lower is better" : "");
    }

    /** The value over all examples, of which there is at least one, of a task that this is a metric of. */
    double of(Predicted predicted) {
        return formula.applyAsDouble(predicted);
    }

    /** Its name in manifests and files. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
