"""Tiny random checkpoints of every family, and what the transformers library computes with them.

    python3 make_families.py OUT            (torch, transformers, tokenizers, gguf, safetensors from PyPI)

Made with transformers 5.23.0, tokenizers 0.23.3, gguf 0.19.0, torch 2.15.0 on the CPU, float32, eager attention.

OUT/<family>/           config.json, safetensors (Llama and Phi-3 in shards), tokenizer.json, tokenizer_config.json, ...
OUT/<family>.gguf       the same weights with the names and the order of llama.cpp's converter
OUT/expected.json       one record a family or variant: logits of a prompt of 48 tokens and the greedy continuation
OUT/tokenizers.json     ids and decoded texts of the tokenizer.json files

Matrices are signed bytes times a power of two, so that BF16, F16 and Q8_0 all hold them exactly. `logits` are those of
every position, for every 31st token of the vocabulary; `totals` the logarithm of the sum of exponentials; `last` the
last position's for all tokens; `gap` the least distance of the greedy token's logit to the next.
"""

import json
import math
import pathlib
import sys

import gguf
import numpy as np
import torch
import transformers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

OUT = pathlib.Path(sys.argv[1])
TOKENS, NEW, STRIDE = 48, 12, 31
torch.set_num_threads(1)

LLAMA3 = {"rope_type": "llama3", "rope_theta": 10000.0, "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 64}
LONG = {"rope_type": "longrope", "rope_theta": 10000.0, "partial_rotary_factor": 0.5,
        "short_factor": [1.0, 1.1, 1.3, 1.75, 2.0, 2.5, 2.75, 3.0],
        "long_factor": [1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0, 8.0],
        "original_max_position_embeddings": 64}
SMALL = {"hidden_size": 64, "intermediate_size": 32, "num_attention_heads": 4, "num_key_value_heads": 2,
         "max_position_embeddings": 256, "rms_norm_eps": 1e-5}
PLAIN = {"rope_type": "default", "rope_theta": 10000.0}

FAMILIES = {
    "llama": (transformers.LlamaConfig, "llama3", torch.bfloat16,
              dict(num_hidden_layers=2, head_dim=32, attention_bias=True, rope_parameters=LLAMA3)),
    "mistral": (transformers.MistralConfig, "sentencepiece", torch.float16,
                dict(num_hidden_layers=2, head_dim=32, sliding_window=17,
                     rope_parameters={"rope_type": "default", "rope_theta": 1e6})),
    "qwen2": (transformers.Qwen2Config, "qwen", torch.bfloat16,
              dict(num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, tie_word_embeddings=True,
                   rope_parameters=PLAIN)),
    "qwen3": (transformers.Qwen3Config, "qwen", torch.bfloat16,
              dict(num_hidden_layers=2, head_dim=32, num_attention_heads=3, num_key_value_heads=1,
                   tie_word_embeddings=True, rope_parameters=PLAIN)),
    "phi3": (transformers.Phi3Config, "phi", torch.bfloat16,
             dict(num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, sliding_window=23,
                  rope_parameters=LONG,
                  original_max_position_embeddings=64)),
}
# The same weights under another config.json: name -> (family, changed keys).
VARIANTS = {
    "llama-linear": ("llama", {"rope_parameters": {"rope_type": "linear", "rope_theta": 10000.0, "factor": 2.5}}),
    "llama-plain": ("llama", {"rope_parameters": PLAIN}),
    "mistral-unbounded": ("mistral", {"sliding_window": None}),
    "qwen2-window": ("qwen2", {"use_sliding_window": True, "sliding_window": 11, "max_window_layers": 1,
                               "layer_types": None}),
    "qwen3-window": ("qwen3", {"use_sliding_window": True, "sliding_window": 9, "max_window_layers": 2,
                               "layer_types": ["sliding_attention", "full_attention"]}),
    "phi3-whole": ("phi3", {"rope_parameters": {**PLAIN, "partial_rotary_factor": 1.0}, "sliding_window": None}),
}

CORPUS = [
    "The cache holds the keys and values of every token; the longer the text, the larger the cache.",
    "It's 1,024 tokens or 4096 tokens? They're measured in bytes, and we'll see that they aren't small.",
    "for (int i = 0; i < 10; i++) {\n    sum += values[i];\n}\n\n",
    "Der Zwischenspeicher hält die Schlüssel. Le modèle répond plus longuement. これはテストです。",
    "What is attention? Attention is the weighted sum of the values. What are the weights? The weights are a softmax.",
] * 3
TEXTS = [
    "", " ", "a", "The cache", " The  cache\n\n  holds 12345 keys.", "It's they'LL we're don't", "tab\tand\r\nline\n",
    "naïve café", "e\u0301 = é", "これはテスト", "🙂👍🏽 ok", "<|end|>  after <s>x</s> y", "a<|im_end|>\nb",
    "  leading", "trailing  ", "x\u00a0y\u2003z", "3.14159 + 2,718", "\u2581under ▁▁ score", "\x00\x01\x7f",
    "ΑΩ Ω \u2126 Å \u212b", "for (int i = 0; i < 10; i++) {\n    sum += values[i];\n}", "<unk> <|begin_of_text|>hi",
    "\n\n\n", "a  b   c    d", "ſ's ’s 'S", "½ Ⅷ ²", "مرحبا שלום", "100000 x 2000000",
]
LLAMA_SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
               r"|\s+(?!\S)|\s+")


def byte_level(kind):
    tokenizer = Tokenizer(models.BPE(ignore_merges=kind == "llama3"))
    split = LLAMA_SPLIT if kind == "llama3" else LLAMA_SPLIT.replace("{1,3}", "")
    if kind == "qwen":
        tokenizer.normalizer = normalizers.NFC()
    if kind == "smollm":
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    elif kind == "gpt2":
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Split(Regex(split), "isolated"),
             pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    trainer = trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.decoder = decoders.ByteLevel()
    special = {
        "llama3": ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"],
        "qwen": ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
    }.get(kind, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    tokenizer.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in special])
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    if kind == "llama3":
        bos = tokenizer.token_to_id("<|begin_of_text|>")
        tokenizer.post_processor = processors.Sequence(
            [tokenizer.post_processor, processors.TemplateProcessing(
                single="<|begin_of_text|> $A", special_tokens=[("<|begin_of_text|>", bos)])])
    return tokenizer


def sentencepiece(kind):
    trained = Tokenizer(models.BPE())
    trained.normalizer = normalizers.Replace(" ", "▁")
    trained.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
    trained.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=80, show_progress=False))
    learnt = json.loads(trained.to_str())["model"]
    vocabulary = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    vocabulary += [token for token, _ in sorted(learnt["vocab"].items(), key=lambda item: item[1])]
    merges = [tuple(merge) for merge in learnt["merges"]]
    tokenizer = Tokenizer(models.BPE(
        vocab={token: id for id, token in enumerate(vocabulary)}, merges=merges, unk_token="<unk>", fuse_unk=True,
        byte_fallback=True))
    if kind == "metaspace":
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=False)
    else:
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in ["<unk>", "<s>", "</s>"]])
    if kind == "phi":
        tokenizer.add_special_tokens(
            [AddedToken(text, special=True, normalized=False, rstrip=True)
             for text in ["<|endoftext|>", "<|assistant|>", "<|end|>", "<|user|>"]])
    else:
        tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return tokenizer


def tokenizer_of(kind):
    return byte_level(kind) if kind in ("llama3", "qwen", "smollm", "gpt2") else sentencepiece(kind)


CHATML = ("{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' "
          "+ '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")
PHI_CHAT = ("{% for message in messages %}{% if message['role'] == 'system' %}{{'<|system|>\n' + message['content'] + "
            "'<|end|>\n'}}{% elif message['role'] == 'user' %}{{'<|user|>\n' + message['content'] + '<|end|>\n'}}"
            "{% elif message['role'] == 'assistant' %}{{'<|assistant|>\n' + message['content'] + '<|end|>\n'}}{% endif %}"
            "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}")
CHAT = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": " What is a cache? "},
        {"role": "assistant", "content": "A store."}, {"role": "user", "content": "Why?"}]
SETTINGS = {  # tokenizer_config.json, the end ids of generation_config.json by token
    "llama3": ({"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>", "add_bos_token": True},
               ["<|end_of_text|>", "<|eot_id|>"]),
    "qwen": ({"eos_token": "<|im_end|>", "add_bos_token": False, "chat_template": CHATML},
             ["<|im_end|>", "<|endoftext|>"]),
    "sentencepiece": ({"bos_token": {"content": "<s>"}, "eos_token": {"content": "</s>"}, "unk_token": "<unk>",
                       "add_bos_token": True}, ["</s>"]),
    "phi": ({"bos_token": "<s>", "eos_token": "<|endoftext|>", "unk_token": "<unk>", "add_bos_token": False,
             "chat_template": PHI_CHAT},
            ["<|endoftext|>", "<|end|>"]),
}


def exact_weights(model, seed):
    """Draws every weight: matrices as signed bytes times a power of two, vectors as multiples of 1 / 128."""
    generator = np.random.default_rng(seed)
    embedding = 0.15 if model.config.tie_word_embeddings else 1.0
    codes = {}
    for name, parameter in model.named_parameters():
        shape = tuple(parameter.shape)
        if len(shape) == 1:
            spread, middle = (0.25, 1.0) if "norm" in name else (0.4, 0.0)
            values = np.round((middle + spread * generator.standard_normal(shape)) * 128) / 128
        else:
            sharp = 1.7 if any(part in name for part in ("q_proj", "k_proj", "qkv_proj")) else 1.0
            spread = embedding if "embed" in name else sharp / math.sqrt(shape[1])
            scale = 2.0 ** math.floor(math.log2(spread / 24))
            whole = np.clip(np.round(spread * generator.standard_normal(shape) / scale), -127, 127)
            codes[name] = (whole.astype(np.int8), scale)
            values = whole * scale
        parameter.data = torch.tensor(values, dtype=torch.float32)
    return codes


def evaluate(model, prompt):
    with torch.no_grad():
        logits = model(torch.tensor([prompt])).logits[0].double()
        ids, greedy, gap = list(prompt), [], math.inf
        for _ in range(NEW):
            row = model(torch.tensor([ids])).logits[0, -1].double()
            top = row.topk(2)
            gap = min(gap, float(top.values[0] - top.values[1]))
            greedy.append(int(top.indices[0]))
            ids.append(greedy[-1])
    number = lambda values: [round(float(value), 6) for value in values]
    return {"prompt": prompt, "greedy": greedy, "gap": gap, "logits": [number(row[::STRIDE]) for row in logits],
            "totals": number(logits.logsumexp(-1)), "last": number(logits[-1])}


def permuted(array, heads):
    """llama.cpp's LlamaModel.permute: halves of a head become pairs side by side."""
    return (array.reshape(heads, 2, array.shape[0] // heads // 2, *array.shape[1:]).swapaxes(1, 2)
            .reshape(array.shape))


NAMES = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm", "self_attn.qkv_proj": "attn_qkv", "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.gate_up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}


def gguf_name(name):
    base, kind = name.rsplit(".", 1)
    if base.startswith("model.layers."):
        index, part = base.removeprefix("model.layers.").split(".", 1)
        return f"blk.{index}.{NAMES[part]}.{kind}"
    return f"{NAMES[base]}.{kind}"


def llama3_factors(parameters, dimension):
    factors = []
    for index in range(0, dimension, 2):
        frequency = 1 / parameters["rope_theta"] ** (index / dimension)
        wavelength = 2 * math.pi / frequency
        original, low, high = (parameters[key] for key in
                               ("original_max_position_embeddings", "low_freq_factor", "high_freq_factor"))
        if wavelength < original / high:
            factors.append(1)
        elif wavelength > original / low:
            factors.append(parameters["factor"])
        else:
            smooth = (original / wavelength - low) / (high - low)
            factors.append(1 / ((1 - smooth) / parameters["factor"] + smooth))
    return np.array(factors, dtype=np.float32)


def write_gguf(path, family, model, codes, tokenizer, kind):
    config = model.config
    arch = {"mistral": "llama"}.get(family, family)
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    rope = config.rope_parameters
    writer = gguf.GGUFWriter(path, arch)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(rope["rope_theta"])
    writer.add_rope_dimension_count(int(head_dim * rope.get("partial_rotary_factor", 1)))
    if head_dim * config.num_attention_heads != config.hidden_size:
        writer.add_key_length(head_dim)
        writer.add_value_length(head_dim)
    if family in ("mistral", "phi3"):
        writer.add_sliding_window(config.sliding_window)
    if rope["rope_type"] == "llama3":
        writer.add_tensor("rope_freqs.weight", llama3_factors(rope, head_dim))
    if rope["rope_type"] == "longrope":
        original = rope["original_max_position_embeddings"]
        factor = config.max_position_embeddings / original
        writer.add_rope_scaling_orig_ctx_len(original)
        writer.add_rope_scaling_attn_factors(math.sqrt(1 + math.log(factor) / math.log(original)))
        writer.add_tensor("rope_factors_short.weight", np.array(rope["short_factor"], dtype=np.float32))
        writer.add_tensor("rope_factors_long.weight", np.array(rope["long_factor"], dtype=np.float32))
    content = json.loads(tokenizer.to_str())
    added = {token["id"]: token for token in content["added_tokens"]}
    tokens = [tokenizer.id_to_token(id) for id in range(tokenizer.get_vocab_size())]
    is_bytes = kind in ("llama3", "qwen")
    writer.add_tokenizer_model("gpt2" if is_bytes else "llama")
    writer.add_tokenizer_pre({"llama3": "llama-bpe", "qwen": "qwen2"}.get(kind, "default"))
    writer.add_token_list(tokens)
    types = [3 if id in added else 6 if not is_bytes and token.startswith("<0x") else 1
             for id, token in enumerate(tokens)]
    if is_bytes:
        writer.add_token_merges([" ".join(merge) for merge in content["model"]["merges"]])
    else:
        types[0] = 2
        writer.add_token_scores([-float(max(0, id - 258)) for id in range(len(tokens))])
    writer.add_token_types(types)
    settings, ends = SETTINGS[kind]
    writer.add_eos_token_id(tokenizer.token_to_id(ends[-1] if kind == "llama3" else ends[0]))
    for name, parameter in model.named_parameters():
        heads = config.num_attention_heads if ".q_proj." in name else config.num_key_value_heads
        turns = arch == "llama" and (".q_proj." in name or ".k_proj." in name)
        if name in codes:
            whole, scale = codes[name]
            whole = permuted(whole, heads) if turns else whole
            blocks = whole.reshape(whole.shape[0], -1, 32).view(np.uint8)
            scales = np.full(blocks.shape[:2] + (1,), scale, dtype=np.float16).view(np.uint8)
            rows = np.concatenate([scales, blocks], axis=-1).reshape(whole.shape[0], -1)
            writer.add_tensor(gguf_name(name), rows, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
        else:
            values = parameter.detach().numpy()
            writer.add_tensor(gguf_name(name), permuted(values, heads) if turns else values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    expected, texts = {}, {}
    for seed, (family, (make, kind, element, keys)) in enumerate(FAMILIES.items(), start=21):
        tokenizer = tokenizer_of(kind)
        config = make(vocab_size=tokenizer.get_vocab_size(), attn_implementation="eager", pad_token_id=None,
                      bos_token_id=None, eos_token_id=None, **(SMALL | keys))
        model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
        codes = exact_weights(model, seed)
        prompt = np.random.default_rng(100 + seed).integers(0, config.vocab_size, TOKENS).tolist()
        expected[family] = {"base": family, "config": {}} | evaluate(model, prompt)
        write_gguf(OUT / f"{family}.gguf", family, model, codes, tokenizer, kind)
        folder = OUT / family
        stored = transformers.AutoModelForCausalLM.from_config(config, dtype=element)
        stored.load_state_dict(model.state_dict())
        stored.generation_config = transformers.GenerationConfig(
            eos_token_id=[tokenizer.token_to_id(text) for text in SETTINGS[kind][1]])
        stored.save_pretrained(folder, max_shard_size="60KB" if family in ("llama", "phi3") else "5GB")
        tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
        (folder / "tokenizer_config.json").write_text(json.dumps(SETTINGS[kind][0]))
        for name, (base, changes) in VARIANTS.items():
            if base != family:
                continue
            values = json.loads((folder / "config.json").read_text()) | changes
            other = make.from_dict(values)
            other._attn_implementation = "eager"
            changed = transformers.AutoModelForCausalLM.from_config(other, dtype=torch.float32).eval()
            changed.load_state_dict(model.state_dict())
            expected[name] = {"base": family, "config": changes} | evaluate(changed, prompt)
    (OUT / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")
    for kind in ("llama3", "qwen", "sentencepiece", "phi", "smollm", "gpt2", "metaspace"):
        tokenizer = tokenizer_of(kind)
        home = next((family for family, entry in FAMILIES.items() if entry[1] == kind), None)
        rows = [{"text": text, "ids": tokenizer.encode(text, add_special_tokens=False).ids} for text in TEXTS]
        for row in rows:
            row["decoded"] = tokenizer.decode(row["ids"], skip_special_tokens=False)
        texts[kind] = {"family": home, "rows": rows}
        if kind in ("qwen", "phi"):
            fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **SETTINGS[kind][0])
            texts[kind]["chat"] = fast.apply_chat_template(CHAT, tokenize=False, add_generation_prompt=True)
            texts[kind]["chat_ids"] = fast.encode(texts[kind]["chat"], add_special_tokens=False)
        if home is None:
            texts[kind]["file"] = json.loads(tokenizer.to_str())
    (OUT / "tokenizers.json").write_text(json.dumps(texts, separators=(",", ":")) + "\n")
    for name, record in expected.items():
        print(f"{name:18} gap {record['gap']:.4f} greedy {record['greedy']}")


main()
