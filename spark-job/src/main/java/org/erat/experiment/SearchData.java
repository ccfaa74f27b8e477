package org.erat.experiment;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.erat.config.DataSettings;
import org.erat.config.Grid;
import org.erat.data.UsageException;
import org.erat.data.tokenized.PackedExamples;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.job.TrainingData;

/** The data that search runs are measured on. */
final class SearchData {
    private SearchData() {}

    /**
     * Checks that a search measures its runs on other examples than the comparison: values that are chosen by the compared
     * data make the comparison better than it is.
     *
     * @param open opens data
     * @throws UsageException if a search and a comparison have the same validation examples
     * @throws org.erat.data.BadInputException if data cannot be opened
     */
    static void requireOther(Grid grid, Function<DataSettings, TrainingData> open) {
        if (grid.search().isEmpty()) {
            return;
        }
        Map<String, TokenizedDataset> compared = validation(grid.trials(), open);
        for (TokenizedDataset searched : validation(grid.search(), open).values()) {
            for (TokenizedDataset other : compared.values()) {
                if (sameValidation(searched, other)) {
                    throw new UsageException("The search and the comparison have the same validation examples ("
                            + searched.directory() + ", " + other.directory()
                            + "): values that are chosen on the compared data make the comparison too good. Name other"
                            + " data in choose.tasks, such as a part of the training data (prepare-data"
                            + " --validation-fraction).");
                }
            }
        }
    }

    private static Map<String, TokenizedDataset> validation(
            List<Grid.Trial> trials, Function<DataSettings, TrainingData> open) {
        Map<String, TokenizedDataset> byFolder = new LinkedHashMap<>();
        for (Grid.Trial trial : trials) {
            DataSettings settings = trial.job().data();
            byFolder.computeIfAbsent(
                    settings.validation(), folder -> open.apply(settings).validation());
        }
        return byFolder;
    }

    /** Reads the examples only where their numbers are alike. */
    private static boolean sameValidation(TokenizedDataset one, TokenizedDataset other) {
        return one.manifest().validation().equals(other.manifest().validation())
                && (one.directory().equals(other.directory()) || sameTokens(examples(one), examples(other)));
    }

    private static PackedExamples examples(TokenizedDataset data) {
        return data.shards(Split.VALIDATION, 1).first();
    }

    private static boolean sameTokens(PackedExamples one, PackedExamples other) {
        return one.size() == other.size()
                && IntStream.range(0, one.size())
                        .allMatch(i -> one.length(i) == other.length(i)
                                && IntStream.range(0, one.length(i))
                                        .allMatch(t -> one.token(i, t) == other.token(i, t)));
    }
}
