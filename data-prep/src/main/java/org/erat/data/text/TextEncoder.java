package org.erat.data.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.util.PairList;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.util.LongAccumulator;

/**
 * Tokenizes one or two texts with a label.
 *
 * @param truncated counts the examples that are cut
 */
record TextEncoder(HuggingFaceTokenizer tokenizer, LabelEncoding labels, LongAccumulator truncated)
        implements RowEncoder {
    @Override
    public List<Row> encode(List<StagedText.Row> rows) {
        Encoding[] encodings = encodings(rows);
        List<Row> encoded = new ArrayList<>(encodings.length);
        for (int i = 0; i < encodings.length; i++) {
            StagedText.Row row = rows.get(i);
            if (encodings[i].exceedMaxLength()) {
                truncated.add(1);
            }
            encoded.add(RowFactory.create(
                    row.id(),
                    WordEncoding.ints(encodings[i].getIds()),
                    WordEncoding.ints(encodings[i].getTypeIds()),
                    labels.encode(row.labels())));
        }
        return encoded;
    }

    private Encoding[] encodings(List<StagedText.Row> rows) {
        if (rows.get(0).texts().size() == 1) {
            return tokenizer.batchEncode(
                    rows.stream().map(row -> row.texts().get(0)).toList());
        }
        PairList<String, String> pairs = new PairList<>(rows.size());
        rows.forEach(row -> pairs.add(row.texts().get(0), row.texts().get(1)));
        return tokenizer.batchEncode(pairs);
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
