package org.erat.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.erat.benchmark.Engine.Trainer;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.PackedExamples;

/** Trains and runs transformers as it is asked; the same for both sides. */
final class SideRole implements ChildMain.Role {
    private final Engine engine;
    private final Map<String, Trainer> trainers = new HashMap<>();
    private final Map<String, PackedExamples> examples = new HashMap<>();

    SideRole(Engine engine) {
        this.engine = engine;
    }

    @Override
    public ObjectNode answer(JsonNode request) throws IOException {
        ObjectNode answer = Child.JSON.createObjectNode();
        switch (request.get("do").asText()) {
            case "train" ->
                answer.put(
                        "seconds",
                        trainer(request)
                                .train(batch(request), request.get("step").asInt()));
            case "forward" -> answer.put("seconds", trainer(request).forward(batch(request)));
            case "parameters" ->
                ObjectFile.write(
                        Path.of(request.get("out").asText()),
                        new HashMap<>(trainer(request).parameters()));
            case "outcome" -> {
                Map<String, float[]> parameters =
                        ObjectFile.read(Path.of(request.get("parameters").asText()));
                ObjectFile.write(
                        Path.of(request.get("out").asText()), trainer(request).outcome(parameters, batch(request)));
            }
            case GenerationRow.ROW ->
                generate(request, answer);
            case "products" ->
                answer.put(
                        "seconds",
                        ProductRates.seconds(
                                request.get("precision").asText(),
                                request.get("batch").asInt(),
                                request.get("m").asInt(),
                                request.get("k").asInt(),
                                request.get("n").asInt()));
            default -> throw new IllegalArgumentException("Not understood: " + request);
        }
        return answer;
    }

    private void generate(JsonNode request, ObjectNode answer) {
        Engine.Generated generated = engine.generate(
                Path.of(request.get("model").asText()),
                request.get("precision").asText(),
                Child.JSON.convertValue(request.get("prompts"), int[][].class),
                request.get("count").asInt());
        answer.put("seconds", generated.seconds());
        answer.set("tokens", Child.JSON.valueToTree(generated.tokens()));
    }

    private Trainer trainer(JsonNode request) {
        String model = request.get("model").asText();
        String method = request.get("method").asText();
        String precision = request.get("precision").asText();
        return trainers.computeIfAbsent(
                String.join(" ", model, method, precision),
                key -> method.endsWith(Bench.BARE)
                        ? engine.openBare(
                                Path.of(model), method.substring(0, method.length() - Bench.BARE.length()), precision)
                        : engine.open(Path.of(model), method, precision));
    }

    private Batch batch(JsonNode request) {
        PackedExamples all =
                examples.computeIfAbsent(request.get("examples").asText(), file -> ObjectFile.read(Path.of(file)));
        int[] indices = StreamSupport.stream(request.get("indices").spliterator(), false)
                .mapToInt(JsonNode::asInt)
                .toArray();
        // Encoders have BERT's vocabulary, whose padding is token 0; a decoder's batches have no padding.
        return Batch.of(all, indices, 0);
    }

    @Override
    public void close() {
        // The process ends.
    }
}
