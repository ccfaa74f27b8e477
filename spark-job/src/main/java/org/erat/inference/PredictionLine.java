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
 * @param names of the classes; empty for numbers
 * @param labelled whether the example has a label
 * @param outputs [M,C] of the example
 */
record PredictionLine(ShardInference inference, List<String> names, boolean labelled, float[] outputs) {
    private static final JsonFactory JSON = new JsonFactory();

    String of(PackedExamples shard, int example) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(text)) {
            json.writeStartObject();
            json.writeNumberField("id", shard.id(example));
            Targets target = shard.target(example);
            if (target instanceof Targets.TokenClasses tokens) {
                writeTexts(json, shard.words(example));
                writeWords(json, shard.wordStarts(example), tokens.classes());
            } else {
                writeLogits(json);
                writeTarget(json, target);
            }
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("A string takes all that is written to it", e);
        }
        return text.toString();
    }

    private void writeLogits(JsonGenerator json) throws IOException {
        json.writeArrayFieldStart("logits");
        for (float logit : outputs) {
            json.writeNumber(logit);
        }
        json.writeEndArray();
    }

    private void writeTarget(JsonGenerator json, Targets target) throws IOException {
        if (target instanceof Targets.Numbers numbers) {
            json.writeNumberField("prediction", outputs[0]);
            if (labelled) {
                json.writeNumberField("label", numbers.numbers()[0]);
            }
        } else {
            json.writeStringField("prediction", names.get(inference.classes(outputs)[0]));
            if (labelled) {
                json.writeStringField("label", names.get(((Targets.Classes) target).classes()[0]));
            }
        }
    }

    private static void writeTexts(JsonGenerator json, Optional<List<String>> words) throws IOException {
        if (words.isPresent()) {
            json.writeArrayFieldStart("words");
            for (String word : words.get()) {
                json.writeString(word);
            }
            json.writeEndArray();
        }
    }

    private void writeWords(JsonGenerator json, int[] wordStarts, int... labels) throws IOException {
        int[] predictions = inference.classes(outputs);
        json.writeArrayFieldStart("predictions");
        int word = 0;
        for (int start : wordStarts) {
            writeName(json, start < 0 ? Targets.NONE : predictions[word++]);
        }
        json.writeEndArray();
        if (!labelled) {
            return;
        }
        json.writeArrayFieldStart("labels");
        for (int start : wordStarts) {
            writeName(json, start < 0 ? Targets.NONE : labels[start]);
        }
        json.writeEndArray();
    }

    private void writeName(JsonGenerator json, int index) throws IOException {
        if (index == Targets.NONE) {
            json.writeNull();
        } else {
            json.writeString(names.get(index));
        }
    }
}
