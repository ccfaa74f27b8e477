package org.erat.data.tokenized;

import java.util.List;
import org.erat.data.UsageException;

/**
 * What the rows of a tokenized data set do not say themselves.
 *
 * @param task name of the task
 * @param type what a label is
 * @param labelNames names of the classes, in the order of their indices; empty where it has none
 * @param metrics names of the metrics that the task is judged by, the first being the one to rank by
 * @param tokenizerSha256 SHA-256 of the {@code tokenizer.json} that made the tokens, in hexadecimal
 */
public record DatasetDescription(
        String task, TaskType type, List<String> labelNames, List<String> metrics, String tokenizerSha256) {
    public DatasetDescription {
        labelNames = List.copyOf(labelNames);
        metrics = List.copyOf(metrics);
        if (type.hasClasses() ? labelNames.size() < 2 : !labelNames.isEmpty()) {
            throw new UsageException(String.format(
                    "Task %s has %d label names: %s needs %s",
                    task, labelNames.size(), type, type.hasClasses() ? "two or more" : "none"));
        }
        if (metrics.isEmpty()) {
            throw new UsageException(String.format("Task %s has no metrics: name at least one", task));
        }
    }
}
