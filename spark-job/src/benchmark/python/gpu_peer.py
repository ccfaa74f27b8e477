#!/usr/bin/env python3
"""PyTorch and PEFT on this machine's GPU: training steps of LoRA r=8 on query and value in bf16, as JSON.

    python3 gpu_peer.py [--steps 30] [--warmup 5] [--shape "BERT-base 32x128"]...

Needs torch, transformers and peft. Frozen weights and activations are bf16, adapters, head and optimizer f32, attention
is scaled_dot_product_attention, sentences have no padding, nothing is dropped or clipped: what the other side does. Each
variant of each shape runs in a process of its own, so that one's memory and caches are not another's.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

# name: batch, tokens, blocks, width, heads
SHAPES = {
    "BERT-base 32x128": (32, 128, 12, 768, 12),
    "BERT-base 8x512": (8, 512, 12, 768, 12),
    "BERT-large 64x256": (64, 256, 24, 1024, 16),
    "MiniLM 32x16": (32, 16, 6, 384, 12),
}
VARIANTS = ("eager", "compile")
VOCABULARY = 30522
RANK, ALPHA = 8, 16
LEARNING_RATE, WEIGHT_DECAY = 4e-4, 0.01
CLASSES = 2


def model_of(shape):
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import BertConfig, BertModel

    _, tokens, blocks, width, heads = shape
    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=width,
        num_hidden_layers=blocks,
        num_attention_heads=heads,
        intermediate_size=4 * width,
        max_position_embeddings=max(512, tokens),
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        attn_implementation="sdpa",
    )

    class Classifier(torch.nn.Module):
        """Mean over tokens, dense tanh layer, linear layer."""

        def __init__(self):
            super().__init__()
            body = BertModel(config, add_pooling_layer=False).to(torch.bfloat16)
            lora = LoraConfig(
                r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, target_modules=["query", "value"]
            )
            # autocast_adapter_dtype leaves the adapters in f32.
            self.body = get_peft_model(body, lora, autocast_adapter_dtype=True)
            self.dense = torch.nn.Linear(width, width)
            self.output = torch.nn.Linear(width, CLASSES)

        def forward(self, ids):
            hidden = self.body(input_ids=ids).last_hidden_state
            return self.output(torch.tanh(self.dense(hidden.float().mean(1))))

    return Classifier()


def measure(name, variant, steps, warmup):
    """Seconds of each step, and the most memory that tensors took."""
    import torch

    shape = SHAPES[name]
    torch.manual_seed(1)
    torch.backends.cuda.matmul.allow_tf32 = False
    model = model_of(shape).cuda().train()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=True)
    run = torch.compile(model) if variant == "compile" else model
    ids = torch.randint(1000, VOCABULARY, shape[:2], device="cuda")
    labels = torch.randint(0, CLASSES, shape[:1], device="cuda")
    seconds = []
    for step in range(warmup + steps):
        torch.cuda.synchronize()
        start = time.perf_counter()
        loss = torch.nn.functional.cross_entropy(run(ids), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        loss.item()
        torch.cuda.synchronize()
        if step >= warmup:
            seconds.append(time.perf_counter() - start)
        else:
            torch.cuda.reset_peak_memory_stats()
    return {
        "shape": name,
        "variant": variant,
        "median_s": statistics.median(seconds),
        "min_s": min(seconds),
        "samples_s": seconds,
        "peak_allocated_bytes": torch.cuda.max_memory_allocated(),
        "peak_reserved_bytes": torch.cuda.max_memory_reserved(),
    }


def product_rate():
    """Floating-point operations each second of a large product in bf16: what the device is measured to do."""
    import torch

    size = 8192
    a = torch.randn(size, size, device="cuda", dtype=torch.bfloat16)
    b = torch.randn(size, size, device="cuda", dtype=torch.bfloat16)
    seconds = []
    for i in range(25):
        torch.cuda.synchronize()
        start = time.perf_counter()
        torch.matmul(a, b)
        torch.cuda.synchronize()
        if i >= 5:
            seconds.append(time.perf_counter() - start)
    return 2 * size**3 / statistics.median(seconds)


def environment():
    import peft
    import torch
    import transformers

    return {
        "device": torch.cuda.get_device_name(),
        "capability": list(torch.cuda.get_device_capability()),
        "python": sys.version.split()[0],
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "peft": peft.__version__,
        "transformers": transformers.__version__,
        "bf16_product_flop_per_s": product_rate(),
    }


def in_own_process(*arguments):
    """The JSON that this script prints with these arguments, or what went wrong."""
    done = subprocess.run(
        [sys.executable, os.path.abspath(__file__), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        return {"error": lines[-1] if lines else f"exit code {done.returncode}"}
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=30, help="steps that count")
    parser.add_argument("--warmup", type=int, default=5, help="steps before them")
    parser.add_argument("--shape", action="append", choices=sorted(SHAPES), help="only this one; may be repeated")
    parser.add_argument("--one", nargs=2, metavar=("SHAPE", "VARIANT"), help=argparse.SUPPRESS)
    parser.add_argument("--environment", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.environment:
        print(json.dumps(environment()))
    elif options.one:
        print(json.dumps(measure(*options.one, options.steps, options.warmup)))
    else:
        result = {"environment": in_own_process("--environment"), "steps": []}
        for shape in options.shape or SHAPES:
            for variant in VARIANTS:
                counts = ["--steps", str(options.steps), "--warmup", str(options.warmup)]
                answer = in_own_process("--one", shape, variant, *counts)
                result["steps"].append({"shape": shape, "variant": variant, **answer})
                print(f"{shape}, {variant}: {answer.get('median_s', answer.get('error'))}", file=sys.stderr)
        print(json.dumps(result))


if __name__ == "__main__":
    main()
