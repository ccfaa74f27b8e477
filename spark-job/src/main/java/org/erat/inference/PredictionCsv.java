package org.erat.inference;

import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.annotation.Nullable;
import org.apache.commons.csv.CSVFormat;
import org.erat.data.JsonFields;

/**
 * Predictions as CSV (RFC 4180): probabilities have a column for each class, lists and objects are JSON, and what a row lacks
 * is empty. Numbers are as the JSON has them.
 *
 * @param kept columns of the input, before those of the prediction
 * @param columns of the prediction
 */
record PredictionCsv(List<String> kept, PredictionColumns columns) implements Serializable {
    private static final CSVFormat FORMAT =
            CSVFormat.RFC4180.builder().setRecordSeparator("\n").build();
    private static final String OF_CLASS = "probability_";

    /** Names of the columns of a prediction. */
    static List<String> header(PredictionColumns columns) {
        List<String> names = new ArrayList<>();
        for (String field : columns.types().fieldNames()) {
            if (field.equals(PredictionColumns.PROBABILITIES)) {
                columns.classes().forEach(name -> names.add(OF_CLASS + name));
            } else {
                names.add(field);
            }
        }
        return names;
    }

    /** The first line. */
    String header() {
        List<String> names = new ArrayList<>(kept);
        names.addAll(header(columns));
        return FORMAT.format(names.toArray());
    }

    /** The line of a JSON object. */
    String line(String object) throws IOException {
        Map<String, String> row = JsonFields.of(object);
        List<Object> cells = new ArrayList<>();
        for (String name : kept) {
            cells.add(cell(row.get(name)));
        }
        for (String field : columns.types().fieldNames()) {
            if (field.equals(PredictionColumns.PROBABILITIES)) {
                Map<String, String> probabilities = JsonFields.of(row.get(field));
                for (String name : columns.classes()) {
                    cells.add(cell(probabilities.get(name)));
                }
            } else {
                cells.add(cell(row.get(field)));
            }
        }
        return FORMAT.format(cells.toArray());
    }

    @Nullable
    private static String cell(@Nullable String value) throws IOException {
        return value == null ? null : JsonFields.text(value);
    }
}
