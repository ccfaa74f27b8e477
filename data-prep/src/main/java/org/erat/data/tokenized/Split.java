package org.erat.data.tokenized;

import java.util.Locale;

/** The two halves of a tokenized data set; each is a folder of Parquet files of the same name. */
public enum Split {
    TRAIN,
    VALIDATION;

    /** The folder of the split inside the data set. */
    public String directory() {
        return name().toLowerCase(Locale.ROOT);
    }

    @Override
    public String toString() {
        return directory();
    }
}
