package org.erat.inference;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import javax.annotation.Nullable;
import org.apache.commons.csv.CSVFormat;

/**
 * Predictions as CSV (RFC 4180): probabilities have a column for each class, lists and objects are JSON, and what a row lacks
 * is empty.
 *
 * @param kept columns of the input, before those of the prediction
 * @param columns of the prediction
 */
record PredictionCsv(List<String> kept, PredictionColumns columns) implements Serializable {
    private static final ObjectMapper JSON = new ObjectMapper();
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
    String line(String object) throws JsonProcessingException {
        JsonNode row = JSON.readTree(object);
        List<Object> cells = new ArrayList<>();
        kept.forEach(name -> cells.add(cell(row.get(name))));
        for (String field : columns.types().fieldNames()) {
            JsonNode value = row.get(field);
            if (field.equals(PredictionColumns.PROBABILITIES)) {
                columns.classes().forEach(name -> cells.add(cell(value.get(name))));
            } else {
                cells.add(cell(value));
            }
        }
        return FORMAT.format(cells.toArray());
    }

    @Nullable
    private static String cell(@Nullable JsonNode value) {
        if (value == null || value.isNull()) {
            return null;
        }
        return value.isValueNode() ? value.asText() : value.toString();
    }
}
