"""gguf_dequantise.json: random blocks of every supported type and the floats the gguf package makes of them.

    pip install gguf==0.19.0 && python gguf_dequantise.py > gguf_dequantise.json
"""
import json

import numpy as np
from gguf import GGMLQuantizationType
from gguf.constants import GGML_QUANT_SIZES
from gguf.quants import dequantize

random = np.random.default_rng(7)
rows = []
NAMES = ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"]
NAMES += ["Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL"]
HALVES = {"Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}
for name in NAMES:
    kind = GGMLQuantizationType[name]
    elements, size = GGML_QUANT_SIZES[kind]
    blocks = 3 if elements > 1 else 24
    if elements == 256:
        blocks = 2
    raw = random.integers(0, 256, blocks * size, dtype=np.uint8)
    if elements == 32:  # finite half scales: clear the top exponent bit
        for block in range(blocks):
            for half in range(2 if name.endswith("_1") else 1):
                raw[block * size + 2 * half + 1] &= 0xBF
    for offset in HALVES.get(name, []):
        raw[offset + 1 :: size] &= 0xBF
    if elements == 1:  # no infinity or NaN
        raw[size - 1 :: size] &= 0xBF
    floats = dequantize(raw, kind).astype(np.float32).reshape(-1)
    rows.append({"type": name, "bytes": raw.tobytes().hex(), "bits": [int(x) for x in floats.view(np.uint32)]})
print(json.dumps(rows, separators=(",", ":")))
