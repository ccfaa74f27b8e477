package org.erat.data.text;

import java.util.List;

/**
 * A checked data set of text, staged for tokenization.
 *
 * @param test without rows where there is none
 * @param labels how labels become numbers
 * @param contentSha256 SHA-256 over texts and labels of training and validation in order, in hexadecimal
 */
record StagedData(Text train, Text validation, Text test, LabelEncoding labels, String contentSha256) {

    /**
     * One split.
     *
     * @param parts its files, in order
     * @param rows number of rows in them
     */
    record Text(List<String> parts, long rows) {
        static final Text NONE = new Text(List.of(), 0);

        static Text of(StagedText staged) {
            return new Text(List.copyOf(staged.parts()), staged.rows());
        }
    }
}
