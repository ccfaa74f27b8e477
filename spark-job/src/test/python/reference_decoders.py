"""Hidden states, logits and gradients of adapters of tiny decoders, as the transformers library and autograd give them.

    python3 reference_decoders.py > ../resources/org/erat/model/reference-decoders.json

Needs torch and transformers; their versions are written beside the values. Weights follow from a formula in the names of
the tensors, which DecoderFamiliesTest repeats, so that only names and shapes are stored. Computed in double precision,
but for what the library does in single precision whatever the dtype: rotations, RMS norms and softmax.
"""
import json
import sys
import zlib

import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM

transformers.logging.set_verbosity_error()
WIDTH = 16
VOCABULARY = 23
SCALE = 0.5
MASK = (1 << 64) - 1
EXAMPLES = [[3, 14, 15, 9, 2, 6], [5, 3, 5, 8]]

LLAMA = dict(model_type="llama", vocab_size=VOCABULARY, hidden_size=WIDTH, intermediate_size=20, num_hidden_layers=2,
             num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=32, rms_norm_eps=1e-5,
             hidden_act="silu", eos_token_id=2)
MODELS = {
    "gpt2": dict(model_type="gpt2", vocab_size=VOCABULARY, n_embd=WIDTH, n_layer=2, n_head=4, n_positions=12,
                 n_inner=None, activation_function="gelu_new", layer_norm_epsilon=1e-5, eos_token_id=2),
    "llama with llama3 scaling": dict(
        LLAMA, head_dim=6, tie_word_embeddings=False, rope_theta=500.0,
        rope_scaling=dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                          original_max_position_embeddings=8)),
    "llama with linear scaling": dict(
        LLAMA, num_key_value_heads=4, attention_bias=True, mlp_bias=True, tie_word_embeddings=True,
        rope_parameters=dict(rope_type="linear", rope_theta=100.0, factor=2.0)),
    "mistral": dict(LLAMA, model_type="mistral", sliding_window=3, tie_word_embeddings=False, rope_theta=100.0),
    "qwen2": dict(LLAMA, model_type="qwen2", tie_word_embeddings=True, rope_theta=1000.0, use_sliding_window=False,
                  sliding_window=2),
    "qwen2 with a sliding window": dict(
        LLAMA, model_type="qwen2", tie_word_embeddings=False, rope_theta=1000.0, use_sliding_window=True,
        sliding_window=2, max_window_layers=0),
    "qwen2 with windows in some blocks": dict(
        LLAMA, model_type="qwen2", tie_word_embeddings=False, rope_theta=1000.0, use_sliding_window=True,
        sliding_window=2, max_window_layers=1),
    "qwen3": dict(LLAMA, model_type="qwen3", head_dim=8, tie_word_embeddings=True, rope_theta=1000.0),
}
# The one matrix of a tied model may be stored under either name.
LEFT_OUT = {
    "gpt2": "lm_head.weight",
    "llama with linear scaling": "model.embed_tokens.weight",
    "qwen2": "lm_head.weight",
    "qwen3": "model.embed_tokens.weight",
}


def values(name, shape):
    """Values of SplitMix64 in [-1/2, 1/2)."""
    count = 1
    for size in shape:
        count *= size
    start = zlib.crc32(name.encode()) << 32
    result = []
    for i in range(count):
        z = (start + i) & MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        z ^= z >> 31
        result.append((z >> 40) / (1 << 24) - 0.5)
    return torch.tensor(result, dtype=torch.float64).reshape(shape)


def is_norm(name):
    return name.endswith(".weight") and any(part in name.lower() for part in ("norm", "ln_"))


def adapters(model, config):
    """(projection, module, first output, outputs) of each projection of each block, in the order of the forward pass."""
    found = []
    if config["model_type"] == "gpt2":
        for block in model.transformer.h:
            found += [("query", block.attn.c_attn, 0, WIDTH), ("key", block.attn.c_attn, WIDTH, WIDTH),
                      ("value", block.attn.c_attn, 2 * WIDTH, WIDTH),
                      ("attention-output", block.attn.c_proj, 0, WIDTH),
                      ("intermediate", block.mlp.c_fc, 0, 4 * WIDTH), ("output", block.mlp.c_proj, 0, WIDTH)]
        return found
    for block in model.model.layers:
        attention, mlp = block.self_attn, block.mlp
        for name, module in [("query", attention.q_proj), ("key", attention.k_proj), ("value", attention.v_proj),
                             ("attention-output", attention.o_proj), ("gate", mlp.gate_proj),
                             ("intermediate", mlp.up_proj), ("output", mlp.down_proj)]:
            found.append((name, module, 0, module.out_features))
    return found


def inputs(module):
    return module.nx if hasattr(module, "nx") else module.in_features


def add(module, first, outputs, a, b):
    """Adds SCALE * b * (a . x) to the outputs of a module from the first one on."""
    before = module.forward

    def forward(x):
        y = before(x)
        delta = SCALE * (x @ a)[..., None] * b
        rest = y.shape[-1] - first - outputs
        return y + torch.nn.functional.pad(delta, (first, rest))

    module.forward = forward


def rounded(tensor):
    return [float(f"{value:.8g}") for value in tensor.detach().double().flatten().tolist()]


def case(name, config):
    given = AutoConfig.for_model(**config)
    model = AutoModelForCausalLM.from_config(given, attn_implementation="eager").double().eval()
    stored = {}
    with torch.no_grad():
        for tensor, parameter in model.state_dict().items():
            if tensor != LEFT_OUT.get(name) and not tensor.endswith((".attn.bias", ".masked_bias")):
                stored[tensor] = list(parameter.shape)
                parameter.copy_(values(tensor, parameter.shape) + (1 if is_norm(tensor) else 0))
    parameters = []
    for i, (projection, module, first, outputs) in enumerate(adapters(model, config)):
        block = i * 2 // len(adapters(model, config))
        a = values(f"{block}.{projection}.a", [inputs(module)]).requires_grad_()
        b = values(f"{block}.{projection}.b", [outputs]).requires_grad_()
        add(module, first, outputs, a, b)
        parameters.append((f"{block}.{projection}", a, b))
    hidden, logits, objective = [], [], 0
    for number, ids in enumerate(EXAMPLES):
        output = model(torch.tensor([ids]), output_hidden_states=True)
        states = output.hidden_states[-1][0]
        hidden.append(rounded(states))
        logits.append(rounded(output.logits[0, -1]))
        objective = objective + (states * values(f"objective.{number}", states.shape)).sum()
    objective.backward()
    return dict(name=name, config=config, tensors=stored, hidden=hidden, logits=logits,
                gradients={key: dict(a=rounded(a.grad), b=rounded(b.grad)) for key, a, b in parameters})


def write(cases, **further):
    """Prints the file."""
    written = dict(torch=torch.__version__, transformers=transformers.__version__, **further, models=cases)
    print(json.dumps(written).replace('{"name"', '\n{"name"'), file=sys.stdout)


if __name__ == "__main__":
    write([case(name, config) for name, config in MODELS.items()], examples=EXAMPLES, scale=SCALE)
