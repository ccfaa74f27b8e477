package org.erat.export;

import java.util.Locale;
import java.util.stream.Collectors;

/** {@code README.md} beside an adapter, for whoever is given the directory alone. */
final class ModelCard {
    private ModelCard() {}

    static String of(TrainedAdapter adapter, PeftAdapter peft) {
        return """
        # Adapter for %s

        | | |
        |---|---|
        | base model | `%s` (%s, SHA-256 of its weights %s) |
        | adapted | %s of %s |
        | rank | %s, cut from an ERAT-DLoRA adapter that works at every rank 1..%d |
        | head | %s pooling, dense layer with tanh, %d outputs: `head.safetensors`, `head_config.json` |

        With PEFT:

        ```python
        from peft import PeftModel
        from safetensors.torch import load_file
        from transformers import AutoModel

        model = PeftModel.from_pretrained(AutoModel.from_pretrained("%s"), ".")
        head = load_file("head.safetensors")

        def outputs(tokens):  # of the model's tokenizer, return_tensors="pt", padding=True
            hidden = model(**tokens).last_hidden_state
            pooled = %s
            dense = (pooled @ head["dense.weight"].T + head["dense.bias"]).tanh()
            return dense @ head["out_proj.weight"].T + head["out_proj.bias"]
        ```
        """
                .formatted(
                        adapter.task(),
                        adapter.baseModelName(),
                        adapter.spec().model().modelType(),
                        adapter.spec().modelSha256(),
                        adapter.spec().targets().stream()
                                .map(target -> "`" + target.module() + "`")
                                .collect(Collectors.joining(", ")),
                        blocks(adapter, peft),
                        ranks(peft),
                        adapter.rank(),
                        adapter.spec().pooling().name().toLowerCase(Locale.ROOT).replace('_', ' '),
                        adapter.outputs(),
                        adapter.baseModelName(),
                        pooling(adapter));
    }

    private static String blocks(TrainedAdapter adapter, PeftAdapter peft) {
        int adapted = peft.targetModules().size() / adapter.spec().targets().size();
        return adapted == adapter.blocks()
                ? "all " + adapted + " blocks"
                : adapted + " of " + adapter.blocks() + " blocks";
    }

    private static String ranks(PeftAdapter peft) {
        return peft.rankPattern().isEmpty()
                ? Integer.toString(peft.rank())
                : peft.rank() + ", lower in the blocks that `rank_pattern` names";
    }

    private static String pooling(TrainedAdapter adapter) {
        return switch (adapter.spec().pooling()) {
            case MEAN -> "(hidden * (mask := tokens[\"attention_mask\"][..., None])).sum(1) / mask.sum(1)";
            case FIRST_TOKEN -> "hidden[:, 0]";
        };
    }
}
