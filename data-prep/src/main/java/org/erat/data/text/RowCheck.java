package org.erat.data.text;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.erat.data.tokenized.Split;

/** Checks the rows of a data set while they are read, and brings them into the form that is tokenized. */
interface RowCheck {
    /**
     * Checks a row that goes to {@code split}.
     *
     * @param place where the row is
     * @return the row to tokenize; empty where it is left out
     * @throws org.erat.data.BadInputException if the row cannot be used
     */
    Optional<TextRow> checked(Split split, TextRow row, Supplier<String> place);

    /** A check of test rows by the classes that have been found, when all other rows have been checked. */
    RowCheck ofTest();

    /** Why nothing can be measured on the rows that have been checked; empty where something can. */
    default Optional<String> unmeasurable() {
        return Optional.empty();
    }

    /** How labels become numbers, when all rows have been checked. */
    LabelEncoding encoding();

    /** Lines for people about the rows, when all have been checked. */
    List<String> report();
}
