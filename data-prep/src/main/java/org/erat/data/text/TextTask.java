package org.erat.data.text;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.erat.data.NearestName;
import org.erat.data.UsageException;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.TaskType;

/**
 * How a data set is laid out, and what is to be predicted. Columns, labels and files of the GLUE tasks are those of the readers
 * in Hugging Face's {@code transformers} ({@code data/processors/glue.py}) and {@code datasets} ({@code glue.py}).
 *
 * @param name name of the task
 * @param type what a label is
 * @param format how files are written
 * @param header whether the first row of a TSV or CSV file names the columns; if not, columns are numbers from 0
 * @param columns which columns are what
 * @param labelValues labels as the files write them, in the order of class indices; empty to collect them from the data
 * @param labelNames names of the classes, in the same order
 * @param metrics metrics that the task is judged by, the first being the one to rank by
 * @param validationFile what the name of the validation file begins with, where a folder has several; null for any
 * @param skipsShortRows whether rows with too few columns are counted and left out instead of refused
 * @param languageModeling how prompts and completions become tokens to predict; of other types {@link
 *     LanguageModeling#DEFAULT}
 */
public record TextTask(
        String name,
        TaskType type,
        TextFormat format,
        boolean header,
        TextColumns columns,
        List<String> labelValues,
        List<String> labelNames,
        List<String> metrics,
        String validationFile,
        boolean skipsShortRows,
        LanguageModeling languageModeling) {

    private static final String CUSTOM = "custom";

    private static final List<String> ENTAILMENT = List.of("entailment", "not_entailment");
    private static final List<String> ZERO_ONE = List.of("0", "1");
    private static final List<String> ACCURACY = List.of("accuracy");
    private static final List<String> ACCURACY_F1 = List.of("accuracy", "f1");
    private static final List<String> CORRELATIONS = List.of("pearson", "spearman");
    private static final List<String> PERPLEXITY = List.of("perplexity", "loss");
    private static final String TOKEN_ACCURACY = "token-accuracy";

    /** The label of a word of an entity, in any of the schemes IOB1, IOB2 and BIOES: {@code B-PER}. */
    private static final Pattern ENTITY_LABEL = Pattern.compile("[BIES]-.+");

    private static final List<TextTask> TASKS = List.of(
            new TextTask(
                    "wordnet",
                    TaskType.CLASSIFICATION,
                    TextFormat.WORDNET,
                    false,
                    new TextColumns.OfText("gloss", null, "lexicographer file"),
                    WordNetRows.LEXICOGRAPHER_FILES,
                    WordNetRows.LEXICOGRAPHER_FILES,
                    List.of("accuracy", "macro-f1"),
                    null,
                    false,
                    LanguageModeling.DEFAULT),
            glue("sst2", "sentence", null, "label", ZERO_ONE, List.of("negative", "positive"), ACCURACY),
            // The one GLUE file without a header: source, label, original mark, sentence.
            new TextTask(
                    "cola",
                    TaskType.CLASSIFICATION,
                    TextFormat.TSV,
                    false,
                    new TextColumns.OfText("3", null, "1"),
                    ZERO_ONE,
                    List.of("unacceptable", "acceptable"),
                    List.of("matthews"),
                    null,
                    false,
                    LanguageModeling.DEFAULT),
            glue(
                    "mrpc",
                    "#1 String",
                    "#2 String",
                    "Quality",
                    ZERO_ONE,
                    List.of("not_equivalent", "equivalent"),
                    ACCURACY_F1),
            glue("rte", "sentence1", "sentence2", "label", ENTAILMENT, ENTAILMENT, ACCURACY),
            glue("stsb", "sentence1", "sentence2", "score", List.of(), List.of(), CORRELATIONS),
            glue("qnli", "question", "sentence", "label", ENTAILMENT, ENTAILMENT, ACCURACY),
            glue(
                    "wnli",
                    "sentence1",
                    "sentence2",
                    "label",
                    ZERO_ONE,
                    List.of("not_entailment", "entailment"),
                    ACCURACY),
            new TextTask(
                    "mnli",
                    TaskType.CLASSIFICATION,
                    TextFormat.TSV,
                    true,
                    new TextColumns.OfText("sentence1", "sentence2", "gold_label"),
                    List.of("entailment", "neutral", "contradiction"),
                    List.of("entailment", "neutral", "contradiction"),
                    ACCURACY,
                    "dev_matched",
                    false,
                    LanguageModeling.DEFAULT),
            // The published training file has a few rows that are broken by line ends inside a question.
            new TextTask(
                    "qqp",
                    TaskType.CLASSIFICATION,
                    TextFormat.TSV,
                    true,
                    new TextColumns.OfText("question1", "question2", "is_duplicate"),
                    ZERO_ONE,
                    List.of("not_duplicate", "duplicate"),
                    ACCURACY_F1,
                    null,
                    true,
                    LanguageModeling.DEFAULT),
            generation(
                    "wordnet-definitions",
                    TextFormat.WORDNET,
                    new TextColumns.OfPrompt("word (lexicographer file)", "gloss")),
            generation("e2e", TextFormat.E2E, new TextColumns.OfPrompt("mr", "ref")),
            generation("webnlg", TextFormat.WEBNLG, new TextColumns.OfPrompt("triples", "lex")));

    public TextTask {
        labelValues = List.copyOf(labelValues);
        labelNames = List.copyOf(labelNames);
        metrics = List.copyOf(metrics);
        if (labelValues.size() != labelNames.size()) {
            throw new IllegalArgumentException(name + ": " + labelValues + " and " + labelNames);
        }
    }

    /** Names of the tasks whose layout is known. */
    public static List<String> names() {
        return TASKS.stream().map(TextTask::name).toList();
    }

    /**
     * The task of this name.
     *
     * @throws UsageException if there is none
     */
    public static TextTask named(String name) {
        return TASKS.stream()
                .filter(task -> task.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new UsageException(String.format(
                        "'%s' is not a task%s. The tasks are %s; other data are described by --format, --text and"
                                + " --label",
                        name, NearestName.hint(name, names()), String.join(", ", names()))));
    }

    /**
     * A data set of the user's own, whose classes are the distinct labels of its training split.
     *
     * @param header whether the first row names the columns; without, {@code text} and so on are numbers from 0
     * @param textPair column of the second text, or null
     * @param label null where the rows have none, and {@link #like} says what to predict
     * @throws UsageException if the columns cannot be what they are said to be
     */
    public static TextTask custom(
            TextFormat format, boolean header, String text, String textPair, String label, TaskType type) {
        if (type.hasWords()) {
            throw new UsageException(
                    String.format("%s needs a list of words and a list of labels: give --words and --labels", type));
        }
        if (type == TaskType.LANGUAGE_MODELING) {
            throw new UsageException(
                    type + " needs a text without a label: give --text, --messages, or --prompt and --completion");
        }
        if (type.hasLabelSets()) {
            return multiLabel(format, header, text, textPair, label, Optional.empty());
        }
        TextColumns columns = new TextColumns.OfText(text, textPair, label);
        requireNames(format, header, columns);
        return custom(
                type,
                format,
                header,
                columns,
                LanguageModeling.DEFAULT,
                type == TaskType.CLASSIFICATION ? List.of("accuracy", "macro-f1") : CORRELATIONS);
    }

    /**
     * A classification of the user's own whose examples have any number of labels, or none; its classes are the distinct
     * labels of its training split.
     *
     * @param header whether the first row names the columns; without, columns are numbers from 0
     * @param textPair column of the second text, or null
     * @param labels column of the labels: a list, or in a TSV or CSV file a cell; null where the rows have none
     * @param separator between the labels of a cell, by default a comma
     * @throws UsageException if the columns cannot be what they are said to be
     */
    public static TextTask multiLabel(
            TextFormat format,
            boolean header,
            String text,
            String textPair,
            String labels,
            Optional<String> separator) {
        boolean cells = format == TextFormat.TSV || format == TextFormat.CSV;
        if (separator.isPresent() && (!cells || separator.get().isEmpty())) {
            throw new UsageException(
                    cells
                            ? "--label-separator is empty: give what stands between two labels, such as ','"
                            : "--label-separator is for tsv and csv; " + format + " has lists. Leave it out");
        }
        TextColumns columns =
                new TextColumns.OfLabelSet(text, textPair, labels, cells ? separator.orElse(",") : "a list");
        requireNames(format, header, columns);
        return custom(
                TaskType.MULTI_LABEL_CLASSIFICATION,
                format,
                header,
                columns,
                LanguageModeling.DEFAULT,
                List.of("micro-f1", "macro-f1"));
    }

    /**
     * A token classification of the user's own, whose classes are the distinct labels of its training split. Each row has
     * a list of words and a list of as many labels.
     *
     * @param format JSONL or PARQUET
     * @param words column of the words
     * @param labels column of their labels; null where the rows have none
     * @throws UsageException if the format has no lists
     */
    public static TextTask tokenClassification(TextFormat format, String words, String labels) {
        if (format != TextFormat.JSONL && format != TextFormat.PARQUET) {
            throw new UsageException(String.format(
                    "A %s column cannot hold a list of words: give token classification as jsonl or parquet", format));
        }
        return custom(
                TaskType.TOKEN_CLASSIFICATION,
                format,
                true,
                new TextColumns.OfWords(words, labels),
                LanguageModeling.DEFAULT,
                List.of("entity-f1", TOKEN_ACCURACY));
    }

    /**
     * Text of the user's own to train a language model on.
     *
     * @param header whether the first row names the columns; without, columns are numbers from 0
     * @param columns of prompts, of messages or of plain text
     * @throws UsageException if the columns cannot be what they are said to be
     */
    public static TextTask languageModeling(
            TextFormat format, boolean header, TextColumns columns, LanguageModeling settings) {
        if (columns instanceof TextColumns.OfMessages && format != TextFormat.JSONL && format != TextFormat.PARQUET) {
            throw new UsageException(String.format(
                    "A %s column cannot hold a list of messages: give conversations as jsonl or parquet", format));
        }
        requireNames(format, header, columns);
        return custom(TaskType.LANGUAGE_MODELING, format, header, columns, LanguageModeling.DEFAULT, PERPLEXITY)
                .with(settings);
    }

    /**
     * The same with other settings of language modeling.
     *
     * @throws UsageException if they are not of use to this task
     */
    public TextTask with(LanguageModeling settings) {
        boolean prompts = columns instanceof TextColumns.OfPrompt;
        if (!prompts && settings.separator().isPresent()) {
            throw new UsageException("--separator stands between a prompt and its completion: leave it out, or name the"
                    + " columns of both with --prompt and --completion");
        }
        if (!prompts
                && !(columns instanceof TextColumns.OfMessages)
                && settings.lossOn() != LanguageModeling.LossOn.COMPLETION) {
            throw new UsageException("--loss-on is for prompts with completions and for messages: leave it out");
        }
        if (type != TaskType.LANGUAGE_MODELING && settings.skipsUnusable()) {
            throw new UsageException("--skip-unusable is for language-modeling: leave it out");
        }
        return new TextTask(
                name,
                type,
                format,
                header,
                columns,
                labelValues,
                labelNames,
                metrics,
                validationFile,
                skipsShortRows,
                settings);
    }

    private static void requireNames(TextFormat format, boolean header, TextColumns columns) {
        if (!header && !format.hasOptionalHeader()) {
            throw new UsageException(
                    String.format("The columns of %s always have names: leave out --no-header", format));
        }
        if (!header) {
            Stream.concat(columns.texts().stream(), Stream.ofNullable(columns.label()))
                    .forEach(TextTask::requireNumber);
        }
    }

    private static TextTask custom(
            TaskType type,
            TextFormat format,
            boolean header,
            TextColumns columns,
            LanguageModeling settings,
            List<String> metrics) {
        return new TextTask(
                CUSTOM, type, format, header, columns, List.of(), List.of(), metrics, null, false, settings);
    }

    private static TextTask generation(String name, TextFormat format, TextColumns columns) {
        return new TextTask(
                name,
                TaskType.LANGUAGE_MODELING,
                format,
                true,
                columns,
                List.of(),
                List.of(),
                PERPLEXITY,
                null,
                false,
                LanguageModeling.DEFAULT);
    }

    /** Whether the rows say what is to be predicted. */
    boolean labelled() {
        return columns.labelled();
    }

    /** Column of the text, or of what else is tokenized first. */
    String text() {
        return columns.texts().get(0);
    }

    /** Column of the second text, or null. */
    String textPair() {
        return columns.texts().size() == 1 ? null : columns.texts().get(1);
    }

    /** Column of the label, or of the labels of the words; null where the rows have none. */
    String label() {
        return columns.label();
    }

    /**
     * The same columns, with the task, the classes and the metrics of a data set that was prepared before.
     *
     * @throws UsageException if its labels are of another type
     */
    TextTask like(Manifest other) {
        if (type != other.type()) {
            throw new UsageException(String.format(
                    "--like names data of type %s, and these are of type %s: give --type %s",
                    other.type(), type, other.type()));
        }
        return new TextTask(
                other.task(),
                type,
                format,
                header,
                columns,
                names().contains(other.task()) ? named(other.task()).labelValues : other.labelNames(),
                other.labelNames(),
                other.metrics(),
                validationFile,
                skipsShortRows,
                languageModeling.like(other));
    }

    /** The same with classes that are known; of other tasks than classifications the same. */
    TextTask withClasses(List<String> values, List<String> names) {
        return new TextTask(
                name,
                type,
                format,
                header,
                columns,
                values,
                names,
                metrics,
                validationFile,
                skipsShortRows,
                languageModeling);
    }

    /** Which files of a folder are which split; folders of known data sets hold other files too. */
    SplitRule splitRule() {
        return new SplitRule(format, validationFile, isCustom());
    }

    /** Whether its layout is one that the user describes. */
    boolean isCustom() {
        return name.equals(CUSTOM);
    }

    /** Whether its name says where its columns are. */
    boolean isKnown() {
        return names().contains(name);
    }

    /**
     * The metrics for classes of these names: {@code entity-f1} is left out where no name marks an entity, as with parts
     * of speech.
     */
    List<String> metrics(List<String> names) {
        boolean entities =
                names.stream().anyMatch(name -> ENTITY_LABEL.matcher(name).matches());
        return type.hasWords() && !entities ? List.of(TOKEN_ACCURACY) : metrics;
    }

    /** @throws UsageException if a column is not named by its number */
    static void requireNumber(String column) {
        if (!column.matches("[0-9]{1,6}")) {
            throw new UsageException(
                    String.format("Column '%s': without a header a column is named by its number, from 0", column));
        }
    }

    private static TextTask glue(
            String name,
            String text,
            String textPair,
            String label,
            List<String> labelValues,
            List<String> labelNames,
            List<String> metrics) {
        return new TextTask(
                name,
                labelValues.isEmpty() ? TaskType.REGRESSION : TaskType.CLASSIFICATION,
                TextFormat.TSV,
                true,
                new TextColumns.OfText(text, textPair, label),
                labelValues,
                labelNames,
                metrics,
                null,
                false,
                LanguageModeling.DEFAULT);
    }
}
