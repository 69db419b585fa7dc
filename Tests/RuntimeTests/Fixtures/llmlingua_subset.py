"""Cuts three rows out of golden/llmlingua.jsonl: python3 llmlingua_subset.py GOLDEN/llmlingua.jsonl > llmlingua_subset.jsonl"""

import json
import sys

KEPT = {("single0", 0.5): None, ("single2", 0.3): None, ("docs0", None): ("id", "docs", "ppl_none")}

for line in open(sys.argv[1], encoding="ascii"):
    row = json.loads(line)
    key = (row["id"], row.get("rate"))
    if key in KEPT:
        names = KEPT[key] or ("id", "rate", "text", "compressed_ids")
        print(json.dumps({name: row[name] for name in names}, separators=(",", ":")))
