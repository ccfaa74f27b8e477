"""Losses and gradients of adapters of a tiny BERT as a prefix language model, as the transformers library and autograd give
them.

    python3 reference_prefix.py > ../resources/org/erat/prefix/reference-prefix.json

Needs torch and transformers; their versions are written beside the values. Weights follow from a formula in the names of
the tensors, which PrefixReferenceTest repeats, so that only names and shapes are stored. Computed in double precision.
"""
import json
import sys
import zlib

import torch
import transformers
from transformers import BertConfig, BertForMaskedLM

transformers.logging.set_verbosity_error()
VOCABULARY = 23
MASK_TOKEN = 4
CONFIG = dict(model_type="bert", vocab_size=VOCABULARY, hidden_size=12, num_hidden_layers=2, num_attention_heads=3,
              intermediate_size=20, hidden_act="gelu", max_position_embeddings=16, type_vocab_size=2,
              layer_norm_eps=1e-12, pad_token_id=0)
# Source and target with the separators that end them.
EXAMPLES = [([2, 9, 17, 5, 3], [7, 20, 11, 3]), ([2, 6, 3], [14, 3])]
BITS = (1 << 64) - 1


def values(name, shape):
    """Values of SplitMix64 in [-1/2, 1/2)."""
    count = 1
    for size in shape:
        count *= size
    start = zlib.crc32(name.encode()) << 32
    result = []
    for i in range(count):
        z = (start + i) & BITS
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & BITS
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & BITS
        z ^= z >> 31
        result.append((z >> 40) / (1 << 24) - 0.5)
    return torch.tensor(result, dtype=torch.float64).reshape(shape)


def adapted(module, a, b):
    """Adds b * (a . x) to the outputs of a module."""
    before = module.forward
    module.forward = lambda x: before(x) + (x @ a)[..., None] * b


def pseudo_mask(source, target):
    """Ids, types, positions, who sees whom, and the class of each token that predicts."""
    s, m = len(source), len(target)
    ids = source + target + [MASK_TOKEN] * m
    types = [0] * s + [1] * (2 * m)
    positions = list(range(s + m)) + list(range(s, s + m))
    sees = torch.zeros(s + 2 * m, s + 2 * m)
    sees[:, :s] = 1
    for i in range(m):
        sees[s + i, s:s + i + 1] = 1
        sees[s + m + i, s:s + i] = 1
        sees[s + m + i, s + m + i] = 1
    return ids, types, positions, sees, {s + m + i: target[i] for i in range(m)}


def causal(source, target):
    """The separator after the source begins the target."""
    s, start = len(source) - 1, [source[-1]]
    ids = source + target
    types = [0] * s + [1] * (len(ids) - s)
    sees = torch.tril(torch.ones(len(ids), len(ids)))
    sees[:s, :s] = 1
    return ids, types, list(range(len(ids))), sees, {s + i: target[i] for i in range(len(target))}


def case(name, form):
    model = BertForMaskedLM._from_config(BertConfig(**CONFIG), attn_implementation="eager").double().eval()
    stored = {}
    with torch.no_grad():
        for tensor, parameter in model.state_dict().items():
            if parameter.is_floating_point() and not tensor.startswith("cls.predictions.decoder"):
                stored[tensor] = list(parameter.shape)
                shift = 1 if tensor.endswith("LayerNorm.weight") else 0
                parameter.copy_((values(tensor, parameter.shape) + shift).float())
    assert torch.equal(model.cls.predictions.decoder.bias, model.cls.predictions.bias)
    parameters = []
    for block, layer in enumerate(model.bert.encoder.layer):
        attention = layer.attention.self
        for projection, module in [("query", attention.query), ("key", attention.key), ("value", attention.value),
                                   ("attention-output", layer.attention.output.dense),
                                   ("intermediate", layer.intermediate.dense), ("output", layer.output.dense)]:
            a = values(f"{block}.{projection}.a", [module.in_features]).requires_grad_()
            b = values(f"{block}.{projection}.b", [module.out_features]).requires_grad_()
            adapted(module, a, b)
            parameters.append((f"{block}.{projection}", a, b))
    losses = []
    for source, target in EXAMPLES:
        ids, types, positions, sees, classes = form(source, target)
        logits = model(torch.tensor([ids]), token_type_ids=torch.tensor([types]),
                       position_ids=torch.tensor([positions]), attention_mask=(1 - sees.double())[None, None] * -1e30).logits[0]
        losses += [-torch.log_softmax(logits[row], -1)[token] for row, token in classes.items()]
    torch.stack(losses).mean().backward()
    return dict(name=name, tensors=stored, losses=[loss.item() for loss in losses],
                gradients={key: dict(a=a.grad.tolist(), b=b.grad.tolist()) for key, a, b in parameters})


cases = [case("pseudo-mask", pseudo_mask), case("causal", causal)]
written = dict(torch=torch.__version__, transformers=transformers.__version__, config=CONFIG, mask_token=MASK_TOKEN,
               examples=EXAMPLES, cases=cases)
text = json.dumps(written, default=float)
text = json.dumps(json.loads(text, parse_float=lambda number: float(f"{float(number):.10g}")))
print(text.replace('{"name"', '\n{"name"'), file=sys.stdout)
