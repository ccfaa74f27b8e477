"""Hidden states and gradients of adapters of tiny encoders, as the transformers library and autograd give them.

    python3 reference_encoders.py > ../resources/org/erat/model/reference-encoders.json

Needs torch and transformers; their versions are written beside the values. Weights follow from the formula of
reference_decoders.py. Computed in double precision, but for what the library does in single precision whatever the dtype.
"""
import torch
from transformers import AutoConfig, AutoModel

from reference_decoders import SCALE, VOCABULARY, WIDTH, add, is_norm, rounded, values, write

INNER = 20
EXAMPLES = [[3, 14, 15, 9, 2, 6, 5, 3, 5], [8, 9, 7, 9, 3]]
TYPES = [[0, 0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 1]]

BERT = dict(vocab_size=VOCABULARY, hidden_size=WIDTH, intermediate_size=INNER, num_hidden_layers=2, num_attention_heads=4,
            max_position_embeddings=12, type_vocab_size=2, hidden_act="gelu", pad_token_id=0)

MODERNBERT = dict(
    model_type="modernbert", vocab_size=VOCABULARY, hidden_size=WIDTH, intermediate_size=INNER, num_hidden_layers=4,
    num_attention_heads=2, max_position_embeddings=16, hidden_activation="gelu", local_attention=4, pad_token_id=0,
    cls_token_id=1, sep_token_id=2, bos_token_id=1, eos_token_id=2)

# What stands before the names of the tensors, and the configuration as a config.json has it.
MODELS = {
    "electra": ("electra.", dict(BERT, model_type="electra", embedding_size=6)),
    "electra with embeddings as wide as its states": ("", dict(
        BERT, model_type="electra", embedding_size=WIDTH, hidden_act="gelu_new")),
    "modernbert": ("model.", dict(
        MODERNBERT, global_attn_every_n_layers=3, global_rope_theta=160.0, local_rope_theta=10.0,
        classifier_pooling="mean")),
    "modernbert with biases and the keys of version 5": ("", dict(
        MODERNBERT, norm_bias=True, attention_bias=True, mlp_bias=True, local_attention=3,
        layer_types=["sliding_attention", "full_attention", "sliding_attention", "full_attention"],
        rope_parameters=dict(full_attention=dict(rope_type="linear", rope_theta=500.0, factor=2.0),
                             sliding_attention=dict(rope_type="default", rope_theta=20.0)))),
}


def of_bert(block):
    attention = block.attention
    return [("query", attention.self.query), ("key", attention.self.key), ("value", attention.self.value),
            ("attention-output", attention.output.dense), ("intermediate", block.intermediate.dense),
            ("output", block.output.dense)]


def adapters(model):
    """(block, projection, module, first output, outputs) of each projection, in the order of the forward pass."""
    found = []
    if model.config.model_type == "modernbert":
        for i, block in enumerate(model.layers):
            found += [(i, "query", block.attn.Wqkv, 0, WIDTH), (i, "key", block.attn.Wqkv, WIDTH, WIDTH),
                      (i, "value", block.attn.Wqkv, 2 * WIDTH, WIDTH), (i, "attention-output", block.attn.Wo, 0, WIDTH),
                      (i, "gate", block.mlp.Wi, 0, INNER), (i, "intermediate", block.mlp.Wi, INNER, INNER),
                      (i, "output", block.mlp.Wo, 0, WIDTH)]
        return found
    for i, block in enumerate(model.encoder.layer):
        found += [(i, name, module, 0, module.out_features) for name, module in of_bert(block)]
    return found


def case(name, prefix, config):
    given = AutoConfig.for_model(**config)
    model = AutoModel.from_config(given, attn_implementation="eager").double().eval()
    stored = {}
    with torch.no_grad():
        for tensor, parameter in model.named_parameters():
            if tensor.startswith("pooler."):
                continue
            stored[prefix + tensor] = list(parameter.shape)
            parameter.copy_(values(prefix + tensor, parameter.shape) + (1 if is_norm(tensor) else 0))
    parameters = []
    for block, projection, module, first, outputs in adapters(model):
        a = values(f"{block}.{projection}.a", [module.in_features]).requires_grad_()
        b = values(f"{block}.{projection}.b", [outputs]).requires_grad_()
        add(module, first, outputs, a, b)
        parameters.append((f"{block}.{projection}", a, b))
    hidden, objective = [], 0
    for number, (ids, types) in enumerate(zip(EXAMPLES, TYPES)):
        inputs = dict(input_ids=torch.tensor([ids]))
        if config.get("type_vocab_size", 0) > 1:
            inputs["token_type_ids"] = torch.tensor([types])
        states = model(**inputs).last_hidden_state[0]
        hidden.append(rounded(states))
        objective = objective + (states * values(f"objective.{number}", states.shape)).sum()
    objective.backward()
    return dict(name=name, config=config, tensors=stored, hidden=hidden,
                gradients={key: dict(a=rounded(a.grad), b=rounded(b.grad)) for key, a, b in parameters})


if __name__ == "__main__":
    write([case(name, *model) for name, model in MODELS.items()], examples=EXAMPLES, types=TYPES, scale=SCALE)
