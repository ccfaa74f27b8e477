package org.erat.data.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.commons.lang3.StringUtils;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.util.LongAccumulator;
import org.erat.data.BadInputException;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.Targets;

/**
 * Tokenizes lists of words with a label each.
 *
 * @param byteLevel whether the tokenizer splits bytes and not characters
 * @param split of the rows, for messages
 * @param truncated counts the words that are cut away
 */
record WordEncoder(
        HuggingFaceTokenizer tokenizer, boolean byteLevel, LabelEncoding labels, Split split, LongAccumulator truncated)
        implements RowEncoder {
    @Override
    public List<Row> encode(List<StagedText.Row> rows) {
        return rows.stream().map(this::encode).toList();
    }

    private Row encode(StagedText.Row row) {
        WordEncoding encoding = WordEncoding.of(tokenizer, byteLevel, row.texts());
        int[] classes = row.labels().isEmpty()
                ? encoding.withoutClasses()
                : encoding.tokenClasses(labels.classes(row.labels()));
        if (!row.labels().isEmpty() && IntStream.of(classes).allMatch(label -> label == Targets.NONE)) {
            throw new BadInputException(String.format(
                    "Row %,d of the %s examples: none of its %d words (%s) has a token that a label could belong to. The"
                            + " tokenizer drops them, or --max-length leaves no room for them. Leave the row out, or raise"
                            + " --max-length",
                    row.id() + 1,
                    split,
                    row.texts().size(),
                    StringUtils.abbreviate(String.join(" ", row.texts()), 40)));
        }
        truncated.add(encoding.cutAway());
        return RowFactory.create(
                row.id(),
                encoding.tokenIds(),
                encoding.typeIds(),
                classes,
                encoding.wordStarts(),
                row.texts().toArray(String[]::new));
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
