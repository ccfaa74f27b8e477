package org.erat.export;

import java.util.stream.Collectors;
import org.erat.data.safetensors.Dtype;
import org.erat.data.tokenized.TaskType;
import org.erat.head.HeadSpec;

/** {@code README.md} beside an adapter or in a merged model, for a user who has the directory alone. */
final class ModelCard {
    private ModelCard() {}

    static String of(TrainedAdapter adapter, PeftAdapter peft) {
        return """
        # Adapter for %s

        %s
        With PEFT:

        ```python
        %s
        ```
        """
                .formatted(
                        adapter.task(),
                        table(adapter, peft),
                        python(adapter, peft.base()).stripTrailing());
    }

    /** Of a model that has the adapter in its weights. */
    static String ofMerged(TrainedAdapter adapter, PeftAdapter peft, Dtype dtype) {
        return """
        # Model for %s

        %s
        The adapter is in the weights, in %s:

        ```python
        %s
        ```
        """
                .formatted(
                        adapter.task(),
                        table(adapter, peft),
                        dtype,
                        ofMergedModel(adapter).stripTrailing());
    }

    private static String ofMergedModel(TrainedAdapter adapter) {
        return switch (adapter.modelClass()) {
            case SEQUENCE_CLASSIFIER ->
                // By itself the pipeline gives the best label only.
                ofPipeline(
                        "text-classification",
                        adapter.type() == TaskType.MULTI_LABEL_CLASSIFICATION ? ", top_k=None" : "");
            case TOKEN_CLASSIFIER -> ofPipeline("token-classification", "");
            default ->
                """
                from transformers import %s, AutoTokenizer

                model = %s.from_pretrained(".")
                tokenizer = AutoTokenizer.from_pretrained(".")
                """
                        .formatted(
                                adapter.modelClass().className(),
                                adapter.modelClass().className());
        };
    }

    private static String ofPipeline(String task, String options) {
        return """
        from transformers import pipeline

        model = pipeline("%s", model="."%s)
        print(model("Some text."))
        """
                .formatted(task, options);
    }

    private static String table(TrainedAdapter adapter, PeftAdapter peft) {
        return """
        | | |
        |---|---|
        | base model | `%s` (%s, SHA-256 of its weights as trained on %s) |
        | adapted | %s of %s |
        | rank | %s, cut from an adapter that works at every rank 1..%d |
        | head | %s |
        """
                .formatted(
                        peft.base(),
                        adapter.architecture().family(),
                        adapter.base().sha256(),
                        adapter.adapter().projections().stream()
                                .map(projection -> "`" + projection.key() + "`")
                                .collect(Collectors.joining(", ")),
                        blocks(adapter, peft),
                        ranks(peft),
                        adapter.rank(),
                        describe(adapter));
    }

    private static String blocks(TrainedAdapter adapter, PeftAdapter peft) {
        long adapted =
                peft.modules().stream().mapToInt(PeftModule::block).distinct().count();
        return adapted == adapter.blocks()
                ? "all " + adapted + " blocks"
                : adapted + " of " + adapter.blocks() + " blocks";
    }

    private static String ranks(PeftAdapter peft) {
        int[] ranks = peft.modules().stream()
                .flatMap(module -> module.kept().stream())
                .mapToInt(Integer::intValue)
                .sorted()
                .distinct()
                .toArray();
        int highest = ranks[ranks.length - 1];
        return ranks.length == 1 ? Integer.toString(highest) : highest + ", lower in some blocks or projections";
    }

    private static String describe(TrainedAdapter adapter) {
        HeadSpec head = adapter.head();
        if (head.predictsTokens()) {
            return "the base model's own output layer, without parameters of its own";
        }
        String kind =
                switch (head.readout()) {
                    case MEAN ->
                        adapter.modelClass().takesHead()
                                ? "on the mean of all tokens"
                                : "mean pooling, dense layer with tanh";
                    case FIRST_TOKEN -> "on the first token";
                    case LAST_TOKEN -> "on the last token";
                    case TARGET_TOKENS -> "on the first subtoken of each word";
                };
        String where = adapter.modelClass().takesHead()
                ? "that of `" + adapter.modelClass().className() + "`, with the adapter"
                : "`head.safetensors`, `head_config.json`";
        return kind + ", " + adapter.outputs() + " outputs: " + where;
    }

    private static String python(TrainedAdapter adapter, String base) {
        String type = adapter.modelClass().className();
        if (adapter.head().predictsTokens()) {
            return ofVocabulary(base, type);
        }
        if (adapter.modelClass() == ModelClass.SEQUENCE_CLASSIFIER) {
            return ofClass(base, type, padding(adapter), adapter.outputs(), "");
        }
        return switch (adapter.head().readout()) {
            case MEAN ->
                ofPooled(
                        base,
                        """
                            mask = tokens["attention_mask"][..., None]
                            pooled = (hidden * mask).sum(1) / mask.sum(1)
                        """);
            case FIRST_TOKEN -> ofPooled(base, "    pooled = hidden[:, 0]\n");
            case TARGET_TOKENS ->
                ofClass(
                        base,
                        type,
                        "",
                        adapter.outputs(),
                        "  # of each token; those of a word are its first subtoken's");
            case LAST_TOKEN -> throw new IllegalStateException("The last token is read by a head of a class");
        };
    }

    private static String ofPooled(String base, String pooling) {
        return """
        from peft import PeftModel
        from safetensors.torch import load_file
        from transformers import AutoModel

        model = PeftModel.from_pretrained(AutoModel.from_pretrained("%s"), ".")
        head = load_file("head.safetensors")

        def outputs(tokens):  # of the model's tokenizer, return_tensors="pt", padding=True
            hidden = model(**tokens).last_hidden_state
        %s\
            dense = (pooled @ head["dense.weight"].T + head["dense.bias"]).tanh()
            return dense @ head["out_proj.weight"].T + head["out_proj.bias"]
        """
                .formatted(base, pooling);
    }

    private static String ofVocabulary(String base, String type) {
        return """
        from peft import PeftModel
        from transformers import %s

        model = PeftModel.from_pretrained(%s.from_pretrained("%s"), ".")

        def outputs(tokens):  # of the model's tokenizer, return_tensors="pt", padding=True
            return model(**tokens).logits  # of the token that follows each token
        """
                .formatted(type, type, base);
    }

    /** Without it a causal model takes no batches: it does not know where a text ends. */
    private static String padding(TrainedAdapter adapter) {
        return adapter.head().readout() == HeadSpec.Readout.LAST_TOKEN
                ? "base.config.pad_token_id = %d  # and the tokenizer's pad_token is that token\n"
                        .formatted(adapter.architecture().padTokenId())
                : "";
    }

    private static String ofClass(String base, String type, String padding, int outputs, String comment) {
        return """
        from peft import PeftModel
        from transformers import %s

        base = %s.from_pretrained("%s", num_labels=%d)
        %smodel = PeftModel.from_pretrained(base, ".")  # with the head

        def outputs(tokens):  # of the model's tokenizer, return_tensors="pt", padding=True
            return model(**tokens).logits%s
        """
                .formatted(type, type, base, outputs, padding, comment);
    }
}
