package org.erat.data.text;

import java.util.List;

/**
 * A checked data set of text, staged for tokenization.
 *
 * @param labels how labels become numbers
 * @param contentSha256 SHA-256 over texts and labels of both splits in order, in hexadecimal
 */
record StagedData(Text train, Text validation, LabelEncoding labels, String contentSha256) {

    /**
     * One split.
     *
     * @param parts its files, in order
     * @param rows number of rows in them
     */
    record Text(List<String> parts, long rows) {}
}
