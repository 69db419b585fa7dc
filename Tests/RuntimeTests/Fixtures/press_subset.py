"""press_subset.jsonl and press_prompts.jsonl: the part of golden/press.jsonl that the suite carries with it.

python3 press_subset.py GOLDEN_FOLDER. The shortest prompt, 70 % removed, the methods that kvsh has.
"""
import json, sys
from pathlib import Path

golden, here = Path(sys.argv[1]), Path(__file__).parent
METHODS = {"knorm", "snapkv", "tova", "pyramidkv", "expected_attention", "keydiff", "adakv_snapkv", "streaming_llm"}
FIELDS = "prompt press ratio n kept gap first_token top_ids top_logprobs greedy greedy_gap".split()
with open(here / "press_subset.jsonl", "w") as out:
    for line in open(golden / "press.jsonl"):
        row = json.loads(line)
        if row["prompt"] == 0 and row["ratio"] == 0.7 and row["press"] in METHODS:
            out.write(json.dumps({k: row[k] for k in FIELDS if k in row}) + "\n")
with open(here / "press_prompts.jsonl", "w") as out:
    row = json.loads(open(golden / "press_prompts.jsonl").readline())
    out.write(json.dumps({"id": row["id"], "ids": row["ids"]}) + "\n")
