"""Exports of causal language models, loaded by PEFT and the transformers library, against our logits.

    mvn test -Dtest=LanguageModelExportCommandTest -Derat.exports=DIR
    python3 exported_decoders.py DIR

Needs torch, transformers and peft. Of each model: its adapter on the checkpoint, the same by the base model's name in
adapter_config.json, and the merged model.
"""
import json
import pathlib
import sys

import torch
import transformers
from peft import AutoPeftModelForCausalLM, PeftModel
from transformers import AutoModelForCausalLM

transformers.logging.set_verbosity_error()
TOLERANCE = 1e-4


def load(folder):
    model, found = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    # The second name of a tied matrix is no tensor that is missing.
    missing = [name for name in found["missing_keys"] if name not in (model._tied_weights_keys or [])]
    assert not missing and not found["unexpected_keys"] and not found["mismatched_keys"], found
    return model


def difference(model, expected):
    largest = 0
    for ids, logits in zip(expected["examples"], expected["logits"]):
        with torch.no_grad():
            ours = torch.tensor(logits)
            theirs = model.eval()(torch.tensor([ids])).logits[0].flatten()
        largest = max(largest, (theirs - ours).abs().max().item())
    return largest


def main():
    failed = False
    for folder in sorted(path.parent for path in pathlib.Path(sys.argv[1]).glob("*/expected.json")):
        expected = json.loads((folder / "expected.json").read_text())
        base = difference(load(folder / "source"), expected)
        found = {
            "adapter": difference(PeftModel.from_pretrained(load(folder / "source"), folder / "adapter"), expected),
            "by name": difference(
                AutoPeftModelForCausalLM.from_pretrained(folder / "adapter", dtype=torch.float32), expected),
            "merged": difference(load(folder / "merged"), expected),
        }
        good = base > 100 * TOLERANCE and max(found.values()) < TOLERANCE
        failed |= not good
        print(folder.name, "ok" if good else "FAILED", f"without adapter {base:.2g},",
              ", ".join(f"{kind} {value:.2g}" for kind, value in found.items()))
    sys.exit(failed)


if __name__ == "__main__":
    main()
