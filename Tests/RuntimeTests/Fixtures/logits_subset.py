"""Cuts three prompts out of golden/logits.jsonl: python3 logits_subset.py GOLDEN/logits.jsonl > logits_subset.jsonl"""

import json
import sys

KEPT = {0, 3, 4}

for line in open(sys.argv[1], encoding="ascii"):
    row = json.loads(line)
    if row["id"] in KEPT:
        for name in ("text", "greedy_text", "greedy_logprobs"):
            del row[name]
        print(json.dumps(row, separators=(",", ":")))
