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
for name in ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"]:
    kind = GGMLQuantizationType[name]
    elements, size = GGML_QUANT_SIZES[kind]
    blocks = 3 if elements > 1 else 24
    raw = random.integers(0, 256, blocks * size, dtype=np.uint8)
    if elements == 32:  # finite half scales: clear the top exponent bit
        for block in range(blocks):
            for half in range(2 if name.endswith("_1") else 1):
                raw[block * size + 2 * half + 1] &= 0xBF
    if elements == 1:  # no infinity or NaN
        raw[size - 1 :: size] &= 0xBF
    floats = dequantize(raw, kind).astype(np.float32).reshape(-1)
    rows.append({"type": name, "bytes": raw.tobytes().hex(), "bits": [int(x) for x in floats.view(np.uint32)]})
print(json.dumps(rows, separators=(",", ":")))
