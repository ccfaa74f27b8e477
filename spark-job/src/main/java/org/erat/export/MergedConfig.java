package org.erat.export;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import org.erat.data.Json;
import org.erat.data.tokenized.TaskType;

/** {@code config.json} of a merged model: the base model's, with what the class of its task reads beside it. */
final class MergedConfig {
    private static final ObjectMapper JSON = Json.mapper();

    private MergedConfig() {}

    /**
     * The file of a model with the head of an adapter.
     *
     * @param base the base model's file; a language model keeps it as it is
     * @throws IOException if it is no JSON
     */
    static byte[] of(TrainedAdapter adapter, byte[] base) throws IOException {
        ModelClass type = adapter.modelClass();
        if (!type.takesHead()) {
            return base;
        }
        ObjectNode config = (ObjectNode) JSON.readTree(base);
        String prefix = adapter.family().classPrefix(config.path("model_type").asText());
        config.putArray("architectures").add(type.architecture(prefix));
        // The library counts the labels; a number that stands beside them could say something else.
        config.remove("num_labels");
        ObjectNode names = config.putObject("id2label");
        ObjectNode numbers = config.putObject("label2id");
        List<String> labels = labels(adapter);
        for (int i = 0; i < labels.size(); i++) {
            names.put(Integer.toString(i), labels.get(i));
            numbers.put(labels.get(i), i);
        }
        if (type == ModelClass.SEQUENCE_CLASSIFIER) {
            config.put("problem_type", problem(adapter.type()));
        }
        if (!config.hasNonNull("pad_token_id") && config.hasNonNull("eos_token_id")) {
            // The end token, as in training. With it a causal model finds the last token of each text in a batch.
            config.put("pad_token_id", adapter.architecture().padTokenId());
        }
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(config);
    }

    /** The library names the one output of a regression, too. */
    private static List<String> labels(TrainedAdapter adapter) {
        return adapter.labelNames().isEmpty() ? List.of("LABEL_0") : adapter.labelNames();
    }

    private static String problem(TaskType type) {
        return switch (type) {
            case REGRESSION -> "regression";
            case MULTI_LABEL_CLASSIFICATION -> "multi_label_classification";
            default -> "single_label_classification";
        };
    }
}
