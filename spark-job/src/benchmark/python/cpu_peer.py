#!/usr/bin/env python3
"""PyTorch and PEFT on this machine's CPU, asked by the benchmark: a line of JSON in, a line of JSON out.

    {"do": "versions"}
    {"do": "train", "batch": 8, "tokens": 128, "blocks": 12, "width": 768, "heads": 12,
     "precision": "f32" | "bf16", "variant": "eager" | "compile"}       -> {"seconds": of one step}

Needs torch, transformers and peft, and a C++ compiler for torch.compile. Uses as many threads as OMP_NUM_THREADS says.
"""

import json
import os
import sys
import time

import peer_model

steps = {}


def train(request):
    import torch

    shape = peer_model.Shape(*(request[field] for field in peer_model.Shape._fields))
    key = (shape, request["precision"], request["variant"])
    if key not in steps:
        dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[request["precision"]]
        steps[key] = peer_model.training_step(shape, dtype, request["variant"], "cpu")
    start = time.perf_counter()
    steps[key]()
    return {"seconds": time.perf_counter() - start}


def main():
    answers = os.fdopen(os.dup(1), "w")
    # What a library prints must not be taken for an answer.
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = peer_model.versions() if request["do"] == "versions" else train(request)
        except Exception as error:  # the benchmark says it and goes on with its other rows
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
