package org.erat.data.text;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.erat.data.BadInputException;
import org.erat.data.NearestName;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TaskType;

/** Checks the labels of a data set while it is read, and collects the classes where the task does not name them. */
final class LabelCheck implements RowCheck {
    private static final Pattern NUMBER = Pattern.compile("[-+]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][-+]?[0-9]+)?");

    private final TextTask task;
    private final boolean splitOff;
    /** How to do without labels, for messages. */
    private final String withoutLabels;

    /** Labels of each split with the place where they were first seen. */
    private final Map<String, String> inTraining = new LinkedHashMap<>();

    private final Map<String, String> inValidation = new LinkedHashMap<>();
    private final ClassCounts counts = new ClassCounts();

    /** The first number of a regression and its place; empty before it. */
    private String first = "";

    private String firstPlace = "";
    private boolean differ;

    /**
     * @param splitOff whether validation rows are a share of the training file, so that all labels of that file are
     *     classes, even one that happens to be in validation only
     * @param labelsMayLack whether the column of the labels may be left out, since the rows are for a model that is trained
     */
    LabelCheck(TextTask task, boolean splitOff, boolean labelsMayLack) {
        this(
                task,
                splitOff,
                labelsMayLack
                        ? ", or leave out --label"
                                + (task.type().hasWords() || task.type().hasLabelSets() ? "s" : "")
                                + ": predict needs none"
                        : "");
    }

    private LabelCheck(TextTask task, boolean splitOff, String withoutLabels) {
        this.task = task;
        this.splitOff = splitOff;
        this.withoutLabels = withoutLabels;
    }

    @Override
    public RowCheck ofTest() {
        LabelEncoding encoding = encoding();
        return new LabelCheck(
                task.withClasses(List.copyOf(encoding.indices().keySet()), encoding.names()),
                false,
                ", or move the file away: only evaluate reads a test split");
    }

    /** Gives the row with its labels as {@link LabelText} has them. */
    @Override
    public Optional<TextRow> checked(Split split, TextRow row, Supplier<String> place) {
        if (task.type().hasWords()) {
            checkWords(row, place);
        }
        if (task.label() == null) {
            return Optional.of(row.withLabels(List.of()));
        }
        List<String> labels = new ArrayList<>(row.labels().size());
        Set<String> counted = new HashSet<>();
        for (String each : row.labels()) {
            if (LabelText.isMissing(each)) {
                throw missing(row, labels.size(), place);
            }
            String label = task.type().hasClasses() ? LabelText.ofClass(each) : LabelText.stripped(each);
            check(split, label, place);
            // An example may name a class of its set twice; a word has its own.
            if (split == Split.TRAIN && (counted.add(label) || !task.type().hasLabelSets())) {
                counts.add(label);
            }
            labels.add(label);
        }
        return Optional.of(row.withLabels(labels));
    }

    /** Benchmarks that keep their numbers to themselves have a placeholder in each row, {@code -1.0}, which is a number too. */
    @Override
    public Optional<String> unmeasurable() {
        return first.isEmpty() || differ
                ? Optional.empty()
                : Optional.of(String.format(
                        "%s: from this row on, all labels (column '%s') are the same number, %s",
                        firstPlace, task.label(), first));
    }

    private void checkWords(TextRow row, Supplier<String> place) {
        int words = row.texts().size();
        int labels = row.labels().size();
        if (words == 0) {
            throw new BadInputException(
                    String.format("%s: '%s' has no words; leave out rows without any", place.get(), task.text()));
        }
        if (task.label() != null && words != labels) {
            throw new BadInputException(String.format(
                    "%s: %d words in '%s' but %d labels in '%s'; every word needs one label",
                    place.get(), words, task.text(), labels, task.label()));
        }
    }

    private BadInputException missing(TextRow row, int index, Supplier<String> place) {
        if (task.type().hasLabelSets()) {
            return missingInSet(row, index, place);
        }
        return new BadInputException(
                task.type().hasWords()
                        ? String.format(
                                "%s: word %d ('%s') has no label in '%s'%s; every word needs one%s",
                                place.get(),
                                index + 1,
                                row.texts().get(index),
                                task.label(),
                                written(row, index),
                                withoutLabels)
                        : String.format(
                                "%s: column '%s' has no label%s; leave out rows without one%s",
                                place.get(), task.label(), written(row, index), withoutLabels));
    }

    private BadInputException missingInSet(TextRow row, int index, Supplier<String> place) {
        return new BadInputException(String.format(
                "%s: label %d in '%s' is missing%s; leave it out of the list. An example without labels has an empty one%s",
                place.get(), index + 1, task.label(), written(row, index), withoutLabels));
    }

    private static String written(TextRow row, int index) {
        String label = row.labels().get(index);
        return label == null || LabelText.stripped(label).isEmpty() ? "" : ", '" + label + "' stands for none";
    }

    private void check(Split split, String label, Supplier<String> place) {
        if (task.type() == TaskType.REGRESSION) {
            checkNumber(label, place);
        } else if (!task.labelValues().isEmpty()) {
            checkKnown(label, place);
        } else {
            collect(split == Split.TRAIN || splitOff ? inTraining : inValidation, label, place);
        }
    }

    /**
     * The encoding of all labels checked.
     *
     * @throws BadInputException if a label is in the validation split alone, or there are not two classes
     */
    @Override
    public LabelEncoding encoding() {
        if (task.type() == TaskType.REGRESSION) {
            return new LabelEncoding(task.type(), List.of(), Map.of());
        }
        List<String> values = task.labelValues().isEmpty() ? collected() : task.labelValues();
        Map<String, Integer> indices = new LinkedHashMap<>();
        for (String value : values) {
            indices.put(value, indices.size());
        }
        return new LabelEncoding(task.type(), task.labelNames().isEmpty() ? values : task.labelNames(), indices);
    }

    /** Lines for people about the classes, once {@link #encoding} has found them; none of a regression. */
    @Override
    public List<String> report() {
        if (task.type() == TaskType.REGRESSION || counts.isEmpty()) {
            return List.of();
        }
        LabelEncoding encoding = encoding();
        return counts.report(List.copyOf(encoding.indices().keySet()), encoding.names());
    }

    private List<String> collected() {
        List<String> values = ClassNames.inOrder(inTraining.keySet());
        if (values.size() < 2) {
            throw new BadInputException(String.format(
                    "Every training row has the label %s (column '%s'): classification needs two classes or more",
                    values, task.label()));
        }
        inValidation.forEach((label, place) -> {
            if (!inTraining.containsKey(label)) {
                throw new BadInputException(String.format(
                        "%s: label '%s' is not among those of the training file%s. They are %s",
                        place,
                        label,
                        NearestName.hint(label, values),
                        String.join(", ", values.subList(0, Math.min(values.size(), 50)))));
            }
        });
        return values;
    }

    private void checkNumber(String label, Supplier<String> place) {
        if (!NUMBER.matcher(label).matches() || !Float.isFinite(Float.parseFloat(label))) {
            throw new BadInputException(String.format(
                    "%s: label '%s' (column '%s') is not a finite number, as regression needs; mend it, or give --type"
                            + " classification",
                    place.get(), label, task.label()));
        }
        if (first.isEmpty()) {
            first = label;
            firstPlace = place.get();
        }
        differ |= Float.parseFloat(label) != Float.parseFloat(first);
    }

    private void checkKnown(String label, Supplier<String> place) {
        if (!task.labelValues().contains(label)) {
            throw new BadInputException(String.format(
                    "%s: label '%s' (column '%s') is not one of %s: %s",
                    place.get(),
                    label,
                    task.label(),
                    String.join(", ", task.labelValues()),
                    withoutLabels.isEmpty()
                            ? "is the file that of task " + task.name() + "?"
                            : "mend it" + withoutLabels));
        }
    }

    private void collect(Map<String, String> seen, String label, Supplier<String> place) {
        if (!seen.containsKey(label)) {
            if (seen.size() == ClassNames.MOST) {
                throw new BadInputException(String.format(
                        "%s: column '%s' has more than %,d different labels: is it the label?%s",
                        place.get(),
                        task.label(),
                        ClassNames.MOST,
                        task.type().hasWords() ? "" : " If it is a number to predict, give --type regression"));
            }
            seen.put(label, place.get());
        }
    }
}
