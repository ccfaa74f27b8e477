package org.erat.data.tokenized;

import java.util.Locale;

/**
 * The parts of a tokenized data set: what is trained on, what choices are made by, and what is measured at the end. Each is a
 * folder of Parquet files of the same name; only the first two are always there.
 */
public enum Split {
    TRAIN,
    VALIDATION,
    TEST;

    /** The folder of the split inside the data set. */
    public String directory() {
        return name().toLowerCase(Locale.ROOT);
    }

    @Override
    public String toString() {
        return directory();
    }
}
