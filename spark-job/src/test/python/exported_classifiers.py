"""Exports of classifiers and regressions, loaded by PEFT and the transformers library without a line of glue.

    mvn test -Dsurefire.failIfNoSpecifiedTests=false -Dtest=ClassifierExportCommandTest -Derat.exports=DIR
    python3 exported_classifiers.py DIR ../resources/org/erat/cli/reference-classifiers.json

Needs torch, transformers and peft. Of each model and rank: outputs of the adapter on the base model, which are written to
the file, and of the merged model, which have to be the same. A pipeline over the merged model has to answer for a text,
with its own tokenizer.
"""
import json
import pathlib
import sys

import peft
import torch
import transformers
from peft import PeftModel
from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification, pipeline

transformers.logging.set_verbosity_error()
TOLERANCE = 1e-5


def outputs(model, examples, of_tokens):
    values = []
    for ids, types, tokens in zip(examples["ids"], examples["types"], examples["tokens"]):
        inputs = {"input_ids": torch.tensor([ids])}
        if getattr(model.config, "type_vocab_size", 0) > 1:
            inputs["token_type_ids"] = torch.tensor([types])
        with torch.no_grad():
            logits = model.eval()(**inputs).logits[0]
        values.append((logits[tokens] if of_tokens else logits).flatten())
    return torch.cat(values)


def main():
    models = {}
    for folder in sorted(path.parent for path in pathlib.Path(sys.argv[1]).glob("*/examples.json")):
        examples = json.loads((folder / "examples.json").read_text())
        for adapter in sorted(folder.glob("adapter-*")):
            rank = adapter.name.split("-")[1]
            config = json.loads((adapter / "adapter_config.json").read_text())
            of_tokens = config["task_type"] == "TOKEN_CLS"
            kind = AutoModelForTokenClassification if of_tokens else AutoModelForSequenceClassification
            merged, found = kind.from_pretrained(folder / f"merged-{rank}", output_loading_info=True)
            assert not any(found[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")), found
            base = kind.from_pretrained(folder / "source", num_labels=merged.config.num_labels)
            model = PeftModel.from_pretrained(base, adapter)
            values = outputs(model, examples, of_tokens)
            difference = (values - outputs(merged, examples, of_tokens)).abs().max().item()
            print(folder.name, rank, type(merged).__name__, f"merged differs by {difference:.2g}")
            pipeline("token-classification" if of_tokens else "text-classification", model=str(folder / f"merged-{rank}"))(
                "the cat sat on a good film")
            assert difference < TOLERANCE * max(1, values.abs().max().item())
            models.setdefault(folder.name, {})[rank] = [round(value, 7) for value in values.tolist()]
    versions = {"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__}
    pathlib.Path(sys.argv[2]).write_text(json.dumps({**versions, "models": models}, indent=1) + "\n")


if __name__ == "__main__":
    main()
