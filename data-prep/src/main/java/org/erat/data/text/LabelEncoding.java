package org.erat.data.text;

import java.io.Serializable;
import java.util.List;
import java.util.Map;
import org.erat.data.tokenized.TaskType;

/**
 * Turns labels as files write them into the numbers that models are trained on. It travels in the closure of a task,
 * which Spark always serializes with Java's own serialization.
 *
 * @param type what a label is
 * @param names names of the classes in the order of their indices; empty for regression
 * @param indices class index by label as written; empty for regression
 */
record LabelEncoding(TaskType type, List<String> names, Map<String, Integer> indices) implements Serializable {

    /**
     * The class index as an Integer, the number as a Float, or the indices of all classes as ints, ascending, as the column
     * of the task's type needs it.
     *
     * @param labels one, or none; any number of a task with label sets
     * @return null for none of a task with one label
     */
    Object encode(List<String> labels) {
        if (type.hasLabelSets()) {
            return labels.stream().mapToInt(indices::get).sorted().distinct().toArray();
        }
        if (labels.isEmpty()) {
            return null;
        }
        String label = labels.get(0);
        return type.hasClasses() ? (Number) indices.get(label) : (Number) Float.valueOf(label);
    }

    /** The class index of each label. */
    int[] classes(List<String> labels) {
        return labels.stream().mapToInt(indices::get).toArray();
    }
}
