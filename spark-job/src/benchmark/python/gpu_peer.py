#!/usr/bin/env python3
"""PyTorch and PEFT on this machine's GPU: training steps of LoRA r=8 on query and value in bf16, as JSON.

    python3 gpu_peer.py [--steps 30] [--warmup 5] [--shape "BERT-base 32x128"]...

Needs torch, transformers and peft. peer_model.py is what runs. Each variant of each shape runs in a process of its own, so
that one's memory and caches are not another's.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

import peer_model

SHAPES = {
    "BERT-base 32x128": peer_model.Shape(32, 128, 12, 768, 12),
    "BERT-base 8x512": peer_model.Shape(8, 512, 12, 768, 12),
    "BERT-large 64x256": peer_model.Shape(64, 256, 24, 1024, 16),
    "MiniLM 32x16": peer_model.Shape(32, 16, 6, 384, 12),
}
VARIANTS = ("eager", "compile")


def measure(name, variant, steps, warmup):
    """Seconds of each step, and the most memory that tensors took."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = False
    take_step = peer_model.training_step(SHAPES[name], torch.bfloat16, variant, "cuda")
    seconds = []
    for step in range(warmup + steps):
        torch.cuda.synchronize()
        start = time.perf_counter()
        take_step()
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
    import torch

    return {
        **peer_model.versions(),
        "device": torch.cuda.get_device_name(),
        "capability": list(torch.cuda.get_device_capability()),
        "cuda": torch.version.cuda,
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
