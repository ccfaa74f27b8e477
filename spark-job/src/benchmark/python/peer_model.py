"""The peer's model and step: an encoder of BERT's form with random weights, LoRA r=8 on query and value, and two classes.

Frozen weights and activations have the precision asked for; adapters, head and AdamW are f32. Attention is
scaled_dot_product_attention, sentences have no padding, nothing is dropped or clipped: what the other side does.
"""

from typing import NamedTuple

VOCABULARY = 30522
CLASSES = 2
RANK, ALPHA = 8, 16
LEARNING_RATE, WEIGHT_DECAY = 4e-4, 0.01


class Shape(NamedTuple):
    batch: int
    tokens: int
    blocks: int
    width: int
    heads: int


def classifier(shape, dtype):
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=shape.width,
        num_hidden_layers=shape.blocks,
        num_attention_heads=shape.heads,
        intermediate_size=4 * shape.width,
        max_position_embeddings=max(512, shape.tokens),
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        attn_implementation="sdpa",
    )

    class Classifier(torch.nn.Module):
        """Mean over tokens, dense tanh layer, linear layer."""

        def __init__(self):
            super().__init__()
            body = BertModel(config, add_pooling_layer=False).to(dtype)
            lora = LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, target_modules=["query", "value"])
            # autocast_adapter_dtype leaves the adapters in f32.
            self.body = get_peft_model(body, lora, autocast_adapter_dtype=True)
            self.dense = torch.nn.Linear(shape.width, shape.width)
            self.output = torch.nn.Linear(shape.width, CLASSES)

        def forward(self, ids):
            hidden = self.body(input_ids=ids).last_hidden_state
            return self.output(torch.tanh(self.dense(hidden.float().mean(1))))

    return Classifier()


def training_step(shape, dtype, variant, device):
    """A function that takes one step on random sentences, whose loss is on the host when it returns."""
    import torch

    torch.manual_seed(1)
    model = classifier(shape, dtype).to(device).train()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=True)
    run = torch.compile(model) if variant == "compile" else model
    ids = torch.randint(1000, VOCABULARY, (shape.batch, shape.tokens), device=device)
    labels = torch.randint(0, CLASSES, (shape.batch,), device=device)

    def step():
        loss = torch.nn.functional.cross_entropy(run(ids), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        loss.item()

    return step


def versions():
    import sys

    import peft
    import torch
    import transformers

    return {
        "python": sys.version.split()[0],
        "torch": torch.__version__,
        "peft": peft.__version__,
        "transformers": transformers.__version__,
    }
