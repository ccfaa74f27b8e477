"""Token ids and pooled hidden states of tiny models, as the transformers library gives them for a directory.

    python3 reference_tokens.py > ../resources/org/erat/cli/reference-tokens.json

Needs torch, transformers and tokenizers; their versions are written beside the values. Weights follow from a formula in
the names of the tensors, which ReferenceTokensTest repeats, so no weights are stored.
"""
import json
import math
import os
import shutil
import sys
import tempfile
import zlib

import tokenizers
import torch
import transformers
from transformers import AutoConfig, AutoModel, AutoTokenizer

transformers.logging.set_verbosity_error()
MAX_LENGTH = 16
WIDTH = 8
WORDS = "the movie film was is good bad great not very and but dull fun cafe naive".split()
BERT_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
TEXTS = [
    ["The Movie was Good", None],
    ["café naïve, très bon 东京!", None],
    ["good [SEP] film [MASK] [PAD] bad", None],
    ["good </s> film <mask> <pad> <pad> bad", None],
    ["", None],
    ["a very very very good movie and a dull film but not bad at all and great fun", None],
    ["the film", "a Movie"],
    ["good <pad> film", "bad [PAD] film"],
    ["a very very very good movie and a dull film", "not bad at all and great fun but the film is very dull"],
]


def added(tokens, ids):
    return [
        dict(id=ids[t], content=t, single_word=False, lstrip=t == "<mask>", rstrip=False, normalized=False, special=True)
        for t in tokens
    ]


def bert_tokenizer(lower):
    letters = [chr(c) for c in range(33, 127)]
    vocabulary = BERT_SPECIAL + letters + ["##" + c for c in letters if c.isalnum()] + WORDS
    ids = {word: i for i, word in enumerate(vocabulary)}
    special = lambda token, kind: {"SpecialToken": {"id": token, "type_id": kind}}
    sequence = lambda name, kind: {"Sequence": {"id": name, "type_id": kind}}
    single = [special("[CLS]", 0), sequence("A", 0), special("[SEP]", 0)]
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": added(BERT_SPECIAL, ids),
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                       "strip_accents": None, "lowercase": lower},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing", "single": single,
            "pair": single + [sequence("B", 1), special("[SEP]", 1)],
            "special_tokens": {t: {"id": t, "ids": [ids[t]], "tokens": [t]} for t in ("[CLS]", "[SEP]")}},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": ids},
    }


def byte_letters():
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = {b: chr(b) for b in printable}
    for b in range(256):
        letters.setdefault(b, chr(256 + len([x for x in range(b) if x not in printable])))
    return [letters[b] for b in sorted(letters, key=lambda b: (b not in printable, b))]


ROBERTA_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def roberta_tokenizer(bert_processing):
    vocabulary = ROBERTA_SPECIAL[:4] + byte_letters() + ["th", "the", "Ġt", "Ġthe"] + ROBERTA_SPECIAL[4:]
    ids = {word: i for i, word in enumerate(vocabulary)}
    ends = {"sep": ["</s>", ids["</s>"]], "cls": ["<s>", ids["<s>"]]}
    processor = {"type": "BertProcessing", **ends} if bert_processing else {
        "type": "RobertaProcessing", **ends, "trim_offsets": True, "add_prefix_space": False}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": added(ROBERTA_SPECIAL, ids), "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "post_processor": processor,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "",
                  "end_of_word_suffix": "", "fuse_unk": False, "byte_fallback": False, "vocab": ids,
                  "merges": ["t h", "th e", "Ġ t", "Ġ the"]},
    }


def unigram_tokenizer(first, last, unknown, ends):
    """As converted from SentencePiece: special tokens first and the mask last; ends are those of a text."""
    trained = tokenizers.Tokenizer(tokenizers.models.Unigram())
    trained.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    texts = [text for pair in TEXTS for text in pair if text] + [word * 2 + " " + word for word in WORDS]
    trained.train_from_iterator(texts, tokenizers.trainers.UnigramTrainer(vocab_size=90, show_progress=False))
    pieces = [piece for piece in json.loads(trained.to_str())["model"]["vocab"] if piece[0] not in first + last]
    vocabulary = [[token, 0.0] for token in first] + pieces + [[token, 0.0] for token in last]
    ids = {piece[0]: i for i, piece in enumerate(vocabulary)}
    begin, end = ends
    special = lambda token: {"SpecialToken": {"id": token, "type_id": 0}}
    sequence = lambda name: {"Sequence": {"id": name, "type_id": 0}}
    single = [special(begin), sequence("A"), special(end)]
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": added(first + last, ids), "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, metaspace]},
        "post_processor": {
            "type": "TemplateProcessing", "single": single,
            "pair": single + [special(end), sequence("B"), special(end)],
            "special_tokens": {t: {"id": t, "ids": [ids[t]], "tokens": [t]} for t in ends}},
        "decoder": metaspace,
        "model": {"type": "Unigram", "unk_id": ids[unknown], "vocab": vocabulary, "byte_fallback": False},
    }


XLM_ROBERTA = ["<s>", "<pad>", "</s>", "<unk>"]
CAMEMBERT = ["<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED", "<s>", "</s>"]


def config(kind, tokenizer, **other):
    vocabulary = tokenizer["model"]["vocab"]
    of_roberta = kind in ("roberta", "xlm-roberta", "camembert")
    sizes = dict(vocab_size=len(vocabulary) if isinstance(vocabulary, list) else max(vocabulary.values()) + 1,
                 pad_token_id=1 if of_roberta else 0)
    if kind == "electra":
        sizes.update(model_type=kind, architectures=["ElectraModel"], hidden_size=WIDTH, embedding_size=6,
                     num_hidden_layers=2, num_attention_heads=2, intermediate_size=16, hidden_act="gelu",
                     max_position_embeddings=20, type_vocab_size=2, layer_norm_eps=1e-12)
    elif kind == "distilbert":
        sizes.update(model_type=kind, architectures=["DistilBertModel"], dim=WIDTH, n_layers=2, n_heads=2, hidden_dim=16,
                     activation="gelu", max_position_embeddings=20)
    else:
        sizes.update(
            model_type=kind, architectures=["RobertaModel" if of_roberta else "BertModel"], hidden_size=WIDTH,
            num_hidden_layers=2, num_attention_heads=2, intermediate_size=16, hidden_act="gelu",
            max_position_embeddings=22 if of_roberta else 20, type_vocab_size=1 if of_roberta else 2,
            layer_norm_eps=1e-5 if of_roberta else 1e-12)
    sizes.update(other)
    return sizes


def value(name, i):
    return 0.5 * math.sin(zlib.crc32(name.encode()) % 1000 + 1.7 * i)


def fill(model):
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            norm = "norm" in name.lower() and name.endswith("weight")
            values = [value(name, i) + (1 if norm else 0) for i in range(tensor.numel())]
            tensor.copy_(torch.tensor(values, dtype=torch.float64).float().reshape(tensor.shape))


def case(name, kind, tokenizer, tokenizer_config):
    folder = tempfile.mkdtemp()
    try:
        model_config = config(kind, tokenizer)
        for file, content in (("config.json", model_config), ("tokenizer.json", tokenizer),
                              ("tokenizer_config.json", tokenizer_config)):
            with open(os.path.join(folder, file), "w", encoding="utf-8") as out:
                json.dump(content, out, ensure_ascii=False)
        tokenize = AutoTokenizer.from_pretrained(folder)
        model = AutoModel.from_config(AutoConfig.from_pretrained(folder)).double().eval()
        fill(model)
        longest = min(MAX_LENGTH, tokenize.model_max_length)
        examples = []
        for text, pair in TEXTS:
            encoded = tokenize(text, pair, truncation=True, max_length=longest, return_tensors="pt")
            with torch.no_grad():
                hidden = model(**encoded).last_hidden_state[0]
            types = encoded.get("token_type_ids")
            examples.append({
                "text": text, "pair": pair,
                "input_ids": encoded["input_ids"][0].tolist(),
                "token_type_ids": types[0].tolist() if types is not None and kind in ("bert", "electra") else None,
                "mean": [round(v, 9) for v in hidden.mean(0).tolist()]})
        return {"name": name, "config": model_config, "tokenizer": tokenizer, "tokenizer_config": tokenizer_config,
                "examples": examples}
    finally:
        shutil.rmtree(folder)


CASES = [
    ("lower case", "bert", bert_tokenizer(True), {"tokenizer_class": "BertTokenizer", "do_lower_case": True}),
    ("cased", "bert", bert_tokenizer(False), {"tokenizer_class": "BertTokenizer", "do_lower_case": False}),
    ("cased, said to be lower case", "bert", bert_tokenizer(False),
     {"tokenizer_class": "BertTokenizer", "do_lower_case": True}),
    ("lower case, said to be cased", "bert", bert_tokenizer(True),
     {"tokenizer_class": "BertTokenizerFast", "do_lower_case": False, "strip_accents": False}),
    ("cased, nothing said of case", "bert", bert_tokenizer(False), {"tokenizer_class": "BertTokenizer"}),
    ("twelve tokens at most", "bert", bert_tokenizer(True),
     {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 12}),
    ("without token types", "bert", bert_tokenizer(True),
     {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_input_names": ["input_ids", "attention_mask"]}),
    ("a class of no family", "bert", bert_tokenizer(False), {"tokenizer_class": "PreTrainedTokenizerFast"}),
    ("RoBERTa", "roberta", roberta_tokenizer(False), {"tokenizer_class": "RobertaTokenizer"}),
    ("RoBERTa with BERT's post-processor", "roberta", roberta_tokenizer(True), {"tokenizer_class": "RobertaTokenizer"}),
    ("RoBERTa with a space in front", "roberta", roberta_tokenizer(False),
     {"tokenizer_class": "RobertaTokenizerFast", "add_prefix_space": True}),
    ("RoBERTa of no class", "roberta", roberta_tokenizer(True), {"tokenizer_class": "PreTrainedTokenizerFast"}),
    ("DistilBERT", "distilbert", bert_tokenizer(True), {"tokenizer_class": "DistilBertTokenizer", "do_lower_case": True}),
    ("ELECTRA", "electra", bert_tokenizer(True), {"tokenizer_class": "ElectraTokenizer", "do_lower_case": True}),
    ("ELECTRA of no class", "electra", bert_tokenizer(False), {"do_lower_case": True}),
    ("XLM-RoBERTa", "xlm-roberta", unigram_tokenizer(XLM_ROBERTA, ["<mask>"], "<unk>", ("<s>", "</s>")),
     {"tokenizer_class": "XLMRobertaTokenizer"}),
    ("XLM-RoBERTa of no class", "xlm-roberta", unigram_tokenizer(XLM_ROBERTA, ["<mask>"], "<unk>", ("<s>", "</s>")),
     {"tokenizer_class": "PreTrainedTokenizerFast"}),
    ("CamemBERT", "camembert", unigram_tokenizer(CAMEMBERT, ["<mask>"], "<unk>", ("<s>", "</s>")),
     {"tokenizer_class": "CamembertTokenizer"}),
]

if __name__ == "__main__":
    versions = {"transformers": transformers.__version__, "tokenizers": tokenizers.__version__,
                "torch": torch.__version__, "python": sys.version.split()[0]}
    json.dump({"made_by": versions, "max_length": MAX_LENGTH, "cases": [case(*each) for each in CASES]}, sys.stdout,
              ensure_ascii=False, separators=(",", ":"))
