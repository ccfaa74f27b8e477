#!/usr/bin/env python3
"""Small LoRA adapters written by PEFT, and what is closest to each of their modules at every rank, by torch.linalg.svd.

    python3 lora_adapters.py ../resources/org/erat/export/lora

Needs torch, transformers and peft; their versions are written to versions.json. Each adapter gets a folder as
save_pretrained writes it, with expected.json beside: by module the scaled product B·A of rank r for each rank r, as
doubles of the values that are stored.
"""

import json
import pathlib
import sys

import peft
import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers.pytorch_utils import Conv1D


class Layer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = torch.nn.Linear(8, 24)
        self.c_proj = Conv1D(8, 8)
        self.up = torch.nn.Linear(8, 16)

    def forward(self, x):
        return self.up(self.c_proj(self.qkv(x)[..., :8]))


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(20, 8)
        self.layers = torch.nn.ModuleList(Layer() for _ in range(2))
        self.score = torch.nn.Linear(16, 3)

    def forward(self, ids):
        return self.score(self.layers[1](self.embed(ids)))


CASES = {
    "plain": (torch.float32, dict(r=4, lora_alpha=8, target_modules=["qkv", "c_proj"])),
    "patterns": (
        torch.float32,
        dict(
            r=4,
            lora_alpha=8,
            target_modules=["qkv", "c_proj", "up", "embed"],
            rank_pattern={r"layers\.0\.qkv": 6, "up": 3},
            alpha_pattern={r"layers\.1\.c_proj": 2, "up": 5},
            modules_to_save=["score"],
        ),
    ),
    "rslora": (torch.float16, dict(r=5, lora_alpha=3, use_rslora=True, target_modules=["qkv", "up"])),
    "bfloat16": (torch.bfloat16, dict(r=4, lora_alpha=16, target_modules=["qkv", "up"])),
}


def write(folder, dtype, settings):
    torch.manual_seed(7)
    model = peft.get_peft_model(Model(), peft.LoraConfig(**settings))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.normal_(std=0.3)
    model.save_pretrained(folder)
    weights = folder / "adapter_model.safetensors"
    stored = {name: tensor.to(dtype).contiguous() for name, tensor in load_file(weights).items()}
    save_file(stored, weights, metadata={"format": "pt"})
    (folder / "README.md").write_text("An adapter of lora_adapters.py.\n")
    expected = {}
    for name, module in model.named_modules():
        if isinstance(module, peft.tuners.lora.LoraLayer):
            path = name.removeprefix("base_model.model.")
            kind = ("lora_embedding_A", "lora_embedding_B") if module.lora_embedding_A else ("lora_A.weight", "lora_B.weight")
            a, b = (stored[f"base_model.model.{path}.{tensor}"].double() for tensor in kind)
            u, s, v = torch.linalg.svd(module.scaling["default"] * b @ a, full_matrices=False)
            rank = a.shape[0]
            expected[path] = {str(k): ((u[:, :k] * s[:k]) @ v[:k]).tolist() for k in range(1, rank + 1)}
    (folder / "expected.json").write_text(json.dumps(expected))


def main():
    out = pathlib.Path(sys.argv[1])
    for name, (dtype, settings) in CASES.items():
        (out / name).mkdir(parents=True, exist_ok=True)
        write(out / name, dtype, settings)
    versions = {library.__name__: library.__version__ for library in (torch, transformers, peft)}
    (out / "versions.json").write_text(json.dumps(versions, indent=2) + "\n")


if __name__ == "__main__":
    main()
