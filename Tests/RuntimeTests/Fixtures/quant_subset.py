"""quant_subset.safetensors: the part of golden/quant.safetensors that the suite carries with it.

python3 quant_subset.py GOLDEN_FOLDER. Head 0 of the random input for KIVI, for GEAR's keys, for QuaRot, for QJL and for
KVQuant's keys; all heads for GEAR's and KVQuant's values, whose outliers are sought over all of them.
"""
import json, struct, sys
from pathlib import Path

data = (Path(sys.argv[1]) / "quant.safetensors").read_bytes()
size = struct.unpack("<Q", data[:8])[0]
header = json.loads(data[8 : 8 + size])
body = data[8 + size :]
ALL = ["rand.v", "rand.gear2.v_hat", "rand.gear2.v_p0", "rand.qjl.projection"] + [
    f"rand.kvquant_{name}"
    for name in "nuq3_1pct.lut nuq3_1pct.thr_upper nuq3_1pct.thr_lower int4_1pct.v_outlier int4_1pct.v_hat".split()
]
HEAD = ["rand.k", "rand.gear2.k_hat", "rand.gear2.k_p0"] + [
    f"rand.kivi2.{name}"
    for name in "k_codes k_scale k_min k_packed v_codes v_scale v_min v_packed".split()
] + [
    f"rand.{method}.{name}"
    for method in ("quarot4", "quarot4_sym")
    for name in "k_codes k_scale k_zero k_hat v_codes v_scale v_zero v_hat".split()
] + [f"rand.qjl.{name}" for name in "outlier_channels hash_inlier hash_outlier".split()] + [
    f"rand.kvquant_{name}"
    for name in "nuq3_1pct.k_outlier nuq3_1pct.k_hat int3.k_hat int4_1pct.k_outlier int4_1pct.k_hat".split()
]
QUERIES = ["rand.q"] + [
    f"rand.{name}"
    for name in "kivi2.attn_out gear2.attn_out exact.attn_out quarot4.attn_out quarot4_sym.attn_out qjl.score".split()
]
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
