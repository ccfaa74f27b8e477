package org.erat.cli;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import javax.annotation.Nullable;
import org.apache.hadoop.conf.Configuration;
import org.erat.data.UsageException;
import org.erat.data.text.KeptColumns;
import org.erat.data.text.TextFormat;
import org.erat.data.text.TextTask;
import org.erat.data.text.TextToPredict;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.TaskType;
import org.erat.model.BaseModel;
import picocli.CommandLine.Option;

/** Options that say where text to predict for is, and how it is laid out. */
final class TextOptions {
    private static final String NONE = "none";
    private static final String TEXT = "--text";

    /**
     * What they say.
     *
     * @param input file or folder; empty where there is no text
     * @param format empty for the one that the names of the files say
     * @param text column of the text or the words; empty for that of the training data
     * @param textPair column of the second text; empty for that of the training data, if any
     * @param header whether the first row names the columns
     */
    record Choice(
            Optional<String> input,
            Optional<TextFormat> format,
            Optional<String> text,
            Optional<String> words,
            Optional<String> textPair,
            boolean header,
            KeptColumns keep,
            OptionalInt maxLength) {
        /**
         * The text to read.
         *
         * @param type of the adapter's task
         * @param base base model of the adapter
         * @param training what the adapter was trained on
         * @param trainingPlace where that should be
         * @throws UsageException if columns or length are not given and not known
         */
        TextToPredict.Request request(
                Configuration hadoop,
                TaskType type,
                BaseModel base,
                Optional<Manifest> training,
                String trainingPlace) {
            String path = input.orElseThrow();
            int longest = maxLength.orElseGet(() -> training.map(Manifest::maxLength)
                    .orElseThrow(() -> new UsageException("The data that the run was trained on are not at "
                            + trainingPlace + " any more. Give the --max-length that they were prepared with, which is "
                            + "128 by default.")));
            return new TextToPredict.Request(
                    task(hadoop, path, type, training.map(Manifest::settings).orElse(Map.of())),
                    path,
                    keep,
                    base.uri(),
                    base.architecture().vocabulary(),
                    Math.min(longest, base.maxLength()));
        }

        private TextTask task(Configuration hadoop, String path, TaskType type, Map<String, String> trained) {
            TextFormat known = format.orElseGet(() -> TextToPredict.format(hadoop, path));
            String option = type.hasWords() ? "--words" : TEXT;
            if ((type.hasWords() ? text : words).isPresent()) {
                throw new UsageException((type.hasWords() ? TEXT : "--words") + " is not for " + type
                        + ", which the adapter was trained for. Name the column with " + option + ".");
            }
            Optional<String> named = type.hasWords() ? words : text;
            // Where the first row of the training data was an example, columns are numbers, which not every format has.
            boolean numbers = hasNumbers(trained);
            boolean hasHeader = header && !(numbers && named.isEmpty() && known.hasOptionalHeader());
            boolean inherits = !(numbers && hasHeader);
            String column = column(named, trained, "text", inherits, option)
                    .orElseThrow(() -> new UsageException("Which column is to be read? Name it with " + option + "."));
            return type.hasWords()
                    ? TextTask.tokenClassification(known, column, null)
                    : TextTask.custom(
                            known,
                            hasHeader,
                            column,
                            column(textPair, trained, "text-pair", inherits, "--text-pair")
                                    .orElse(null),
                            null,
                            type);
        }

        private static boolean hasNumbers(Map<String, String> trained) {
            return "false".equals(trained.get("header"))
                    && Stream.of(TextFormat.values())
                            .filter(TextFormat::hasOptionalHeader)
                            .anyMatch(each -> each.toString().equals(trained.get("format")));
        }

        /**
         * The column that is named, else that of the training data, if they have one.
         *
         * @param inherits whether columns of the training data are named as those of the text are
         */
        private static Optional<String> column(
                Optional<String> named, Map<String, String> trained, String what, boolean inherits, String option) {
            Optional<String> ofTraining = Optional.ofNullable(trained.get(what)).filter(name -> !name.equals(NONE));
            if (named.isEmpty() && ofTraining.isPresent() && !inherits) {
                throw new UsageException("The training data have no header, so their columns are numbers, and those of"
                        + " --input have names. Name the column of the " + (what.equals("text") ? "" : "second ")
                        + "text with " + option + ".");
            }
            return named.or(() -> ofTraining);
        }
    }

    @Option(
            names = "--input",
            paramLabel = "PATH",
            description = "Text to predict for, in place of --data: a file, or a folder that is one table; tsv, csv,"
                    + " jsonl or parquet, which its ending says, also compressed. It needs no labels.")
    private String input;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            description = "Format of --input where its ending does not say it: tsv, csv, jsonl or parquet.")
    private String format;

    @Option(names = TEXT, paramLabel = "COL", description = "Column of the text (default: that of the training data).")
    private String text;

    @Option(
            names = "--text-pair",
            paramLabel = "COL",
            description = "Column of the second text (default: that of the training data, if they are pairs).")
    private String textPair;

    @Option(
            names = "--words",
            paramLabel = "COL",
            description = "Column of the words of a token classification (default: that of the training data).")
    private String words;

    @Option(
            names = "--no-header",
            description = "The first line of a tsv or csv file is an example; columns are named by number, from 0.")
    private boolean noHeader;

    @Option(
            names = "--keep",
            split = ",",
            paramLabel = "COL",
            description = "Columns of --input to write before the prediction, or all (default: none).")
    private List<String> keep = List.of();

    @Option(
            names = "--max-length",
            paramLabel = "N",
            description = "Longest example in tokens, where --input is given (default: that of the training data).")
    private Integer maxLength;

    /**
     * What they say.
     *
     * @param data whether prepared data are named
     */
    Choice choice(boolean data) {
        if (data == (input != null)) {
            throw new UsageException("Name either prepared data with --data, or text with --input.");
        }
        if (data) {
            requireText("--format", format);
            requireText(TEXT, text);
            requireText("--text-pair", textPair);
            requireText("--words", words);
            requireText("--no-header", noHeader ? "" : null);
            requireText("--keep", keep.isEmpty() ? null : "");
            requireText("--max-length", maxLength);
        }
        return new Choice(
                Optional.ofNullable(input),
                Optional.ofNullable(format).map(TextFormat::ofTable),
                Optional.ofNullable(text),
                Optional.ofNullable(words),
                Optional.ofNullable(textPair),
                !noHeader,
                keep.equals(List.of("all")) ? KeptColumns.ALL : new KeptColumns(false, distinct(keep)),
                maxLength == null ? OptionalInt.empty() : OptionalInt.of(maxLength));
    }

    private static List<String> distinct(List<String> names) {
        return names.stream().distinct().toList();
    }

    private static void requireText(String option, @Nullable Object value) {
        if (value != null) {
            throw new UsageException(option + " is for --input, and prepared data say it themselves. Leave it out.");
        }
    }
}
