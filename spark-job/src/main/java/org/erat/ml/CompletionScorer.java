package org.erat.ml;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.erat.generation.GeneratedText;
import org.erat.generation.GenerationSettings;
import org.erat.generation.Prompt;
import org.erat.generation.TextGenerator;
import org.erat.generation.TextModel;

/**
 * Completes prompts.
 *
 * @param batchSize prompts that are completed together, of like length
 * @param written whether the completion is written
 */
record CompletionScorer(
        ExampleColumns columns, Broadcast<TextModel> model, GenerationSettings settings, int batchSize, boolean written)
        implements RowScorer {
    private static final int BATCHES_TOGETHER = 4;

    @Override
    public int together() {
        return BATCHES_TOGETHER * batchSize;
    }

    @Override
    public Opened open() {
        return new InTask(new TextGenerator(model.value(), settings));
    }

    private final class InTask implements Opened {
        private final TextGenerator generator;

        InTask(TextGenerator generator) {
            this.generator = generator;
        }

        @Override
        public List<Object[]> score(List<Row> rows) {
            List<String> texts =
                    rows.stream().map(row -> columns.text(row).texts().get(0)).toList();
            List<Prompt> prompts = new ArrayList<>(generator.prompts(texts, "column '" + columns.text() + "'"));
            prompts.sort(Comparator.comparingInt(prompt -> prompt.tokens().length));
            Object[][] values = new Object[rows.size()][];
            for (int from = 0; from < prompts.size(); from += batchSize) {
                for (GeneratedText text :
                        generator.complete(prompts.subList(from, Math.min(prompts.size(), from + batchSize)))) {
                    values[(int) text.id()] = written ? new Object[] {text.text()} : new Object[0];
                }
            }
            return List.of(values);
        }

        @Override
        public void close() {
            generator.close();
        }
    }
}
