"""A tiny BERT sentence encoder of random weights, and what plain NumPy in double precision and the tokenizers library
compute with it: tiny/ and expected.json. Needs numpy and tokenizers.

    python make_encoder.py
    python make_encoder.py golden ../../../../../shared/golden/embed.jsonl    (the rows of embed_subset.jsonl)
"""
import json
import math
import os
import struct
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
HIDDEN, HEADS, LAYERS, FEED_FORWARD, POSITIONS, WINDOW = 32, 2, 2, 48, 40, 24
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS += list("abcdefghijklmnopqrstuvwxyz0123456789.,!?'\"-[]$") + ["##" + c for c in "abcdefghijklmnopqrstuvwxyz0123456789"]
WORDS += ["the", "cache", "of", "a", "model", "##s", "##ing", "key", "value", "long", "##er", "答", "世", "cafe", "naive", "ss"]
WORDS = list(dict.fromkeys(WORDS))
TEXTS = [
    "", "The cache", "the CACHE of models.", "Longer keys, longer values!", "caf\u00e9 na\u00efve", "\u7b54\u4e16x", "a\tb\nc  d",
    "[CLS] key [SEP] value [MASK]", "keying \u00a7 caches", "x" * 101, "x" * 100, "don't", "e\u0301 \u1e9e \u0130", "$a-b$",
    "the cache of a model " * 12, "zero\u200bwidth\u0000nul\ufffd", "\uff0cfull\u3000width",
]


def tokenizer_json():
    special = [{"id": i, "content": w, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
                "special": True} for i, w in enumerate(WORDS[:5])]
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": special,
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
                       "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": None,
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": {w: i for i, w in enumerate(WORDS)}},
    }


def weights():
    r = np.random.default_rng(1)
    w = {}

    def matrix(name, rows, columns, scale):
        w[name] = (r.standard_normal((rows, columns)) * scale).astype(np.float32)

    def vector(name, count, around):
        w[name] = (around + 0.2 * r.standard_normal(count)).astype(np.float32)

    def norm(name):
        vector(name + ".weight", HIDDEN, 1)
        vector(name + ".bias", HIDDEN, 0)

    def linear(name, outputs, inputs, scale=1.0):
        matrix(name + ".weight", outputs, inputs, scale / math.sqrt(inputs))
        vector(name + ".bias", outputs, 0)

    matrix("embeddings.word_embeddings.weight", len(WORDS), HIDDEN, 1)
    matrix("embeddings.position_embeddings.weight", POSITIONS, HIDDEN, 0.3)
    matrix("embeddings.token_type_embeddings.weight", 2, HIDDEN, 0.3)
    norm("embeddings.LayerNorm")
    for layer in range(LAYERS):
        p = f"encoder.layer.{layer}."
        for name in ("query", "key"):
            linear(p + "attention.self." + name, HIDDEN, HIDDEN, 2)
        linear(p + "attention.self.value", HIDDEN, HIDDEN)
        linear(p + "attention.output.dense", HIDDEN, HIDDEN)
        norm(p + "attention.output.LayerNorm")
        linear(p + "intermediate.dense", FEED_FORWARD, HIDDEN, 2)
        linear(p + "output.dense", HIDDEN, FEED_FORWARD)
        norm(p + "output.LayerNorm")
    return w


def embed(w, ids):
    w = {k: v.astype(np.float64) for k, v in w.items()}

    def norm(x, name):
        mean = x.mean(-1, keepdims=True)
        variance = ((x - mean) ** 2).mean(-1, keepdims=True)
        return (x - mean) / np.sqrt(variance + 1e-12) * w[name + ".weight"] + w[name + ".bias"]

    def linear(x, name):
        return x @ w[name + ".weight"].T + w[name + ".bias"]

    n = len(ids)
    x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][:n]
    x = norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for layer in range(LAYERS):
        p = f"encoder.layer.{layer}."
        heads = [linear(x, p + "attention.self." + s).reshape(n, HEADS, -1).swapaxes(0, 1) for s in ("query", "key", "value")]
        scores = heads[0] @ heads[1].swapaxes(1, 2) / math.sqrt(HIDDEN // HEADS)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        out = (scores / scores.sum(-1, keepdims=True)) @ heads[2]
        x = norm(x + linear(out.swapaxes(0, 1).reshape(n, HIDDEN), p + "attention.output.dense"), p + "attention.output.LayerNorm")
        raised = linear(x, p + "intermediate.dense")
        raised = raised * 0.5 * (1 + np.vectorize(math.erf)(raised / math.sqrt(2)))
        x = norm(x + linear(raised, p + "output.dense"), p + "output.LayerNorm")
    mean = x.mean(0)
    return mean / np.linalg.norm(mean)


def write(name, text):
    with open(os.path.join(HERE, name), "w", encoding="utf-8") as file:
        file.write(text)


def main():
    from tokenizers import Tokenizer

    w = weights()
    header, blob = {}, b""
    for name, tensor in w.items():
        data = tensor.tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(blob), len(blob) + len(data)]}
        blob += data
    text = json.dumps(header).encode()
    with open(os.path.join(HERE, "tiny/model.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + blob)
    write("tiny/config.json", json.dumps({
        "model_type": "bert", "hidden_size": HIDDEN, "num_attention_heads": HEADS, "num_hidden_layers": LAYERS,
        "intermediate_size": FEED_FORWARD, "max_position_embeddings": POSITIONS, "type_vocab_size": 2,
        "vocab_size": len(WORDS), "layer_norm_eps": 1e-12, "hidden_act": "gelu", "position_embedding_type": "absolute"}))
    write("tiny/sentence_bert_config.json", json.dumps({"max_seq_length": WINDOW, "do_lower_case": False}))
    write("tiny/tokenizer.json", json.dumps(tokenizer_json(), ensure_ascii=False))
    tokenizer = Tokenizer.from_file(os.path.join(HERE, "tiny/tokenizer.json"))
    rows = []
    for t in TEXTS:
        pieces = tokenizer.encode(t, add_special_tokens=False).ids
        ids = [2] + pieces[:WINDOW - 2] + [3]
        rows.append({"text": t, "pieces": pieces, "embedding": [round(float(v), 8) for v in embed(w, ids)]})
    write("expected.json", json.dumps(rows))


def golden(path):
    rows = [json.loads(line) for line in open(path, encoding="utf-8")]
    kept = [r for r in rows if r["id"] < 24 and len(r["ids_a"]) < 200]
    write("embed_subset.jsonl", "".join(json.dumps(r) + "\n" for r in kept))


if __name__ == "__main__":
    golden(sys.argv[2]) if sys.argv[1:2] == ["golden"] else main()
