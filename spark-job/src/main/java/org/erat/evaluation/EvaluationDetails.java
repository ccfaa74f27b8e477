package org.erat.evaluation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import java.util.List;
import java.util.Objects;
import javax.annotation.Nullable;
import org.erat.config.RowOrder;
import org.erat.data.BadInputException;
import org.erat.data.Json;

/**
 * What stands behind the metrics of an {@link Evaluation}: how certain they are, and where the adapter errs. What {@code
 * evaluation-details.json} holds; its size does not grow with the data.
 *
 * @param examples that were measured on
 * @param rank at which errors are told, the recommended one
 * @param order of the rows at that rank
 * @param uncertainty of the metric to rank by, at every rank above 0 in each order
 * @param classes names of the classes; empty where there are none
 * @param confusion how often a class was taken for another or itself, by the label and then by the prediction; at most
 *     {@value ErrorAnalysis#MOST_CELLS} cells, the most frequent ones
 * @param labels where an example has any number of labels, how often each is right and predicted
 * @param pairs of labels and predictions of a regression, at most {@value ErrorAnalysis#MOST_PAIRS}, spread evenly over the
 *     examples
 * @param hardest the examples that the adapter errs on most, the worst first, at most {@value ErrorAnalysis#MOST_EXAMPLES}
 */
public record EvaluationDetails(
        int examples,
        int rank,
        RowOrder order,
        List<Uncertainty> uncertainty,
        List<String> classes,
        List<Confused> confusion,
        @Nullable List<LabelCount> labels,
        List<Pair> pairs,
        List<Hard> hardest) {
    /** Name of the file in a run directory. */
    public static final String FILE = "evaluation-details.json";

    private static final ObjectMapper JSON = Json.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    public EvaluationDetails {
        Objects.requireNonNull(order, "order");
        uncertainty = List.copyOf(uncertainty);
        classes = List.copyOf(classes);
        confusion = List.copyOf(confusion);
        // Earlier programs wrote none.
        labels = labels == null ? List.of() : List.copyOf(labels);
        pairs = List.copyOf(pairs);
        hardest = List.copyOf(hardest);
    }

    /**
     * How certain the metric is at a rank.
     *
     * @param standardError by the bootstrap over examples
     */
    public record Uncertainty(RowOrder order, int rank, double standardError) {}

    /** How often one class was predicted where another, or the same, was right. */
    public record Confused(String label, String prediction, long count) {}

    /**
     * How often a label of several is right, predicted, and both.
     *
     * @param both of the examples of the label, those that it is predicted of
     */
    public record LabelCount(String name, long actual, long predicted, long both) {}

    /** A right number and what was predicted. */
    public record Pair(double label, double prediction) {}

    /**
     * An example that the adapter errs on.
     *
     * @param id of the example
     * @param text its tokens as text, cut where it is long; empty where the tokenizer cannot be used
     * @param label what is right; empty where it is the text itself
     * @param prediction what the adapter says
     * @param why what makes it one of the worst
     */
    public record Hard(long id, String text, String label, String prediction, String why) {}

    /** This as the text of a file. */
    public String toJson() {
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(this) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Records of text and numbers are always JSON", e);
        }
    }

    /**
     * Reads what {@link #toJson} wrote.
     *
     * @param place where the text is from, for the message
     * @throws BadInputException if it is something else
     */
    public static EvaluationDetails parse(String json, String place) {
        try {
            return JSON.readValue(json, EvaluationDetails.class);
        } catch (JsonProcessingException e) {
            throw new BadInputException(place + ": cannot be used: " + e.getMessage() + ". Remove it.", e);
        }
    }
}
