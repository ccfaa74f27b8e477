package org.erat.data.text;

import java.io.Serializable;
import java.util.List;
import java.util.Map;
import org.erat.data.tokenized.TaskType;

/**
 * Turns labels as files write them into what models learn. Sent to executors inside a task's closure,
 * which Spark always writes by Java's own serialization.
 *
 * @param type what a label is
 * @param names names of the classes in the order of their indices; empty for regression
 * @param indices class index by label as written; empty for regression
 */
record LabelEncoding(TaskType type, List<String> names, Map<String, Integer> indices) implements Serializable {

    /** The class index as an Integer, or the number as a Float: the column types of the two kinds of task. */
    Number encode(String label) {
        return type == TaskType.CLASSIFICATION ? (Number) indices.get(label) : (Number) Float.valueOf(label);
    }
}
