package org.erat.cli;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.erat.data.storage.Storage;
import org.erat.data.text.TextTokenizer;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.generation.Prompt;
import org.erat.generation.Prompts;
import org.erat.model.BaseModel;
import picocli.CommandLine.Option;

/** Options that say where prompts come from. */
final class PromptOptions {
    private static final String COLUMN = "prompt";

    /**
     * What they say.
     *
     * @param input file of prompts, or data-set directory
     * @param column key of the prompts of a file
     * @param split of a data set
     */
    record Choice(String input, Optional<String> column, Optional<Split> split) {
        /** Reads the prompts. */
        List<Prompt> prompts(SparkSession session, BaseModel base, TextTokenizer.Opened tokenizer) {
            Configuration hadoop = session.sparkContext().hadoopConfiguration();
            Path path = Storage.path(input);
            if (!isDataset(path, hadoop)) {
                if (split.isPresent()) {
                    throw new UsageException("--split is of a data set, and " + input + " is a file of prompts.");
                }
                return Prompts.ofFile(hadoop, path, column.orElse(COLUMN), tokenizer);
            }
            if (column.isPresent()) {
                throw new UsageException("--prompt is of a file of prompts, and " + input + " is a data set.");
            }
            TokenizedDataset data = TokenizedDataset.open(session, input);
            if (!data.manifest().tokenizerSha256().equals(base.tokenizerSha256())) {
                throw new BadInputException(input + "/" + Manifest.FILE + ": was made with another tokenizer than "
                        + base.uri() + " has. Prepare the data again with --model " + base.uri() + ".");
            }
            Split chosen = split.orElse(Split.VALIDATION);
            SplitOption.requireSome(data, chosen);
            return Prompts.ofDataset(data, chosen);
        }

        private static boolean isDataset(Path path, Configuration hadoop) {
            try {
                return path.getFileSystem(hadoop).exists(new Path(path, Manifest.FILE));
            } catch (IOException e) {
                throw new BadInputException(path + " cannot be read: " + e.getMessage(), e);
            }
        }
    }

    @Option(
            names = "--input",
            required = true,
            paramLabel = "FILE|DIR",
            description =
                    "Prompts: a file with a JSON object a line, or the data-set directory of a prepare-data command"
                            + " for language modeling, of whose examples the part before the first token to predict is the"
                            + " prompt.")
    private String input;

    @Option(
            names = "--prompt",
            paramLabel = "COLUMN",
            description = "Key of the prompts in a file (default: " + COLUMN + ").")
    private String column;

    @Option(
            names = "--split",
            paramLabel = "SPLIT",
            description = "Split of a data set: train, validation or test (default: validation).")
    private String split;

    Choice choice() {
        return new Choice(
                input, Optional.ofNullable(column), Optional.ofNullable(split).map(SplitOption::named));
    }
}
