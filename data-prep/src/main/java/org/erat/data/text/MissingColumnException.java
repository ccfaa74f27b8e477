package org.erat.data.text;

import org.apache.hadoop.fs.Path;
import org.erat.data.BadInputException;

/** The header of a file lacks a column of the task. */
final class MissingColumnException extends BadInputException {
    private final String file;
    private final String problem;

    /**
     * @param file that has the header
     * @param problem what is missing, and what is there instead
     * @param fix what to do, after a full stop
     */
    MissingColumnException(String file, String problem, String fix) {
        super(problem + fix);
        this.file = file;
        this.problem = problem;
    }

    /** The same error with what is known of {@code first}, the file of the data set that is read before all others. */
    BadInputException after(Path first) {
        return file.equals(first.toString())
                ? this
                : new BadInputException(
                        String.format(
                                "%s. %s has it, and all files of a data set need the same columns: name them alike",
                                problem, first.getName()),
                        this);
    }
}
