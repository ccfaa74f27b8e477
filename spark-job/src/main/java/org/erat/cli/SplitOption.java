package org.erat.cli;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TokenizedDataset;
import picocli.CommandLine.Option;

/** The option {@code --split} of commands that use prepared data. */
final class SplitOption {
    private static final String ALL = "all";

    /**
     * What it says.
     *
     * @param split empty for all
     */
    record Choice(Optional<Split> split) {
        static final Choice VALIDATION = new Choice(Optional.of(Split.VALIDATION));

        /**
         * The examples of a data set.
         *
         * @throws BadInputException if there are none
         */
        Examples of(TokenizedDataset data) {
            if (split.isPresent()) {
                requireSome(data, split.get());
                return new Examples(data, split.get(), split.get().toString());
            }
            return new Examples(data.inOneSplit(), Split.VALIDATION, ALL);
        }
    }

    /**
     * Examples of a data set.
     *
     * @param split that they are
     * @param name as people know it
     */
    record Examples(TokenizedDataset data, Split split, String name) {
        /** How many of what, in a line for people. */
        String describe() {
            return String.format(
                    "%s: %,d examples, %s",
                    data.directory(),
                    data.examples(split, 0),
                    name.equals(ALL) ? "those of all splits" : "the " + name + " split");
        }
    }

    @Option(
            names = "--split",
            paramLabel = "SPLIT",
            description = "Split of --data to use: train, validation, test or all (default: validation).")
    private String split;

    Choice choice() {
        if (split == null) {
            return Choice.VALIDATION;
        }
        return new Choice(split.equals(ALL) ? Optional.empty() : Optional.of(named(split, ", " + ALL)));
    }

    /** Whether it is given. */
    boolean isGiven() {
        return split != null;
    }

    /**
     * The split of a name.
     *
     * @throws UsageException if there is none
     */
    static Split named(String name) {
        return named(name, "");
    }

    private static Split named(String name, String others) {
        return Stream.of(Split.values())
                .filter(each -> each.toString().equals(name))
                .findFirst()
                .orElseThrow(() -> new UsageException("--split " + name + " is not known. Use one of "
                        + Arrays.stream(Split.values()).map(Split::toString).collect(Collectors.joining(", "))
                        + others + "."));
    }

    /**
     * Checks that a split has examples.
     *
     * @throws BadInputException if not
     */
    static void requireSome(TokenizedDataset data, Split split) {
        if (data.examples(split, 0) == 0) {
            throw new BadInputException(data.directory() + " has no " + split + " examples, but "
                    + Stream.of(Split.values())
                            .filter(each -> data.examples(each, 0) > 0)
                            .map(each -> String.format("%,d of %s", data.examples(each, 0), each))
                            .collect(Collectors.joining(" and "))
                    + ". Name one of these with --split"
                    + (split == Split.TEST ? ", or prepare the test file by itself with prepare-data --like." : "."));
        }
    }
}
