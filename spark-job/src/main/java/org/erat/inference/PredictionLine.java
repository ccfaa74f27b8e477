package org.erat.inference;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import org.erat.data.tokenized.PackedExamples;
import org.erat.data.tokenized.Targets;

/**
 * What is predicted for one example, as JSON.
 *
 * @param inference what made the outputs
 * @param columns what to write
 * @param outputs [M,C] of the example
 */
record PredictionLine(ShardInference inference, PredictionColumns columns, float[] outputs) {
    private static final JsonFactory JSON = new JsonFactory();

    String of(PackedExamples shard, int example) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(text)) {
            json.writeStartObject();
            if (columns.withId()) {
                json.writeNumberField(PredictionColumns.ID, shard.id(example));
            }
            Targets target = shard.target(example);
            if (target instanceof Targets.TokenClasses tokens) {
                writeTexts(json, shard.words(example));
                writeWords(json, shard.wordStarts(example), tokens.classes());
            } else if (target instanceof Targets.Numbers numbers) {
                json.writeNumberField(PredictionColumns.PREDICTION, outputs[0]);
                if (columns.labelled()) {
                    json.writeNumberField(PredictionColumns.LABEL, numbers.numbers()[0]);
                }
            } else if (target instanceof Targets.LabelSets sets) {
                writeLabels(json, sets);
            } else {
                writeClass(json, ((Targets.Classes) target).classes()[0]);
            }
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("A string takes all that is written to it", e);
        }
        return text.toString();
    }

    private void writeClass(JsonGenerator json, int label) throws IOException {
        List<String> names = columns.classes();
        json.writeStringField(PredictionColumns.PREDICTION, names.get(inference.classes(outputs)[0]));
        writeProbabilities(json, Probabilities.of(outputs));
        if (columns.labelled()) {
            json.writeStringField(PredictionColumns.LABEL, names.get(label));
        }
    }

    private void writeLabels(JsonGenerator json, Targets.LabelSets sets) throws IOException {
        writeNames(json, PredictionColumns.PREDICTIONS, inference.labels(outputs));
        writeProbabilities(json, ShardInference.probabilities(outputs));
        if (columns.labelled()) {
            writeNames(json, PredictionColumns.LABELS, sets.classes(0));
        }
    }

    private void writeNames(JsonGenerator json, String field, int... classes) throws IOException {
        json.writeArrayFieldStart(field);
        for (int each : classes) {
            writeName(json, each);
        }
        json.writeEndArray();
    }

    private void writeProbabilities(JsonGenerator json, float... probabilities) throws IOException {
        json.writeObjectFieldStart(PredictionColumns.PROBABILITIES);
        for (int c = 0; c < probabilities.length; c++) {
            json.writeNumberField(columns.classes().get(c), probabilities[c]);
        }
        json.writeEndObject();
    }

    private static void writeTexts(JsonGenerator json, Optional<List<String>> words) throws IOException {
        if (words.isPresent()) {
            json.writeArrayFieldStart(PredictionColumns.WORDS);
            for (String word : words.get()) {
                json.writeString(word);
            }
            json.writeEndArray();
        }
    }

    private void writeWords(JsonGenerator json, int[] wordStarts, int... labels) throws IOException {
        int[] predictions = inference.classes(outputs);
        json.writeArrayFieldStart(PredictionColumns.PREDICTIONS);
        int word = 0;
        for (int start : wordStarts) {
            writeName(json, start < 0 ? Targets.NONE : predictions[word++]);
        }
        json.writeEndArray();
        if (!columns.labelled()) {
            return;
        }
        json.writeArrayFieldStart(PredictionColumns.LABELS);
        for (int start : wordStarts) {
            writeName(json, start < 0 ? Targets.NONE : labels[start]);
        }
        json.writeEndArray();
    }

    private void writeName(JsonGenerator json, int index) throws IOException {
        if (index == Targets.NONE) {
            json.writeNull();
        } else {
            json.writeString(columns.classes().get(index));
        }
    }
}
