"""sentencepiece.gguf, sentencepiece_plain.gguf and sentencepiece.json: two small SentencePiece models and the ids that
the sentencepiece package gives for texts of many kinds.

    pip install sentencepiece==0.2.3 gguf==0.19.0 && python sentencepiece.py

The first model has tokens for bytes and puts a space before a text, as Llama 2's; the second does neither.
"""
import io
import json
import os
import random
import sys

# The script has the package's name.
sys.path = [p for p in sys.path if os.path.abspath(p or ".") != os.path.dirname(os.path.abspath(__file__))]
import gguf  # noqa: E402
import sentencepiece  # noqa: E402

FOLDER = os.path.dirname(os.path.abspath(__file__))
rows = [json.loads(line) for line in open(os.path.join(FOLDER, "tokenizer.jsonl"), encoding="utf-8")]
corpus = [line for row in rows for line in row["text"].split("\n") if line.strip()] * 3


def train(**options):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus), model_writer=model, model_type="bpe", normalization_rule_name="identity",
        remove_extra_whitespaces=False, allow_whitespace_only_pieces=True, num_threads=1, minloglevel=2, **options)
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


def write(model, path, prefix):
    writer = gguf.GGUFWriter(path, "llama")
    tokens, scores, kinds = [], [], []
    for i in range(model.vocab_size()):
        tokens.append(model.id_to_piece(i).encode())
        scores.append(model.get_score(i))
        kind = gguf.TokenType.NORMAL
        if model.is_unknown(i):
            kind = gguf.TokenType.UNKNOWN
        elif model.is_control(i):
            kind = gguf.TokenType.CONTROL
        elif model.is_byte(i):
            kind = gguf.TokenType.BYTE
        elif model.id_to_piece(i) in USER:
            kind = gguf.TokenType.USER_DEFINED
        kinds.append(kind)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(kinds)
    writer.add_bos_token_id(model.bos_id())
    writer.add_eos_token_id(model.eos_id())
    writer.add_unk_token_id(model.unk_id())
    writer.add_add_space_prefix(prefix)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


USER = ["<u>", "[TOOL]"]
bytes_model = train(
    vocab_size=1400, byte_fallback=True, character_coverage=0.985, split_digits=True, user_defined_symbols=USER,
    control_symbols=["<|im_start|>"])
plain_model = train(vocab_size=500, byte_fallback=False, character_coverage=0.98, add_dummy_prefix=False)
write(bytes_model, os.path.join(FOLDER, "sentencepiece.gguf"), True)
write(plain_model, os.path.join(FOLDER, "sentencepiece_plain.gguf"), False)

texts = [row["text"] for row in rows if len(row["text"]) < 600]
texts += [
    "", " ", "  ", "   a", "a ", "\n", "\n\n  \n", "\t\tx", "a\u00a0b", "\u3000", "\u2581", "a\u2581b", "\u2581\u2581",
    "Hello world", " Hello world", "  Hello", "hello<u>", "x [TOOL]", "<u", "[TOOL", "<s>", "</s>", "<0x41>", "<unk>",
    "1234567890", "3.14159", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "ababababab", "the the the", "don't", "DON'T",
    "日本語のテキスト", "中文字符", "한국어 문장", "Привет, мир!", "Γειά σου Κόσμε", "שלום עולם", "مرحبا بالعالم", "हिन्दी",
    "ไทย", "😀", "👩‍👩‍👧‍👦 family", "🇩🇪🇫🇷", "e\u0301 vs \u00e9", "\u200b\ufeff", "\x01\x02\x7f", "a\u0000b", "\U0010fffd",
    "naïve façade", "def f(x):\n    return x ** 2\n", "{\"a\": [1, 2, 3]}", "https://example.org/?q=1&r=%20",
]
letters = random.Random(3)
pool = "aábcdeeinorst  \n\t.,12√漢語😀éÄß\u2581" + "".join(t for t in ["the", "ing", "tion", " the"])
texts += ["".join(letters.choice(pool) for _ in range(letters.randint(1, 60))) for _ in range(120)]
out = [
    {
        "text": text,
        "ids": bytes_model.encode(text),
        "decoded": bytes_model.decode(bytes_model.encode(text)),
        "plain": plain_model.encode(text),
    }
    for text in texts
]
with open(os.path.join(FOLDER, "sentencepiece.json"), "w", encoding="utf-8") as file:
    json.dump(out, file, ensure_ascii=True, separators=(",", ":"))
