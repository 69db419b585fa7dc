"""quant_subset.safetensors: the part of golden/quant.safetensors that the suite carries with it.

python3 quant_subset.py GOLDEN_FOLDER. Head 0 of the random input for KIVI and for GEAR's keys; all heads for GEAR's
values, whose outliers are sought over all of them.
"""
import json, struct, sys
from pathlib import Path

data = (Path(sys.argv[1]) / "quant.safetensors").read_bytes()
size = struct.unpack("<Q", data[:8])[0]
header = json.loads(data[8 : 8 + size])
body = data[8 + size :]
ALL = ["rand.v", "rand.gear2.v_hat", "rand.gear2.v_p0"]
HEAD = ["rand.k", "rand.gear2.k_hat", "rand.gear2.k_p0"] + [
    f"rand.kivi2.{name}"
    for name in "k_codes k_scale k_min k_packed v_codes v_scale v_min v_packed".split()
]
QUERIES = ["rand.q", "rand.kivi2.attn_out", "rand.gear2.attn_out", "rand.exact.attn_out"]
out, blob = {}, b""
for name in ALL + HEAD + QUERIES:
    entry = header[name]
    start, end = entry["data_offsets"]
    shape = list(entry["shape"])
    part = body[start:end]
    if name not in ALL:
        kept = 3 if name in QUERIES else 1
        part = part[: len(part) // shape[0] * kept]
        shape[0] = kept
    out[name] = {"dtype": entry["dtype"], "shape": shape, "data_offsets": [len(blob), len(blob) + len(part)]}
    blob += part
text = json.dumps(out).encode()
text += b" " * (-len(text) % 8)
Path(__file__).with_name("quant_subset.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + blob)
