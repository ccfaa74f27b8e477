package org.erat.ml;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.annotation.Nullable;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Row;
import org.erat.data.text.FrameTokenizer;
import org.erat.data.tokenized.PackedExamples;
import org.erat.data.tokenized.TaskType;
import org.erat.inference.Probabilities;
import org.erat.inference.ShardInference;

/**
 * Predicts classes or numbers.
 *
 * @param written which of logits, probabilities, prediction and name are written
 * @param tokenizer null where rows are token ids
 */
record LabelScorer(
        ExampleColumns columns,
        List<String> classes,
        Written written,
        int together,
        ShardInference inference,
        @Nullable Broadcast<FrameTokenizer> tokenizer)
        implements RowScorer {
    /** Which columns are written. */
    record Written(boolean raw, boolean probability, boolean prediction, boolean label) implements Serializable {}

    /** What is predicted for an example, or for a word of one. */
    private record Predicted(Vector raw, Vector probability, double prediction, String label) {}

    @Override
    public Opened open() {
        return new InTask(tokenizer == null ? null : tokenizer.value().open());
    }

    private final class InTask implements Opened {
        @Nullable
        private final FrameTokenizer.Opened opened;

        InTask(@Nullable FrameTokenizer.Opened opened) {
            this.opened = opened;
        }

        @Override
        public List<Object[]> score(List<Row> rows) {
            List<Row> tokenized = opened == null
                    ? rows.stream().map(columns::tokenized).toList()
                    : opened.tokenized(rows.stream().map(columns::text).toList());
            PackedExamples examples = PackedExamples.of(columns.type(), tokenized);
            Object[][] values = new Object[rows.size()][];
            inference.run(
                    examples,
                    (selection, example, outputs) ->
                            values[example] = columns.type().hasWords()
                                    ? ofWords(examples.wordStarts(example), outputs)
                                    : ofExample(outputs));
            return Arrays.asList(values);
        }

        @Override
        public void close() {
            if (opened != null) {
                opened.close();
            }
        }
    }

    private Object[] ofExample(float... outputs) {
        Predicted predicted = predicted(outputs);
        return values(predicted.raw(), predicted.probability(), predicted.prediction(), predicted.label());
    }

    private Object[] ofWords(int[] wordStarts, float... outputs) {
        int words = wordStarts.length;
        Vector[] raw = new Vector[words];
        Vector[] probability = new Vector[words];
        Double[] prediction = new Double[words];
        String[] label = new String[words];
        int row = 0;
        for (int word = 0; word < words; word++) {
            // Of a word that was cut away nothing is known.
            if (wordStarts[word] >= 0) {
                int from = row++ * classes.size();
                Predicted predicted = predicted(Arrays.copyOfRange(outputs, from, from + classes.size()));
                raw[word] = predicted.raw();
                probability[word] = predicted.probability();
                prediction[word] = predicted.prediction();
                label[word] = predicted.label();
            }
        }
        return values(raw, probability, prediction, label);
    }

    private Predicted predicted(float... outputs) {
        if (columns.type() == TaskType.REGRESSION) {
            return new Predicted(null, null, outputs[0], null);
        }
        int highest = inference.classes(outputs)[0];
        return new Predicted(vector(outputs), vector(Probabilities.of(outputs)), highest, classes.get(highest));
    }

    private static Vector vector(float... values) {
        double[] wide = new double[values.length];
        Arrays.setAll(wide, i -> values[i]);
        return Vectors.dense(wide);
    }

    private Object[] values(Object raw, Object probability, Object prediction, Object label) {
        List<Object> values = new ArrayList<>();
        add(values, written.raw(), raw);
        add(values, written.probability(), probability);
        add(values, written.prediction(), prediction);
        add(values, written.label(), label);
        return values.toArray();
    }

    private static void add(List<Object> values, boolean wanted, Object value) {
        if (wanted) {
            values.add(value);
        }
    }
}
