package org.erat.job;

import org.apache.spark.sql.SparkSession;
import org.erat.config.DataSettings;
import org.erat.data.tokenized.TokenizedDataset;

/**
 * What a run trains and measures on: prepared directories, or DataFrames of tokenized examples.
 *
 * @param train whose training split is trained on
 * @param validation whose validation split quality is measured on; the same object where one data set has both
 */
public record TrainingData(TokenizedDataset train, TokenizedDataset validation) {
    /** One data set with both splits. */
    public static TrainingData of(TokenizedDataset data) {
        return new TrainingData(data, data);
    }

    /**
     * The directories that a configuration names.
     *
     * @throws org.erat.data.BadInputException if one is not a tokenized data set
     */
    public static TrainingData open(SparkSession session, DataSettings settings) {
        TokenizedDataset train = TokenizedDataset.open(session, settings.train());
        return settings.validation().equals(settings.train())
                ? of(train)
                : new TrainingData(train, TokenizedDataset.open(session, settings.validation()));
    }
}
