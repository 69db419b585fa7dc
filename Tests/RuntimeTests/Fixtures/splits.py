"""splits.json: how the published split expressions cut hard strings, by the `regex` package.

    pip install regex && python splits.py > splits.json

Each rule is a list of expressions; every one is run inside the pieces of the one before, and what lies between its
matches is kept as a piece too (llama.cpp's unicode_regex_split, and the Sequence of the tokenizers library). \\s is
written as \\p{White_Space}, which is what the libraries that models are trained with mean by it.
"""
import json
import random

import regex

SPACE = r"\p{White_Space}"
NOT_SPACE = r"\P{White_Space}"
GPT2 = rf"'s|'t|'re|'ve|'m|'ll|'d| ?\p{{L}}+| ?\p{{N}}+| ?[^{SPACE}\p{{L}}\p{{N}}]+|{SPACE}+(?!{NOT_SPACE})|{SPACE}+"
LLAMA = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|DIGITS"
    rf"| ?[^{SPACE}\p{{L}}\p{{N}}]+[\r\n]*|{SPACE}*[\r\n]+|{SPACE}+(?!{NOT_SPACE})|{SPACE}+"
)
RULES = {
    "gpt-2": [GPT2],
    "smollm": [r"\p{N}", GPT2],
    "llama-bpe": [LLAMA.replace("DIGITS", r"\p{N}{1,3}")],
    "qwen2": [LLAMA.replace("DIGITS", r"\p{N}")],
    "default": [r"[\p{P}$+<=>^~|]+", GPT2, r"\p{N}+", r"[0-9][0-9][0-9]"],
}
HAND = [
    "", " ", "  ", "   x", "\n", "\r\n", "\r\n\r\n x", " \n ", "  \n\n  y", "\t\tz", "a \t b", "a  b   c", "trailing  ",
    "don't", "DON'T", "I'LL we'Ve", "'s's", " 's", "''s", "'", "'l", "'r", "'re", "'\u017f \u017f", "x'\u017fy", "'K",
    "1", "12", "123", "1234", "1234567", " 1234 ", "a1b22c333", "1,000.00", "\u0661\u0662\u0663\u0664", "\u00bd\u00b2\u2168",
    "!!!", " !!!\n\n", "!\r\nx", " ?\n x", "a\u00a0b", "\u00a0\u00a0b", "\u3000\u3000", "\u2028x", "\x85y", "\x1c\x1f",
    "e\u0301te\u0301", "\u0301a", " \u0301a", "\u200bword", "\u200d", "\U0001f600x", " \U0001f468\u200d\U0001f469",
    "\u4f60\u597d\uff0c\u4e16\u754c\u3002", "\u3053\u3093123", "\u0928\u092e\u0938\u094d\u0924\u0947", "_a__b", "$a+b<c>d^e~f|g",
    "f(x) = x**2;\n\treturn\n", "https://a.b/c?d=e", "\u2019s it\u2019s", "\x00\x01a", "\ufffd", "\U00020000\U0002a6d6", "\u01c5\u02b0\u00aa",
]
POOLS = [
    "abcXYZ", "0123456789", " \t\n\r\u00a0\u3000\u2003\x85\x0b", " ", "\n", "'", "stmdSTMDrevlRVL\u017f", ".,;:!?\"()<>|/$+=^~_-@#",
    "\u00e9\u00df\u4e2d\u6587\u0430\u0411\u0627\u0301\u0308\u200d", "\U0001f600\U0001f44d\U0001f3fd\u2764", "\u0663\uff15\u00bd\u2082\u2167\U0001d7d8",
]


def split(text, expressions):
    pieces = [text] if text else []
    for expression in expressions:
        cut = []
        for piece in pieces:
            at = 0
            for match in regex.finditer(expression, piece):
                cut += [piece[at : match.start()], match.group()]
                at = match.end()
            cut.append(piece[at:])
        pieces = [piece for piece in cut if piece]
    return pieces


random.seed(11)
texts = list(HAND)
while len(texts) < 300:
    texts.append("".join(random.choice(random.choice(POOLS)) for _ in range(random.randint(2, 24))))
rows = []
for text in texts:
    row = {"text": text}
    for name, expressions in RULES.items():
        pieces = split(text, expressions)
        assert "".join(pieces) == text
        row[name] = [len(piece.encode()) for piece in pieces]  # lengths in bytes
    rows.append(row)
print("[" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "]")
